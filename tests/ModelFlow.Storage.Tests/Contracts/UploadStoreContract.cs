using System.Text;
using System.Text.Json;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Serialization;
using ModelFlow.Testing;

namespace ModelFlow.Storage.Tests.Contracts;

/// <summary>What every store of uploads and artifacts must do, from a drop in <c>incoming</c> to a verified version.</summary>
public abstract class UploadStoreContract
{
    protected static readonly VersionName Version = VersionName.Parse("v1.2.0-MLP");

    protected ModelName Model { get; } = ModelName.Parse(Unique.Label("digits"));

    protected abstract IUploadStore Uploads { get; }

    protected abstract IArtifactStore Artifacts { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_complete_uploads_are_listed()
    {
        await PutAsync($"incoming/{Model}/v1.0.0/model.onnx", "m"u8.ToArray());
        await PutAsync($"incoming/{Model}/v1.0.0/sub/manifest.json", "{}"u8.ToArray());
        await PutAsync($"incoming/{Model}/readme", "r"u8.ToArray());
        Assert.Empty(await ListedAsync());

        var etag = await PutAsync($"incoming/{Model}/v1.0.0/manifest.json", "{}"u8.ToArray());
        var single = await PutAsync($"incoming/{Model}/v2.0.0-x.onnx", "m"u8.ToArray());

        Assert.Equal(
            [
                new IncomingUpload(new UploadReference($"{Model}/v1.0.0/manifest.json", etag), Model.Value, "v1.0.0", SingleFile: false),
                new IncomingUpload(new UploadReference($"{Model}/v2.0.0-x.onnx", single), Model.Value, "v2.0.0-x", SingleFile: true),
            ],
            await ListedAsync());
    }

    [Fact]
    public async Task Manifest_is_read_as_long_as_it_is_the_one_listed()
    {
        var upload = new UploadReference($"{Model}/v1.0.0/manifest.json", await PutAsync($"incoming/{Model}/v1.0.0/manifest.json", "{}"u8.ToArray()));

        Assert.Equal("{}"u8.ToArray(), Assert.IsType<ReadManifest.Found>(await Uploads.ReadManifestAsync(upload, Cancel)).Utf8.ToArray());

        await PutAsync($"incoming/{Model}/v1.0.0/manifest.json", "[]"u8.ToArray());
        Assert.IsType<ReadManifest.Gone>(await Uploads.ReadManifestAsync(upload, Cancel));
        Assert.IsType<ReadManifest.Gone>(await Uploads.ReadManifestAsync(new UploadReference($"{Model}/v9.0.0/manifest.json", upload.ETag), Cancel));
    }

    [Fact]
    public async Task Manifest_of_more_than_four_megabytes_is_too_large()
    {
        var path = $"{Model}/v1.0.0/manifest.json";
        var upload = new UploadReference(path, await PutAsync($"incoming/{path}", new byte[(4 << 20) + 1]));

        Assert.Equal((4 << 20) + 1, Assert.IsType<ReadManifest.TooLarge>(await Uploads.ReadManifestAsync(upload, Cancel)).Bytes);
    }

    [Fact]
    public async Task Single_file_is_described_copied_and_verified()
    {
        var bytes = Bytes(300_000);
        var path = $"{Model}/{Version}.onnx";
        var upload = new UploadReference(path, await PutAsync($"incoming/{path}", bytes));

        var manifest = (await Uploads.DescribeSingleFileAsync(upload, Model, Version, Cancel))!;
        Assert.Equal("onnx", manifest.Format);
        Assert.Equal(new ManifestFile("model.onnx", 300_000, Sha256Digest.Of(bytes)), Assert.Single(manifest.Files));
        Same.Json(manifest, await Uploads.DescribeSingleFileAsync(upload, Model, Version, Cancel));

        Assert.IsType<CopyUpload.Copied>(await Uploads.CopyToModelsAsync(upload, manifest, null, Cancel));
        Assert.Equal(new VerifyFiles.Intact(300_000), await Artifacts.VerifyAsync(Record(manifest), null, Cancel));
        Same.Json(manifest, JsonSerializer.Deserialize<Manifest>((await FindAsync($"models/{Model}/{Version}/manifest.json"))!, CoreJson.Options));
    }

    [Fact]
    public async Task Single_file_that_was_replaced_is_not_described()
    {
        var path = $"{Model}/{Version}.onnx";
        var upload = new UploadReference(path, await PutAsync($"incoming/{path}", Bytes(10)));
        await Uploads.DescribeSingleFileAsync(upload, Model, Version, Cancel);

        await PutAsync($"incoming/{path}", Bytes(11));

        Assert.Null(await Uploads.DescribeSingleFileAsync(upload, Model, Version, Cancel));
    }

    [Fact]
    public async Task Upload_of_several_files_is_copied_whole_and_again_without_harm()
    {
        var (upload, manifest) = await UploadAsync(("model.onnx", Bytes(5_000)), ("größe/labels.txt", "a"u8.ToArray()), ("empty", []));
        var progress = new Counter();

        Assert.IsType<CopyUpload.Copied>(await Uploads.CopyToModelsAsync(upload, manifest, progress, Cancel));
        Assert.Equal(manifest.TotalBytes, progress.Sum);
        Assert.IsType<CopyUpload.Copied>(await Uploads.CopyToModelsAsync(upload, manifest, null, Cancel));

        Assert.Equal(new VerifyFiles.Intact(manifest.TotalBytes), await Artifacts.VerifyAsync(Record(manifest), null, Cancel));
        Assert.Equal(await FindAsync($"incoming/{upload.ManifestPath}"), await FindAsync($"models/{Model}/{Version}/manifest.json"));
    }

    [Fact]
    public async Task File_that_differs_from_the_manifest_is_a_mismatch_that_names_it()
    {
        var (upload, manifest) = await UploadAsync(("model.onnx", Bytes(5_000)));
        var lying = manifest with { Files = [manifest.Files[0] with { Sha256 = Sha256Digest.Of("other") }] };

        var mismatch = Assert.IsType<CopyUpload.Mismatch>(await Uploads.CopyToModelsAsync(upload, lying, null, Cancel));
        Assert.Contains("model.onnx", mismatch.Reason, StringComparison.Ordinal);

        await Uploads.DiscardCopyAsync(Model, Version, Cancel);
        Assert.IsType<CopyUpload.Copied>(await Uploads.CopyToModelsAsync(upload, manifest, null, Cancel));
    }

    [Fact]
    public async Task Wrong_size_and_missing_files_are_a_mismatch()
    {
        var (upload, manifest) = await UploadAsync(("model.onnx", Bytes(5_000)));

        Assert.IsType<CopyUpload.Mismatch>(await Uploads.CopyToModelsAsync(upload, manifest with { Files = [manifest.Files[0] with { Size = 4_999 }] }, null, Cancel));
        var missing = Assert.IsType<CopyUpload.Mismatch>(await Uploads.CopyToModelsAsync(upload, manifest with { Files = [.. manifest.Files, new ManifestFile("more.bin", 1, Sha256Digest.Of("x"))] }, null, Cancel));
        Assert.Contains("more.bin", missing.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_that_was_replaced_is_changed()
    {
        var (upload, manifest) = await UploadAsync(("model.onnx", Bytes(5_000)));
        await PutAsync($"incoming/{upload.ManifestPath}", "{}"u8.ToArray());

        Assert.IsType<CopyUpload.Changed>(await Uploads.CopyToModelsAsync(upload, manifest, null, Cancel));
    }

    [Fact]
    public async Task Quarantine_keeps_the_upload_and_the_reason_and_empties_incoming()
    {
        var (upload, _) = await UploadAsync(("model.onnx", Bytes(5_000)));
        var refusal = new Refusal { Upload = upload, By = "digest", Reason = "größer", At = Samples.Now };

        var folder = await Uploads.QuarantineAsync(upload, refusal, Cancel);
        Assert.Equal(folder, await Uploads.QuarantineAsync(upload, refusal with { At = Samples.Now.AddMinutes(1) }, Cancel));

        Assert.Empty(await ListedAsync());
        Assert.Null(await FindAsync($"incoming/{Model}/{Version}/model.onnx"));
        Assert.Equal(Bytes(5_000), await FindAsync($"quarantine/{folder}/{Model}/{Version}/model.onnx"));
        var kept = Assert.Single(await Uploads.ListRefusalsAsync(Cancel).Where(r => r.Upload == upload).ToListAsync(Cancel));
        Assert.Equal(refusal with { Folder = folder }, kept);
    }

    [Fact]
    public async Task Quarantine_of_a_single_file_leaves_its_neighbours()
    {
        var etag = await PutAsync($"incoming/{Model}/latest.onnx", Bytes(10));
        await PutAsync($"incoming/{Model}/v1.0.0.onnx", Bytes(10));
        var upload = new UploadReference($"{Model}/latest.onnx", etag);

        await Uploads.QuarantineAsync(upload, new Refusal { Upload = upload, By = "name", Reason = "no", At = Samples.Now }, Cancel);

        Assert.Equal("v1.0.0", Assert.Single(await ListedAsync()).Version);
    }

    [Fact]
    public async Task Refusals_are_newest_first()
    {
        for (var i = 1; i <= 3; i++)
        {
            var path = $"{Model}/v{i}.onnx";
            var upload = new UploadReference(path, await PutAsync($"incoming/{path}", Bytes(i)));
            await Uploads.QuarantineAsync(upload, new Refusal { Upload = upload, By = "name", Reason = $"{i}", At = Samples.Now.AddMinutes(i) }, Cancel);
        }

        Assert.Equal("321", string.Concat(await Uploads.ListRefusalsAsync(Cancel).Where(r => r.Upload.ManifestPath.StartsWith(Model.Value + "/", StringComparison.Ordinal)).Select(r => r.Reason).ToListAsync(Cancel)));
    }

    [Fact]
    public async Task Registered_upload_is_deleted_from_incoming_only_while_it_is_the_same()
    {
        var (upload, _) = await UploadAsync(("model.onnx", Bytes(5_000)));
        var next = await PutAsync($"incoming/{upload.ManifestPath}", "{}"u8.ToArray());

        await Uploads.DeleteIncomingAsync(upload, Cancel);
        Assert.NotNull(await FindAsync($"incoming/{Model}/{Version}/model.onnx"));

        await Uploads.DeleteIncomingAsync(upload with { ETag = next }, Cancel);
        Assert.Null(await FindAsync($"incoming/{Model}/{Version}/model.onnx"));
        Assert.Empty(await ListedAsync());
        await Uploads.DeleteIncomingAsync(upload, Cancel);
    }

    [Fact]
    public async Task Uploader_is_the_one_who_was_granted_the_place()
    {
        Assert.Null(await Uploads.FindUploaderAsync(Model, Version, Cancel));

        await Uploads.GrantUploadAsync(Model, Version, ["model.onnx"], "alice", TimeSpan.FromHours(1), Cancel);
        await Uploads.GrantUploadAsync(Model, Version, ["other.onnx"], "alice", TimeSpan.FromHours(1), Cancel);

        Assert.Equal("alice", await Uploads.FindUploaderAsync(Model, Version, Cancel));
    }

    [Fact]
    public async Task Grant_has_an_address_for_each_file_in_order_and_the_manifests()
    {
        string[] files = ["z.bin", "weights/größe #1?.bin", "a.bin"];

        var addresses = await Uploads.GrantUploadAsync(Model, Version, files, "alice", TimeSpan.FromHours(1), Cancel);

        Assert.Equal(files.Length, addresses.Files.Count);
        Assert.All(files.Zip(addresses.Files), f => Assert.EndsWith($"incoming/{Model}/{Version}/{f.First}", Place(f.Second), StringComparison.Ordinal));
        Assert.EndsWith($"incoming/{Model}/{Version}/manifest.json", Place(addresses.Manifest), StringComparison.Ordinal);

        // In memory nothing is signed and nothing is escaped.
        static string Place(Uri address) => address.Scheme == "memory" ? address.OriginalString : Uri.UnescapeDataString(address.AbsolutePath);
    }

    [Fact]
    public async Task Uploader_is_unknown_when_two_were_granted_one_place()
    {
        await Uploads.GrantUploadAsync(Model, Version, ["model.onnx"], "alice", TimeSpan.FromHours(1), Cancel);
        await Uploads.GrantUploadAsync(Model, Version, ["model.onnx"], "bob", TimeSpan.FromHours(1), Cancel);

        Assert.Null(await Uploads.FindUploaderAsync(Model, Version, Cancel));
    }

    [Fact]
    public async Task Damage_is_found_and_named()
    {
        var (upload, manifest) = await UploadAsync(("a.bin", Bytes(5_000)), ("b.bin", Bytes(10)));
        await Uploads.CopyToModelsAsync(upload, manifest, null, Cancel);
        await PutAsync($"models/{Model}/{Version}/b.bin", Bytes(11));

        var damaged = Assert.IsType<VerifyFiles.Damaged>(await Artifacts.VerifyAsync(Record(manifest), null, Cancel));
        Assert.Equal("b.bin", damaged.Path);
    }

    [Fact]
    public async Task Archived_files_are_offline_until_restored()
    {
        var (upload, manifest) = await UploadAsync(("a.bin", Bytes(5_000)), ("b.bin", Bytes(10)));
        await Uploads.CopyToModelsAsync(upload, manifest, null, Cancel);
        var record = Record(manifest);

        foreach (var tier in (StorageTier[])[StorageTier.Cool, StorageTier.Cold])
        {
            Assert.IsType<SetTier.Moved>(await Artifacts.SetTierAsync(record, tier, Cancel));
            Assert.IsType<VerifyFiles.Intact>(await Artifacts.VerifyAsync(record, null, Cancel));
        }

        Assert.IsType<SetTier.Moved>(await Artifacts.SetTierAsync(record, StorageTier.Archive, Cancel));
        Assert.IsType<VerifyFiles.Offline>(await Artifacts.VerifyAsync(record, null, Cancel));

        await Artifacts.SetTierAsync(record, StorageTier.Hot, Cancel);
        Assert.IsType<VerifyFiles.Intact>(await Artifacts.VerifyAsync(record, null, Cancel));
    }

    [Fact]
    public async Task Deleted_files_are_gone_and_the_manifest_stays()
    {
        var (upload, manifest) = await UploadAsync(("a.bin", Bytes(5_000)));
        await Uploads.CopyToModelsAsync(upload, manifest, null, Cancel);

        Assert.IsType<DeleteFiles.Deleted>(await Artifacts.DeleteAsync(Record(manifest), Cancel));
        Assert.IsType<DeleteFiles.Deleted>(await Artifacts.DeleteAsync(Record(manifest), Cancel));

        Assert.IsType<VerifyFiles.Damaged>(await Artifacts.VerifyAsync(Record(manifest), null, Cancel));
        Assert.Equal(new SetTier.Missing("a.bin"), await Artifacts.SetTierAsync(Record(manifest), StorageTier.Cool, Cancel));
        Assert.NotNull(await FindAsync($"models/{Model}/{Version}/manifest.json"));
    }

    protected static byte[] Bytes(int size)
    {
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Puts a blob, whatever is there; returns its ETag as a list gives it.</summary>
    protected abstract Task<string> PutAsync(string path, byte[] content);

    /// <summary>A blob's bytes; null if there is none.</summary>
    protected abstract Task<byte[]?> FindAsync(string path);

    protected async Task<(UploadReference Upload, Manifest Manifest)> UploadAsync(params (string Path, byte[] Content)[] files)
    {
        foreach (var (path, content) in files)
        {
            await PutAsync($"incoming/{Model}/{Version}/{path}", content);
        }

        var manifest = Samples.Manifest(Model, Version, []) with { Files = [.. files.Select(f => new ManifestFile(f.Path, f.Content.Length, Sha256Digest.Of(f.Content)))] };
        var etag = await PutAsync($"incoming/{Model}/{Version}/manifest.json", Encoding.UTF8.GetBytes(JsonSerializer.Serialize(manifest, CoreJson.Options)));
        return (new UploadReference($"{Model}/{Version}/manifest.json", etag), manifest);
    }

    private static VersionRecord Record(Manifest manifest) => new() { Manifest = manifest, Digest = Sha256Digest.Of("x"), RegisteredAt = Samples.Now };

    private async Task<List<IncomingUpload>> ListedAsync() => await Uploads.ListCompleteAsync(Cancel).Where(u => u.Model == Model.Value).ToListAsync(Cancel);

    private sealed class Counter : IProgress<long>
    {
        private long _sum;

        public long Sum => Interlocked.Read(ref _sum);

        public void Report(long value) => Interlocked.Add(ref _sum, value);
    }
}
