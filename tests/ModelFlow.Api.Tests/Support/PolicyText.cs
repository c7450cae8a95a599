namespace ModelFlow.Api.Tests.Support;

/// <summary>A policy that is valid and says as little as possible.</summary>
public static class PolicyText
{
    public const string Minimal = """
        smoke:
          dataset:
            path: digits/golden.jsonl
            sha256: 0000000000000000000000000000000000000000000000000000000000000000
        evaluation:
          dataset:
            path: digits/eval.jsonl
            sha256: 0000000000000000000000000000000000000000000000000000000000000000
        """;
}
