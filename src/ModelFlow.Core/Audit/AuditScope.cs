using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Audit;

/// <summary>The chains of the audit log: one for each model, and one for what belongs to none.</summary>
public static class AuditScope
{
    /// <summary>Tokens, the default policy, data sets, freezes of more than one model, rebuilt lists.</summary>
    public const string System = "_system";

    /// <summary>The chain of one model, for example <c>model:digits</c>.</summary>
    public static string Of(ModelName model) => $"model:{model}";

    /// <summary>The chain of <paramref name="model"/>, or <see cref="System"/> for null.</summary>
    public static string Of(ModelName? model) => model is { } name ? Of(name) : System;
}
