using ModelFlow.Pages.Tests.Support;

namespace ModelFlow.Pages.Tests;

/// <summary>The main views, by a short name and their address.</summary>
public static class Views
{
    public static TheoryData<string, string> All { get; } = new()
    {
        { "models", "models" },
        { "model", "models/digits" },
        { "version", "models/digits/versions/v1.1.0-mlp" },
        { "compare", "models/digits/compare?a=v1.0.0-base&b=v1.1.0-mlp" },
        { "releases", "releases" },
        { "release", "releases/" + RunningProduct.Ramped },
        { "refused", "releases/" + RunningProduct.Refused },
        { "approvals", "approvals" },
        { "decision", "approvals/" + RunningProduct.Waiting },
        { "audit", "audit/digits" },
        { "retention", "retention" },
    };
}
