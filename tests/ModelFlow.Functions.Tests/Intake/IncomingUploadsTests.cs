using ModelFlow.Functions.Intake;

namespace ModelFlow.Functions.Tests.Intake;

public sealed class IncomingUploadsTests
{
    [Theory]
    [InlineData("digits/v1.0.0-base/manifest.json", true)]
    [InlineData("digits/v1.0.0-base.onnx", true)]
    [InlineData("digits/v1.0.0-base/model.onnx", false)]
    [InlineData("digits/v1.0.0-base/weights/manifest.json", false)]
    [InlineData("readme.txt", false)]
    public void MayComplete_onlyWhatCompletesAnUpload(string name, bool may) => Assert.Equal(may, IncomingUploads.MayComplete(name));
}
