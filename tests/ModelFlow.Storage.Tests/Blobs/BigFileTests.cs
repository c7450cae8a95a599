using System.Diagnostics;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Storage.Tests.Azurite;
using ModelFlow.Testing;
using ModelFlow.Testing.Azurite;
using ModelFlow.Testing.Faults;

namespace ModelFlow.Storage.Tests.Blobs;

/// <summary>Files far bigger than what a process may hold in memory, on an Azurite of their own that keeps its data on disk.</summary>
[Collection(nameof(Alone))]
public sealed class BigFileTests
{
    private static readonly ModelName Model = ModelName.Parse("big");
    private static readonly VersionName Version = VersionName.Parse("v1.0.0");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Gigabyte_is_registered_within_200_megabytes()
    {
        await WithAzuriteAsync(async connection =>
        {
            const long Size = 1L << 30;
            var provider = StorageHarness.Build(connection);
            var (upload, manifest) = await UploadAsync(provider, connection, Size);
            var uploads = provider.GetRequiredService<IUploadStore>();

            var baseline = Settled();
            using var stop = new CancellationTokenSource();
            var peak = WatchAsync(stop.Token);
            var watch = Stopwatch.StartNew();
            Assert.IsType<CopyUpload.Copied>(await uploads.CopyToModelsAsync(upload, manifest, null, Cancel));
            var took = watch.Elapsed;
            await stop.CancelAsync();

            var over = await peak - baseline;
            TestContext.Current.TestOutputHelper?.WriteLine($"{Size >> 20} MiB copied and verified in {took.TotalSeconds:F1} s, {over >> 20} MiB over {baseline >> 20} MiB");
            Assert.True(over < 200L << 20, $"{over >> 20} MiB over the baseline of {baseline >> 20} MiB");
        });
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Copy_that_was_cut_off_goes_on_after_the_blocks_it_has()
    {
        await WithAzuriteAsync(async connection =>
        {
            const long Size = (40L << 20) + 12_345;
            using var faults = new FaultInjectingTransport();
            var provider = StorageHarness.Build(connection, o =>
            {
                o.Transport = faults;
                o.Retries = 0;
                o.SingleCopyBytes = 4 << 20;
                o.CopyBlockBytes = 4 << 20;
                o.CopyParallelism = 1;
            });
            var (upload, manifest) = await UploadAsync(provider, connection, Size);
            var uploads = provider.GetRequiredService<IUploadStore>();

            // After the looks and some of the eleven blocks the storage is away for good.
            faults.Reset();
            faults.Arm(StorageFault.NoAnswer, call: 9, times: 1_000);
            await Assert.ThrowsAsync<StorageException>(() => uploads.CopyToModelsAsync(upload, manifest, null, Cancel));
            var staged = faults.Calls.Take(8).Count(IsBlock);
            Assert.InRange(staged, 3, 8);

            faults.Reset();
            Assert.IsType<CopyUpload.Copied>(await uploads.CopyToModelsAsync(upload, manifest, null, Cancel));
            Assert.Equal(11 - staged, faults.Calls.Count(IsBlock));

            // Once more: everything is there and only read.
            faults.Reset();
            Assert.IsType<CopyUpload.Copied>(await uploads.CopyToModelsAsync(upload, manifest, null, Cancel));
            Assert.DoesNotContain(faults.Calls, IsBlock);
            var record = new VersionRecord { Manifest = manifest, Digest = Sha256Digest.Of("x"), RegisteredAt = Samples.Now };
            Assert.Equal(new VerifyFiles.Intact(Size), await provider.GetRequiredService<IArtifactStore>().VerifyAsync(record, null, Cancel));

            static bool IsBlock(string call) => call.Contains("comp=block&", StringComparison.Ordinal);
        });
    }

    private static async Task WithAzuriteAsync(Func<string, Task> test)
    {
        var folder = Directory.CreateTempSubdirectory("modelflow-big-");
        try
        {
            await using var server = await AzuriteProcess.StartAsync(folder.FullName, Cancel);
            await StorageHarness.Build(server.ConnectionString).GetRequiredService<StorageSetup>().EnsureCreatedAsync(Cancel);
            await test(server.ConnectionString);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<(UploadReference Upload, Manifest Manifest)> UploadAsync(IServiceProvider provider, string connection, long size)
    {
        var incoming = new BlobContainerClient(connection, "incoming");
        await incoming.GetBlobClient($"{Model}/{Version}/model.onnx").UploadAsync(
            new PatternStream(size), new BlobUploadOptions { TransferOptions = new() { InitialTransferSize = 8 << 20, MaximumTransferSize = 8 << 20, MaximumConcurrency = 2 } }, Cancel);
        var etag = (await incoming.GetBlobClient($"{Model}/{Version}/manifest.json").UploadAsync(BinaryData.FromString("{}"), Cancel)).Value.ETag;
        var manifest = Samples.Manifest(Model, Version, []) with { Files = [new ManifestFile("model.onnx", size, PatternStream.DigestOf(size))] };
        return (new UploadReference($"{Model}/{Version}/manifest.json", etag.ToString("H")), manifest);
    }

    private static long Settled()
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }

    private static async Task<long> WatchAsync(CancellationToken stop)
    {
        using var process = Process.GetCurrentProcess();
        long peak = 0;
        while (!stop.IsCancellationRequested)
        {
            process.Refresh();
            peak = Math.Max(peak, process.WorkingSet64);
            await Task.Delay(20, CancellationToken.None);
        }

        return peak;
    }
}
