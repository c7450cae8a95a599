using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Audit;

/// <summary>The chains of the audit log: one for each model, and one for what belongs to none.</summary>
public static class AuditScope
{
    /// <summary>Tokens, the default policy, data sets, freezes of more than one model. No model can have this name.</summary>
    public const string System = "_system";

    /// <summary>The chain of one model.</summary>
    public static string Of(ModelName model) => model.Value;

    /// <summary>The chain of <paramref name="model"/>, or <see cref="System"/> for null.</summary>
    public static string Of(ModelName? model) => model?.Value ?? System;
}
