using System.Net;
using System.Text;
using ModelFlow.Serving.Tests.Support;

namespace ModelFlow.Serving.Tests.Http;

public sealed class MalformedRequestTests(DigitsServer fixture) : IClassFixture<DigitsServer>
{
    // Each row: the field that the answer must name, and the body; § is 64 pixels, §- is 63, @ is a good input without its closing brace.
    public static TheoryData<string, string> Bodies => new()
    {
        { "body", "" },
        { "body", "null" },
        { "body", "[]" },
        { "body", "{" },
        { "body", "{\"inputs\":[]} x" },
        { "body", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,64],\"datatype\":\"FP32\",\"data\":[§" },
        { "body", "{\"id\":\"\\uD800\",\"inputs\":[]}" },
        { "body", "{\"x\":" + new string('[', 100) + new string(']', 100) + "}" },
        { "id", "{\"id\":7,\"inputs\":[]}" },
        { "id", "{\"id\":\"1\",\"id\":\"1\"}" },
        { "id", "{\"id\":\"" + new string('x', 1_025) + "\"}" },
        { "inputs", "{}" },
        { "inputs", "{\"inputs\":[]}" },
        { "inputs", "{\"inputs\":{}}" },
        { "inputs", "{\"inputs\":[@}],\"inputs\":[]}" },
        { "inputs[0]", "{\"inputs\":[7]}" },
        { "inputs[0].name", "{\"inputs\":[{\"name\":7}]}" },
        { "inputs[0].name", "{\"inputs\":[{\"name\":\"image\"}]}" },
        { "inputs[0].name", "{\"inputs\":[{\"shape\":[1,64],\"datatype\":\"FP32\",\"data\":[§]}]}" },
        { "inputs[0].name", "{\"inputs\":[{\"name\":\"pixels\",\"name\":\"pixels\"}]}" },
        { "inputs[1].name", "{\"inputs\":[@},@}]}" },
        { "inputs[0].datatype", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,64],\"data\":[§]}]}" },
        { "inputs[0].datatype", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,64],\"datatype\":\"FP64\",\"data\":[§]}]}" },
        { "inputs[0].datatype", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,64],\"datatype\":\"float\",\"data\":[§]}]}" },
        { "inputs[0].datatype", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,64],\"datatype\":null,\"data\":[§]}]}" },
        { "inputs[0].datatype", "{\"inputs\":[@,\"datatype\":\"FP32\"}]}" },
        { "inputs[0].shape", "{\"inputs\":[{\"name\":\"pixels\",\"datatype\":\"FP32\",\"data\":[§]}]}" },
        { "inputs[0].shape", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":64,\"datatype\":\"FP32\",\"data\":[§]}]}" },
        { "inputs[0].shape", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[64],\"datatype\":\"FP32\",\"data\":[§]}]}" },
        { "inputs[0].shape", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,8,8],\"datatype\":\"FP32\",\"data\":[§]}]}" },
        { "inputs[0].shape", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,63],\"datatype\":\"FP32\",\"data\":[§]}]}" },
        { "inputs[0].shape", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],\"datatype\":\"FP32\",\"data\":[§]}]}" },
        { "inputs[0].shape", "{\"inputs\":[@,\"shape\":[1,64]}]}" },
        { "inputs[0].shape[0]", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[0,64],\"datatype\":\"FP32\",\"data\":[]}]}" },
        { "inputs[0].shape[0]", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[-1,64],\"datatype\":\"FP32\",\"data\":[§]}]}" },
        { "inputs[0].shape[1]", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,64.5],\"datatype\":\"FP32\",\"data\":[§]}]}" },
        { "inputs[0].shape[1]", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,\"64\"],\"datatype\":\"FP32\",\"data\":[§]}]}" },
        { "inputs[0].shape[1]", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,99999999999999999999],\"datatype\":\"FP32\",\"data\":[§]}]}" },
        { "inputs[0].data", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,64],\"datatype\":\"FP32\"}]}" },
        { "inputs[0].data", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,64],\"datatype\":\"FP32\",\"data\":7}]}" },
        { "inputs[0].data", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,64],\"datatype\":\"FP32\",\"parameters\":{\"binary_data_size\":256}}]}" },
        { "inputs[0].data", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,64],\"datatype\":\"FP32\",\"data\":[]}]}" },
        { "inputs[0].data", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,64],\"datatype\":\"FP32\",\"data\":[§,1]}]}" },
        { "inputs[0].data", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[2,64],\"datatype\":\"FP32\",\"data\":[§]}]}" },
        { "inputs[0].data", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[4611686018427387904,64],\"datatype\":\"FP32\",\"data\":[§]}]}" },
        { "inputs[0].data", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[9223372036854775807,9223372036854775807],\"datatype\":\"FP32\",\"data\":[§]}]}" },
        { "inputs[0].data", "{\"inputs\":[@,\"data\":[§]}]}" },
        { "inputs[0].data[0]", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,64],\"datatype\":\"FP32\",\"data\":[\"1\",§]}]}" },
        { "inputs[0].data[0]", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,64],\"datatype\":\"FP32\",\"data\":[null,§]}]}" },
        { "inputs[0].data[0]", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,64],\"datatype\":\"FP32\",\"data\":[true,§]}]}" },
        { "inputs[0].data[0]", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,64],\"datatype\":\"FP32\",\"data\":[1e39,§]}]}" },
        { "inputs[0].data[0]", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,64],\"datatype\":\"FP32\",\"data\":[{},§]}]}" },
        { "inputs[0].data[1]", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,64],\"datatype\":\"FP32\",\"data\":[1,[2],§]}]}" },
        { "inputs[0].data[0][63]", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,64],\"datatype\":\"FP32\",\"data\":[[§-]]}]}" },
        { "inputs[0].data[1][0]", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,64],\"datatype\":\"FP32\",\"data\":[[§],[§]]}]}" },
        { "inputs[0].data[1][0]", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[2,64],\"datatype\":\"FP32\",\"data\":[[§,1],[§]]}]}" },
        { "inputs[0].data[1][0]", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[2,64],\"datatype\":\"FP32\",\"data\":[[§],§]}]}" },
        { "inputs[0].data[0][0]", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[2,64],\"datatype\":\"FP32\",\"data\":[[],[§,§]]}]}" },
        { "inputs[0].data[0][0]", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,64],\"datatype\":\"FP32\",\"data\":[[[§]]]}]}" },
        { "inputs[0].data[0][2]", "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,64],\"datatype\":\"FP32\",\"data\":[[1,2,\"3\",§]]}]}" },
        { "outputs", "{\"inputs\":[@}],\"outputs\":{}}" },
        { "outputs[0]", "{\"inputs\":[@}],\"outputs\":[\"label\"]}" },
        { "outputs[0].name", "{\"inputs\":[@}],\"outputs\":[{}]}" },
        { "outputs[1].name", "{\"inputs\":[@}],\"outputs\":[{\"name\":\"label\"},{\"name\":\"lable\"}]}" },
        { "outputs[1].name", "{\"inputs\":[@}],\"outputs\":[{\"name\":\"label\"},{\"name\":\"label\"}]}" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Infer_malformedBody_is400AndNamesTheField(string field, string body)
    {
        var pixels = string.Join(',', Enumerable.Repeat("1", 64));
        var sent = body
            .Replace("@", "{\"name\":\"pixels\",\"shape\":[1,64],\"datatype\":\"FP32\",\"data\":[§]", StringComparison.Ordinal)
            .Replace("§-", pixels[..^2], StringComparison.Ordinal)
            .Replace("§", pixels, StringComparison.Ordinal);

        var answer = await fixture.Server.InferAsync("digits", "v1.1.0-mlp", sent);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.True(string.Equals(field, answer.Field, StringComparison.Ordinal), answer.Error);
        Assert.StartsWith(field + ": ", answer.Error, StringComparison.Ordinal);
        Assert.Equal("v1.1.0-mlp", answer.Version);
    }

    [Fact]
    public async Task Infer_mutatedBody_isAnsweredOrRefusedAndNeverTheServersFailure()
    {
        var random = new Random(7);
        var seeds = new[] { Digits.Request("v1.1.0-mlp", 2), Digits.Request("v1.1.0-mlp", 3, nested: true) };
        var statuses = new Dictionary<HttpStatusCode, int>();
        for (var i = 0; i < 1_000; i++)
        {
            var body = Encoding.UTF8.GetBytes(seeds[i % seeds.Length]);
            for (var change = random.Next(4); change > 0; change--)
            {
                body[random.Next(body.Length)] = (byte)(random.Next(4) == 0 ? random.Next(256) : "0123456789[]{},\"-.e "[random.Next(20)]);
            }

            using var answer = await fixture.Server.Client.PostAsync("/v2/models/digits/versions/v1.1.0-mlp/infer", new ByteArrayContent(body), TestContext.Current.CancellationToken);
            statuses[answer.StatusCode] = statuses.GetValueOrDefault(answer.StatusCode) + 1;
        }

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.BadRequest], statuses.Keys.Order());
        Assert.True(statuses[HttpStatusCode.BadRequest] > 200, $"{statuses[HttpStatusCode.BadRequest]} refused");
    }
}
