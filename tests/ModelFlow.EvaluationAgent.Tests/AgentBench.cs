using System.Diagnostics;
using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Evaluation.Remote;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Ports;
using ModelFlow.Storage;
using ModelFlow.Testing;
using ModelFlow.Testing.Azurite;
using ModelFlow.Testing.Product;

namespace ModelFlow.EvaluationAgent.Tests;

/// <summary>A handover on Azurite with the sample models in it, and agents: in this process or as the program that containers run.</summary>
internal sealed class AgentBench : IDisposable
{
    public const string Answer = """printf '{"schema":"modelflow/evaluator-result/v1","status":"completed","summary":"fine"}' > "$MODELFLOW_OUTPUT_DIR/result.json" """;

    private static readonly string Digits = Path.Combine(RepositoryRoot.Find(), "samples", "digits");
    private static int _last;

    private readonly AzuriteFixture _azurite;
    private readonly ServiceProvider _provider;
    private readonly ModelName _model = ModelName.Parse($"digits-{Environment.ProcessId}-{Interlocked.Increment(ref _last)}");

    private AgentBench(AzuriteFixture azurite)
    {
        _azurite = azurite;
        _provider = new ServiceCollection().AddModelFlowStorage(o => o.ConnectionString = azurite.ConnectionString).BuildServiceProvider();
    }

    public IEvaluationHandover Handover => _provider.GetRequiredService<IEvaluationHandover>();

    public string JobId => $"{_model}-v1.1.0-mlp-1-3";

    public string Folder { get; } = Directory.CreateTempSubdirectory("modelflow-agent-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<AgentBench> CreateAsync(AzuriteFixture azurite)
    {
        var bench = new AgentBench(azurite);
        await bench._provider.GetRequiredService<StorageSetup>().EnsureCreatedAsync(Cancel);
        return bench;
    }

    public IReportStore Reports => _provider.GetRequiredService<IReportStore>();

    public async Task<PreparedStart> PrepareAsync(
        int start = 1, EvaluationMode mode = EvaluationMode.Smoke, string version = "v1.1.0-mlp", string? baseline = null, string rows = "golden.csv", TimeSpan? limit = null, int outputMiB = 64)
    {
        var job = await JobAsync(mode, version, baseline, rows, limit);
        var order = new HandoverOrder(job, start, "registry.example/evaluator@sha256:0f", EvaluatorOutputs.Variables(job, 1), TimeSpan.FromHours(1), 1024, outputMiB, null);
        return Assert.IsType<PrepareStart.Prepared>(await Handover.PrepareAsync(order, Cancel)).Start;
    }

    public async Task<EvaluationJob> JobAsync(EvaluationMode mode, string version, string? baseline, string rows, TimeSpan? limit = null)
    {
        var content = await File.ReadAllBytesAsync(Path.Combine(Digits, rows), Cancel);
        await PutAsync("datasets", $"{_model}/{rows}", content);
        var dataset = new DatasetReference($"{_model}/{rows}", Sha256Digest.Of(content));
        return new EvaluationJob
        {
            Id = JobId,
            Release = ReleaseId.Parse($"{_model}-v1.1.0-mlp-1"),
            Mode = mode,
            Version = await VersionAsync(version),
            Baseline = baseline is null ? null : await VersionAsync(baseline),
            Dataset = dataset,
            Policy = mode == EvaluationMode.Evaluate ? new EvaluationPolicy { Dataset = dataset, Gates = new GatePolicy { MaxSliceRecallLoss = 0.05 } } : null,
            TimeLimit = limit ?? TimeSpan.FromMinutes(2),
        };
    }

    public Task PutAsync(string container, string path, byte[] content) =>
        new BlobClient(_azurite.ConnectionString, container, path).UploadAsync(BinaryData.FromBytes(content), overwrite: true, Cancel);

    public Task DamageModelAsync(string version) => PutAsync("models", $"{_model}/{version}/model.onnx", [.. File.ReadAllBytes(Path.Combine(Digits, $"{version}.onnx")).Reverse()]);

    /// <summary>An agent in this process with a shell script for an evaluator.</summary>
    public Task<AgentEnd> RunAsync(PreparedStart start, string script, ClaimTiming? timing = null, HttpMessageHandler? handler = null, CancellationToken? cancellationToken = null) =>
        RunAsync(start, ["/bin/sh", "-c", script], timing, handler, cancellationToken);

    /// <summary>An agent in this process.</summary>
    public async Task<AgentEnd> RunAsync(PreparedStart start, IReadOnlyList<string> command, ClaimTiming? timing = null, HttpMessageHandler? handler = null, CancellationToken? cancellationToken = null)
    {
        using var http = handler is null ? new HttpClient() : new HttpClient(handler);
        var grants = new GrantClient(http, TimeProvider.System) { RetryDelay = TimeSpan.FromMilliseconds(20) };
        return await new AgentRun(new AgentSettings(Folder, command), http, grants, timing ?? ClaimTiming.Default, TimeProvider.System, TextWriter.Null)
            .RunAsync(start.Description, cancellationToken ?? Cancel);
    }

    /// <summary>The agent's program, as a container runs it.</summary>
    public Process Start(PreparedStart start, params string[] command)
    {
        var info = new ProcessStartInfo(Programs.Path("ModelFlow.EvaluationAgent", "modelflow-evaluation-agent"), ["--work", Folder, .. command])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment[RemoteJob.AddressVariable] = start.Description.ToString();
        return Process.Start(info)!;
    }

    public static string Evaluator => Programs.Path("ModelFlow.Evaluator", "modelflow-evaluator");

    public async Task<RemoteOutcome> OutcomeAsync(int start = 1) =>
        RemoteOutcome.TryRead(await Handover.ReadOutcomeAsync(JobId, start, Cancel), out var outcome, out var error) ? outcome : throw new InvalidDataException(error);

    public async Task<byte[]> ReadAsync(RemoteFile file, int start = 1)
    {
        await using var stream = await Handover.OpenAsync(JobId, start, file, Cancel) ?? throw new FileNotFoundException(file.ToString());
        using var buffer = new MemoryStream();
        await stream.CopyToAsync(buffer, Cancel);
        return buffer.ToArray();
    }

    /// <summary>Looks until the state is as it should be.</summary>
    public async Task<HandoverState> UntilAsync(Func<HandoverState, bool> isSo)
    {
        while (true)
        {
            var state = await Handover.LookAsync(JobId, Cancel);
            if (isSo(state))
            {
                return state;
            }
        }
    }

    public void Dispose()
    {
        _provider.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task<VersionRecord> VersionAsync(string name)
    {
        var content = await File.ReadAllBytesAsync(Path.Combine(Digits, $"{name}.onnx"), Cancel);
        var manifest = Samples.Manifest(_model, VersionName.Parse(name), content);
        await PutAsync("models", $"{_model}/{name}/model.onnx", content);
        return new VersionRecord { Manifest = manifest, Digest = Sha256Digest.Of(content), RegisteredAt = Samples.Now };
    }
}
