using System.Text.Json.Serialization;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Catalog;

/// <summary>A version on the model servers.</summary>
public sealed record Deployment
{
    /// <summary>The model.</summary>
    public required ModelName Model { get; init; }

    /// <summary>The version, or the name of a fresh instance of one.</summary>
    public required VersionName Version { get; init; }

    /// <summary>The version whose files a fresh instance has; null for a version itself.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public VersionName? InstanceOf { get; init; }

    /// <summary>The base addresses of its replicas.</summary>
    public required IReadOnlyList<Uri> Endpoints { get; init; }

    /// <summary>What its servers call it in the bodies of OpenAI's API; null for the version's name.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ServedModel { get; init; }

    /// <summary>When it was loaded.</summary>
    public required DateTimeOffset LoadedAt { get; init; }

    /// <summary>How long it took to load: the estimate for loading it again.</summary>
    public required TimeSpan LoadTime { get; init; }

    /// <summary>Whether it is loaded now.</summary>
    public required bool Loaded { get; init; }

    /// <summary>After this it may be unloaded if no route names it; null while it is in use.</summary>
    public DateTimeOffset? KeepUntil { get; init; }

    /// <summary>The legal hold on its files; null when ModelFlow has set none, or lifted it again.</summary>
    public VersionHold? Hold { get; init; }
}
