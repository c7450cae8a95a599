namespace ModelFlow.Benchmarks.Analysis.Rivals;

/// <summary>The rules' names in tables and plots.</summary>
internal static class Rules
{
    public const string Ours = "ModelFlow";
    public const string Flagger = "Flagger, as documented";
    public const string FlaggerTuned5 = "Flagger, tuned, 5 failed checks";
    public const string FlaggerTuned1 = "Flagger, tuned, 1 failed check";
    public const string Kayenta = "Kayenta, defaults";
    public const string KayentaTuned = "Kayenta, tuned";
}
