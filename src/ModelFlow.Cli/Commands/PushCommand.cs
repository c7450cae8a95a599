using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure;
using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Output;
using ModelFlow.Cli.Pushing;

namespace ModelFlow.Cli.Commands;

/// <summary>Uploads a version: grant, files in parallel blocks, manifest last.</summary>
internal static class PushCommand
{
    public static CliCommand Create(Surroundings surroundings)
    {
        var path = new Argument<string>("PATH") { Description = "A folder or a file. A manifest.json in the folder is taken as a base." };
        var model = new Option<string>("--model") { Description = "The model: a lower-case DNS label.", HelpName = "MODEL", Required = true };
        var version = new Option<string>("--version") { Description = "The version: v1.2.3 or v1.2.3-purpose.", HelpName = "VERSION", Required = true };
        var format = Text("--format", "The model format; from the files' endings by default.", "FORMAT");
        var owner = Text("--owner", "Who answers for the version.", "NAME");
        var description = Text("--description", "What it is for.", "TEXT");
        var dataset = Text("--dataset", "The data set it was trained on.", "NAME");
        var datasetSha256 = Text("--dataset-sha256", "That data set's digest.", "HEX");
        var datasetUri = Text("--dataset-uri", "Where that data set lies.", "URI");
        var gitCommit = Text("--git-commit", "The training code's commit: 40 hexadecimal digits.", "COMMIT");
        var gitRepository = Text("--git-repository", "The repository that commit is in.", "URL");
        var parent = Text("--parent", "The version this one continues.", "VERSION");
        var trainedAt = Text("--trained-at", "When training ended, for example 2026-01-31T12:00:00Z.", "TIME");
        var parameters = Many("--param", "A training parameter; may be repeated.", "NAME=VALUE");
        var metrics = Many("--metric", "A metric that training reported; may be repeated.", "NAME=NUMBER");
        var wait = new Option<bool>("--wait") { Description = "Follow the release to its end. Ends with 0 if it became stable, else with 1." };
        var block = Whole("--block-size", "MiB of a block.", 1, 100, UploadOptions.Default.BlockBytes / (1024 * 1024));
        var parallel = Whole("--parallel", "Blocks sent at once.", 1, 64, UploadOptions.Default.Parallel);
        return new(
            "push",
            "Upload a version. Run it again after a cut: what is up already is not sent twice.",
            "modelflow push ./out --model digits --version v1.2.0-large --git-commit $(git rev-parse HEAD) --param hidden=64 --wait",
            surroundings,
            [path, model, version, format, owner, description, dataset, datasetSha256, datasetUri, gitCommit, gitRepository, parent, trainedAt, parameters, metrics, wait, block, parallel],
            async call =>
            {
                var source = PushSource.Find(call.FullPath(call.Get(path)));
                var described = ManifestBuilder.Describe(source, new ManifestOptions
                {
                    Model = call.Get(model)!,
                    Version = call.Get(version)!,
                    Format = call.Get(format),
                    Owner = call.Get(owner),
                    Description = call.Get(description),
                    Dataset = call.Get(dataset),
                    DatasetSha256 = call.Get(datasetSha256),
                    DatasetUri = call.Get(datasetUri),
                    GitCommit = call.Get(gitCommit),
                    GitRepository = call.Get(gitRepository),
                    Parent = call.Get(parent),
                    TrainedAt = call.Get(trainedAt),
                    Parameters = call.Get(parameters) ?? [],
                    Metrics = call.Get(metrics) ?? [],
                });
                var upload = await UploadAsync(call, source, described, new UploadOptions(call.Get(block) * 1024 * 1024, call.Get(parallel)));
                return await ReportAsync(call, source, upload, call.Get(wait));
            });
    }

    private static async Task<Upload> UploadAsync(Call call, PushSource source, JsonObject described, UploadOptions options)
    {
        var (model, version) = ((string)described["model"]!, (string)described["version"]!);
        using var grant = await PushGrant.AskAsync(call.Api, call.Surroundings.Time, model, version, source.Files, call.CancellationToken);
        var progress = new PushProgress(call.Screen, call.Surroundings.Time, source.TotalBytes);
        try
        {
            using var uploader = new BlockUploader(grant, options);
            var files = await progress.RunAsync(() => uploader.UploadAsync(source.Files, progress, call.CancellationToken));
            var manifest = ManifestBuilder.WithFiles(described, files);
            var etag = await uploader.UploadManifestAsync(BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(manifest, ApiClient.Json)), call.CancellationToken);
            return new Upload(model, version, grant.ManifestPath, etag, progress.Elapsed, progress.Skipped);
        }
        catch (Exception e) when (Storage(e) is { } failure)
        {
            // Azure's messages repeat the request; the first line is what happened. None shows the signature.
            var exit = failure.Status switch { 0 => ExitCode.Unreachable, 401 or 403 => ExitCode.Unauthorized, 404 => ExitCode.NotFound, _ => ExitCode.Refused };
            throw new CommandFailedException(exit, $"The upload was cut: {failure.Message.Split('\n')[0].Trim()}", "Run the same command again: what is up already is not sent twice.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Refused, $"A file cannot be read: {e.Message}");
        }
    }

    private static async Task<int> ReportAsync(Call call, PushSource source, Upload upload, bool wait)
    {
        var speed = upload.Took > TimeSpan.FromSeconds(1) ? $" ({Show.Bytes((long)(source.TotalBytes / upload.Took.TotalSeconds))}/s)" : "";
        call.Screen.Note(
            $"Uploaded {upload.Model} {upload.Version}: {source.Files.Count} file(s), {Show.Bytes(source.TotalBytes)} in {Show.Took(upload.Took)}{speed}"
            + (upload.SkippedBytes > 0 ? $", {Show.Bytes(upload.SkippedBytes)} of it was there already." : "."),
            Tone.Good);
        var result = new JsonObject
        {
            ["model"] = upload.Model,
            ["version"] = upload.Version,
            ["manifest"] = upload.ManifestPath,
            ["files"] = source.Files.Count,
            ["bytes"] = source.TotalBytes,
            ["skippedBytes"] = upload.SkippedBytes,
            ["seconds"] = Math.Round(upload.Took.TotalSeconds, 3),
        };
        if (!wait)
        {
            if (call.Json)
            {
                call.Screen.Json(result);
            }
            else
            {
                call.Screen.Line($"The host takes it in now. See: modelflow releases --model {upload.Model}");
            }

            return ExitCode.Ok;
        }

        switch (await new IntakeWatcher(call).WaitAsync(upload))
        {
            case Intake.Refused(var refusal):
                if (call.Json)
                {
                    result["refused"] = JsonSerializer.SerializeToNode(refusal, ApiClient.Json);
                    call.Screen.Json(result);
                }
                else
                {
                    call.Screen.Line($"Refused ({refusal.By}): {refusal.Reason}", Tone.Bad);
                    call.Screen.Line($"It is kept in {refusal.Folder}.", Tone.Dim);
                }

                return ExitCode.Refused;

            case Intake.Released(var release):
                result["release"] = release;
                if (call.Json)
                {
                    call.Screen.JsonLine(result);
                }
                else
                {
                    call.Screen.Line($"Release {release}", Tone.Strong);
                }

                return await ReleaseCommands.FollowAsync(call, release, 0, all: false);

            default:
                throw new CommandFailedException(ExitCode.Refused, $"It is uploaded, and the host has not taken it in for {IntakeWatcher.Patience.TotalMinutes:0} minutes.", "Look at 'modelflow status', 'modelflow releases' and 'modelflow uploads'.");
        }
    }

    private static RequestFailedException? Storage(Exception e) => e switch
    {
        RequestFailedException failed => failed,
        AggregateException all => all.InnerExceptions.Select(Storage).FirstOrDefault(f => f is not null),
        _ => null,
    };

    private static Option<string?> Text(string name, string description, string value) => new(name) { Description = description, HelpName = value };

    private static Option<string[]> Many(string name, string description, string value) => new(name) { Description = description, HelpName = value };

    private static Option<int> Whole(string name, string description, int least, int most, int usual)
    {
        var option = new Option<int>(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => usual };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && (!int.TryParse(result.Tokens[0].Value, out var n) || n < least || n > most))
            {
                result.AddError($"{name} is {least} to {most}.");
            }
        });
        return option;
    }
}
