using ModelFlow.Core;

namespace ModelFlow.Serving.Tensors;

/// <summary>A request that cannot be served as written. Thrown from deep inside the parsers, and answered with 400 at the edge.</summary>
internal sealed class RequestException(string path, string message) : Exception($"{path}: {message}")
{
    public FieldError Error { get; } = new(path, message);
}
