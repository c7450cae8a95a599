using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Ports;
using ModelFlow.LocalHost.Evaluation;
using ModelFlow.Testing;
using ModelFlow.Testing.InMemory;

namespace ModelFlow.LocalHost.Tests.Evaluation;

/// <summary>A runner over stores in memory, with the sample models and data sets in them, working in a folder of its own.</summary>
internal sealed class EvaluationBench : IDisposable
{
    public static readonly ModelName Model = ModelName.Parse("digits");
    private static readonly string Digits = Path.Combine(RepositoryRoot.Find(), "samples", "digits");

    private readonly HttpClient _http;
    private readonly List<ProcessEvaluationRunner> _runners = [];

    public EvaluationBench() => _http = new HttpClient(new BlobHandler(this));

    public InMemoryBlobs Blobs { get; } = new();

    public string Folder { get; } = Directory.CreateTempSubdirectory("modelflow-evaluation-").FullName;

    /// <summary>How many files were downloaded.</summary>
    public int Downloads { get; private set; }

    public static ReleaseId Release { get; } = ReleaseId.Parse("digits-v1.1.0-mlp-1");

    public ProcessEvaluationRunner Runner(EvaluationOptions? options = null)
    {
        options ??= new EvaluationOptions();
        options.WorkFolder = Folder;
        var runner = new ProcessEvaluationRunner(
            options,
            new InMemoryArtifactStore(Blobs),
            new InMemoryDatasetStore(Blobs),
            new InMemoryReportStore(Blobs),
            _http,
            TimeProvider.System,
            NullLogger<ProcessEvaluationRunner>.Instance);
        _runners.Add(runner);
        return runner;
    }

    /// <summary>A runner with a shell script in the evaluator's place.</summary>
    public ProcessEvaluationRunner Script(string script, int memoryMiB = 512, int outputMiB = 64, int logKiB = 64) => Runner(new EvaluationOptions
    {
        Command = ["/bin/sh", "-c", script],
        MemoryMiB = memoryMiB,
        OutputMiB = outputMiB,
        LogKiB = logKiB,
    });

    public VersionRecord Version(string name)
    {
        var content = File.ReadAllBytes(Path.Combine(Digits, $"{name}.onnx"));
        var manifest = Samples.Manifest(Model, VersionName.Parse(name), content);
        Blobs.Put($"models/{Model}/{name}/model.onnx", content);
        return new VersionRecord { Manifest = manifest, Digest = ManifestDigest(manifest), RegisteredAt = Samples.Now };
    }

    public DatasetReference Dataset(string name)
    {
        var content = File.ReadAllBytes(Path.Combine(Digits, name));
        Blobs.Put($"datasets/digits/{name}", content);
        return new DatasetReference($"digits/{name}", Sha256Digest.Of(content));
    }

    public EvaluationJob Job(EvaluationMode mode, string version, string? baseline = null, string? dataset = null, string id = "digits-v1.1.0-mlp-1-3")
    {
        var data = dataset is null ? null : Dataset(dataset);
        return new EvaluationJob
        {
            Id = id,
            Release = Release,
            Mode = mode,
            Version = Version(version),
            Baseline = baseline is null ? null : Version(baseline),
            Dataset = data,
            Policy = mode == EvaluationMode.Evaluate ? new EvaluationPolicy { Dataset = data!, Gates = new GatePolicy { MaxSliceRecallLoss = 0.05 } } : null,
            TimeLimit = TimeSpan.FromMinutes(2),
        };
    }

    /// <summary>A smoke test of a model made for it, over CSV rows.</summary>
    public EvaluationJob Job(EvaluationMode mode, byte[] model, string rows)
    {
        var manifest = Samples.Manifest(Model, VersionName.Parse("v9.0.0-made"), model);
        Blobs.Put($"models/{Model}/v9.0.0-made/model.onnx", model);
        Blobs.Put("datasets/made.csv", System.Text.Encoding.UTF8.GetBytes(rows));
        return new EvaluationJob
        {
            Id = "made",
            Release = Release,
            Mode = mode,
            Version = new VersionRecord { Manifest = manifest, Digest = ManifestDigest(manifest), RegisteredAt = Samples.Now },
            Dataset = new DatasetReference("made.csv", Sha256Digest.Of(rows)),
            TimeLimit = TimeSpan.FromMinutes(1),
        };
    }

    public string? Report(string name) => Blobs.Find($"reports/{Release}/{name}") is { } blob ? System.Text.Encoding.UTF8.GetString(blob.Content) : null;

    /// <summary>Living processes of jobs in <paramref name="folder"/>: their environment names it.</summary>
    public static int MarkedProcesses(string folder) => Directory.EnumerateDirectories("/proc")
        .Where(d => int.TryParse(Path.GetFileName(d), out _))
        .Count(d =>
        {
            try
            {
                return File.ReadAllText(Path.Combine(d, "environ")).Contains(folder, StringComparison.Ordinal)
                    && !File.ReadAllText(Path.Combine(d, "stat")).Contains(") Z ", StringComparison.Ordinal);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        });

    public void Dispose()
    {
        _runners.ForEach(r => r.Dispose());
        _http.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private static Sha256Digest ManifestDigest(Manifest manifest) => Sha256Digest.Of(manifest.Files[0].Sha256.Hex);

    private sealed class BlobHandler(EvaluationBench bench) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            bench.Downloads++;
            var blob = bench.Blobs.Find(request.RequestUri!.AbsolutePath.TrimStart('/'));
            return Task.FromResult(blob is null
                ? new HttpResponseMessage(HttpStatusCode.NotFound)
                : new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(blob.Content) });
        }
    }
}
