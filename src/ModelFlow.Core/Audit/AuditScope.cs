using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Audit;

/// <summary>The chains of the audit log: one for each model, and one for what belongs to none.</summary>
public static class AuditScope
{
    /// <summary>Tokens, the default policy, data sets, freezes of more than one model, rebuilt lists.</summary>
    public const string System = "_system";

    /// <summary>The chain of one model, for example <c>model:digits</c>.</summary>
    public static string Of(ModelName model) => $"model:{model}";

    /// <summary>What the name of a release's chain begins with, among audit scopes in anchors and exports.</summary>
    public const string ReleasePrefix = "release:";

    /// <summary>The name of the chain of a release's events, for example <c>release:digits-v1.0.0-1</c>.</summary>
    public static string Of(ReleaseId release) => $"{ReleasePrefix}{release}";

    /// <summary>The chain of <paramref name="model"/>, or <see cref="System"/> for null.</summary>
    public static string Of(ModelName? model) => model is { } name ? Of(name) : System;
}
