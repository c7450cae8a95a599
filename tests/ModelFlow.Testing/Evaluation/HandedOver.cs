using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Evaluation.Remote;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;
using ModelFlow.Testing.InMemory;

namespace ModelFlow.Testing.Evaluation;

/// <summary>A job to be evaluated elsewhere, its handover in memory under a clock of the test, and the test in the agent's place.</summary>
public sealed class HandedOver
{
    private static readonly byte[] Model = "the model"u8.ToArray();
    private static readonly byte[] Rows = "a,b\n1,2\n"u8.ToArray();

    /// <summary>With the inputs in place.</summary>
    public HandedOver()
    {
        Handover = new InMemoryEvaluationHandover(Blobs, Time);
        Reports = new InMemoryReportStore(Blobs);
        Blobs.Put("models/digits/v1.0.0/model.onnx", Model);
        Blobs.Put("datasets/digits/rows.csv", Rows);
    }

    /// <summary>The image of the tests, by its digest.</summary>
    public static string Image { get; } = $"registry.example/evaluator@{Sha256Digest.Of("image")}";

    /// <summary>The job.</summary>
    public static EvaluationJob Job { get; } = new()
    {
        Id = "digits-v1.0.0-1-3",
        Release = ReleaseId.Parse("digits-v1.0.0-1"),
        Mode = EvaluationMode.Smoke,
        Version = new VersionRecord { Manifest = Samples.Manifest(ModelName.Parse("digits"), VersionName.Parse("v1.0.0"), Model), Digest = Sha256Digest.Of("manifest"), RegisteredAt = Samples.Now },
        Dataset = new DatasetReference("digits/rows.csv", Sha256Digest.Of(Rows)),
        TimeLimit = TimeSpan.FromMinutes(10),
    };

    /// <summary>The clock.</summary>
    public FakeTimeProvider Time { get; } = new(Samples.Now);

    /// <summary>All blobs.</summary>
    public InMemoryBlobs Blobs { get; } = new();

    /// <summary>The handover.</summary>
    public InMemoryEvaluationHandover Handover { get; }

    /// <summary>The release's reports.</summary>
    public InMemoryReportStore Reports { get; }

    /// <summary>Claims the job for a start; again: renews it.</summary>
    public void Claim(int start)
    {
        var path = $"jobs/{Job.Id}/claim.json";
        var there = Blobs.Find(path)?.Content;
        Handover.Put(Handover.Describe(Job.Id, start).Claim, JsonSerializer.SerializeToUtf8Bytes(new RemoteClaim(start, $"agent-{start}", 0), CoreJson.Options), there);
    }

    /// <summary>Puts a start's log and outcome.</summary>
    public void Answer(int start, Func<RemoteOutcome, RemoteOutcome>? change = null)
    {
        var outputs = Handover.Describe(Job.Id, start).Outputs;
        var outcome = new RemoteOutcome { Job = Job.Id, Start = start, End = RemoteEnd.Answered, Result = EvaluatorResult.Completed("fine") };
        Handover.Put(outputs.Log, "said"u8.ToArray());
        Handover.Put(outputs.Outcome, JsonSerializer.SerializeToUtf8Bytes(change?.Invoke(outcome) ?? outcome, CoreJson.Options));
    }

    /// <summary>A kept report as text; null if there is none.</summary>
    public string? Report(string name) => Blobs.Find($"reports/{Job.Release}/{name}") is { } blob ? System.Text.Encoding.UTF8.GetString(blob.Content) : null;
}
