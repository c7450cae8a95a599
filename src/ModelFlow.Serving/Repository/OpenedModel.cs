namespace ModelFlow.Serving.Repository;

/// <summary>A model that was opened: in the native runtime or, a language model, in its engine; one of the two.</summary>
internal sealed record OpenedModel(OnnxModel? Onnx, TextModel? Text) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        Onnx?.Dispose();
        if (Text is not null)
        {
            await Text.DisposeAsync();
        }
    }
}
