using System.Security.Cryptography;
using System.Text.Json.Nodes;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Testing;

/// <summary>Valid values of the domain, to be varied with <c>with</c>.</summary>
public static class Samples
{
    /// <summary>A fixed time for tests that need any.</summary>
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A private key for anchors, another one in each run.</summary>
    public static readonly string AuditKey = NewAuditKey();

    /// <summary>A new private key for anchors.</summary>
    public static string NewAuditKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Convert.ToBase64String(key.ExportPkcs8PrivateKey());
    }

    /// <summary>A release that is registering.</summary>
    public static ReleaseState State(ReleaseId id) => new()
    {
        Id = id,
        Stage = new Stage.Registering(),
        PolicyDigest = Sha256Digest.Of("policy"),
        StartedBy = "alice",
        StartedAt = Now,
        StageSince = Now,
    };

    /// <summary>A signal.</summary>
    public static Signal Signal(string id, DateTimeOffset? at = null) => new() { Id = id, Kind = SignalKind.Approve, By = "bob", At = at ?? Now };

    /// <summary>Events that follow on <paramref name="before"/>, chained by hash.</summary>
    public static IReadOnlyList<ReleaseEvent> Events(ReleaseState before, int count, string message = "It went on.")
    {
        var events = new List<ReleaseEvent>();
        var hash = before.EventHash;
        for (var i = 1; i <= count; i++)
        {
            var next = HashChain.Next(hash, new JsonObject { ["seq"] = before.EventCount + i, ["message"] = message });
            events.Add(new ReleaseEvent
            {
                Seq = before.EventCount + i,
                Kind = "stageEntered",
                At = Now,
                By = "modelflow",
                Stage = before.Stage.Name,
                Message = message,
                Data = new JsonObject { ["n"] = i },
                PreviousHash = hash,
                Hash = next,
            });
            hash = next;
        }

        return events;
    }

    /// <summary>The state after <paramref name="events"/>.</summary>
    public static ReleaseState After(ReleaseState before, IReadOnlyList<ReleaseEvent> events) => events.Count == 0
        ? before
        : before with { EventCount = events[^1].Seq, EventHash = events[^1].Hash };

    /// <summary>A manifest with one file of the given content.</summary>
    public static Manifest Manifest(ModelName model, VersionName version, ReadOnlySpan<byte> content) => new()
    {
        Model = model,
        Version = version,
        Format = "onnx",
        Files = [new ManifestFile("model.onnx", content.Length, Sha256Digest.Of(content))],
    };

    /// <summary>A registered version.</summary>
    public static VersionRecord Version(ModelName model, VersionName version) => new()
    {
        Manifest = Manifest(model, version, "bytes"u8),
        Digest = Sha256Digest.Of($"{model} {version}"),
        RegisteredAt = Now,
    };

    /// <summary>A model's route.</summary>
    public static Route Route(ModelName model, long generation, string stable = "v1.0.0", string? cause = null) => new()
    {
        Model = model,
        Generation = generation,
        Stable = VersionName.Parse(stable),
        Cause = cause ?? $"test#{generation}",
        At = Now,
    };
}
