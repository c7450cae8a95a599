namespace ModelFlow.Api.Tests.Fuzz;

/// <summary>Texts that programs have stumbled over.</summary>
internal static class HostileValues
{
    public static readonly string[] All =
    [
        "", " ", "a", "digits", "DIGITS", "digits ", "v1.0.0", "v1.0.0-x", "V1.0.0", "v01.0.0", "v1.0.0+b", "latest", "stable", "*", "digits*", "**", "_system", "..", "../..",
        "digits-v1.0.0-1", "digits-v1.0.0-0", "digits-v1.0.0-99999999999", "-1", "0", "1", "9223372036854775807", "9223372036854775808", "1e3", "NaN", "true", "false", "null",
        "2026-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "9999-12-31T23:59:59.9999999+14:00", "0001-01-01T00:00:00-14:00", "0s", "31s", "-5s", "99999999999999999999d", "10675199.02:48:05.4775808",
        "'; DROP TABLE x; --", "' or PartitionKey ne '", "<script>", "${jndi:x}", "%n%s", "a\u0000b", "\uFEFFx", "\uD83D\uDE00", "ß", "ａ", "\u202Etxt", "a/b", "a\\b", "a?b", "a#b", "C:\\x", "eval.csv", "d/eval.csv", "d/eval.jsonl",
        "0000000000000000000000000000000000000000000000000000000000000000", "sha256:00", new('x', 41), new('9', 400), new('a', 5_000),
    ];

    public static string Pick(Random random) => random.Next(10) == 0
        ? new string([.. Enumerable.Range(0, random.Next(30)).Select(_ => (char)random.Next(1, 0xD7FF))])
        : All[random.Next(All.Length)];
}
