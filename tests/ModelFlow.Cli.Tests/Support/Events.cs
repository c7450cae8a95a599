namespace ModelFlow.Cli.Tests.Support;

/// <summary>Release events as a host sends them.</summary>
internal static class Events
{
    public static string Ended(int seq, string outcome) => Of(seq, "ended", "ended", "It is over.", $$"""{"outcome":"{{outcome}}"}""");

    public static string Of(int seq, string kind, string stage, string message, string data = "{}", string by = "modelflow") =>
        $$"""{"seq":{{seq}},"kind":"{{kind}}","at":"2026-11-23T14:29:{{seq:00}}+00:00","by":"{{by}}","stage":"{{stage}}","message":"{{message}}","data":{{data}},"previousHash":"","hash":""}""";

    public static string Streamed(string kind, int seq, string json) => $"event: {kind}\ndata: {json}\nid: {seq}\n\n";

    public static string Page(int next, bool ended, params string[] events) =>
        $$"""{"items":[{{string.Join(",", events)}}],"next":{{next}},"ended":{{(ended ? "true" : "false")}}}""";
}
