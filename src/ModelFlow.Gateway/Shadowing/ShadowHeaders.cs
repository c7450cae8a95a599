namespace ModelFlow.Gateway.Shadowing;

/// <summary>
/// Which headers a mirrored request carries: what describes its body and the answers it accepts, and nothing that says who asked. A list of what is let
/// through, as nobody knows in which headers clients send their secrets.
/// </summary>
internal static class ShadowHeaders
{
    /// <summary>Says to a model server that nobody waits for the answer.</summary>
    public const string Marker = "x-modelflow-shadow";

    private static readonly string[] Always = ["Content-Type", "Content-Encoding", "Content-Language", "Inference-Header-Content-Length", "Accept", "Accept-Language"];

    public static IReadOnlyList<KeyValuePair<string, string>> Of(HttpRequest request, IEnumerable<string> others)
    {
        var headers = new List<KeyValuePair<string, string>>(Always.Length);
        foreach (var name in Always.Concat(others))
        {
            if (request.Headers.TryGetValue(name, out var value) && value.ToString() is { Length: > 0 } text)
            {
                headers.Add(new(name, text));
            }
        }

        return headers;
    }
}
