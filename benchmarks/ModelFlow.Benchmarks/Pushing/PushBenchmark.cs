using System.Diagnostics;
using System.Security.Cryptography;
using Azure.Storage.Blobs;
using Azure.Storage.Sas;
using ModelFlow.Benchmarks.Product;
using ModelFlow.Benchmarks.Reporting;

namespace ModelFlow.Benchmarks.Pushing;

/// <summary>
/// One version of 1 GiB in 17 files, by <c>modelflow push</c> and by <c>rclone copy</c> (its defaults), in turns, into the same Azurite.
/// Registration copies every file to the version's own path and verifies the copy's digest, which rclone has nothing like.
/// </summary>
internal sealed class PushBenchmark : IBenchmark
{
    private const string Model = "big";
    private const int WeightFiles = 16;
    private const int WeightFileBytes = 64 << 20;

    public IReadOnlyList<string> Needs { get; } = ["rclone"];

    public async Task RunAsync(Report report, int? rounds, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("modelflow-bench-files-");
        try
        {
            await WriteFilesAsync(folder.FullName, cancellationToken);
            await using var product = await RunningProduct.StartAsync(policy => policy, cancellationToken);
            var (rclone, push, whole) = (new List<double>(), new List<double>(), new List<double>());
            for (var i = 0; i < (rounds ?? 5); i++)
            {
                rclone.Add(await RcloneAsync(product, folder.FullName, $"rclone{i}", cancellationToken));
                var (pushed, registered) = await PushAsync(product, folder.FullName, $"v1.0.{i}", cancellationToken);
                push.Add(pushed);
                whole.Add(registered);
            }

            // As speeds, so that more is better in every line.
            Samples Speed(List<double> seconds) => new([.. seconds.Select(s => 1024 / s)]);
            report.Compare("push of 1 GiB: MiB/s", Speed(push), "rclone copy", Speed(rclone), "0", new Target(AtLeast: 1.2));
            report.Compare("push and registration of 1 GiB: MiB/s", Speed(whole), "rclone copy", Speed(rclone), "0", new Target(AtLeast: 0.6));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task WriteFilesAsync(string folder, CancellationToken cancellationToken)
    {
        File.Copy(RunningProduct.Sample("v1.0.0-base.onnx"), Path.Combine(folder, "model.onnx"));
        for (var i = 0; i < WeightFiles; i++)
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, $"weights-{i:D2}.bin"), RandomNumberGenerator.GetBytes(WeightFileBytes), cancellationToken);
        }
    }

    private static async Task<double> RcloneAsync(RunningProduct product, string folder, string container, CancellationToken cancellationToken)
    {
        var blobs = new BlobServiceClient(product.StorageConnectionString);
        await blobs.CreateBlobContainerAsync(container, cancellationToken: cancellationToken);
        var grant = blobs.GenerateAccountSasUri(AccountSasPermissions.All, DateTimeOffset.UtcNow.AddHours(1), AccountSasResourceTypes.All);
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["RCLONE_CONFIG"] = "/dev/null",
            ["RCLONE_CONFIG_AZURITE_TYPE"] = "azureblob",
            ["RCLONE_CONFIG_AZURITE_SAS_URL"] = grant.ToString(),
        };
        var seconds = await TimedProcess.RunAsync(DebianPrograms.Find("rclone"), ["copy", folder, $"azurite:{container}"], environment, cancellationToken);
        var there = await blobs.GetBlobContainerClient(container).GetBlobsAsync(cancellationToken: cancellationToken).Select(b => b.Properties.ContentLength ?? 0).SumAsync(cancellationToken);
        if (there < (long)WeightFiles * WeightFileBytes)
        {
            throw new InvalidOperationException($"rclone left {there:N0} bytes.");
        }

        await blobs.DeleteBlobContainerAsync(container, cancellationToken: cancellationToken);
        return seconds;
    }

    private static async Task<(double Pushed, double Registered)> PushAsync(RunningProduct product, string folder, string version, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var pushed = await product.PushAsync(folder, Model, version, cancellationToken);
        await product.UntilAsync($"api/models/{Model}/versions/{version}", _ => true, cancellationToken);
        var registered = clock.Elapsed.TotalSeconds;

        // The rest of the release is not part of it: the next round waits until the machine is free again.
        await product.UntilAsync($"api/releases/{Model}-{version}-1", r => (string?)r["stage"] is "ended" or "awaitingApproval", cancellationToken);
        return (pushed, registered);
    }
}
