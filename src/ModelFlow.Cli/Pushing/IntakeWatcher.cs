using System.Text.Json.Nodes;
using ModelFlow.Cli.Commands;
using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Contracts;

namespace ModelFlow.Cli.Pushing;

/// <summary>A finished upload.</summary>
internal sealed record Upload(string Model, string Version, string ManifestPath, string ETag, TimeSpan Took, long SkippedBytes);

/// <summary>What a host did with an upload.</summary>
internal abstract record Intake
{
    private Intake()
    {
    }

    /// <summary>It became a release.</summary>
    public sealed record Released(string Release) : Intake;

    /// <summary>It was refused.</summary>
    public sealed record Refused(RefusalItem Refusal) : Intake;

    /// <summary>Nothing yet.</summary>
    public sealed record Nothing : Intake;
}

/// <summary>Waits for a host to take in an upload, told from others of the same name by the ETag of its manifest.</summary>
internal sealed class IntakeWatcher(Call call)
{
    /// <summary>How long it waits.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public async Task<Intake> WaitAsync(Upload upload)
    {
        var start = call.Surroundings.Time.GetTimestamp();
        while (call.Surroundings.Time.GetElapsedTime(start) < Patience)
        {
            if (await FindReleaseAsync(upload) is { } release)
            {
                return new Intake.Released(release);
            }

            if (await FindRefusalAsync(upload) is { } refusal)
            {
                return new Intake.Refused(refusal);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), call.Surroundings.Time, call.CancellationToken);
        }

        return new Intake.Nothing();
    }

    private async Task<string?> FindReleaseAsync(Upload upload)
    {
        var releases = ApiClient.Read<Page<ReleaseItem>>(await call.Api.GetAsync(ApiClient.Path($"api/releases?model={upload.Model}&limit=20"), call.CancellationToken));
        foreach (var item in releases.Items.Where(r => r.Version == upload.Version))
        {
            var state = await FindStateAsync(item.Id);
            if (Same((string?)state?["upload"]?["eTag"], upload.ETag))
            {
                return item.Id;
            }
        }

        return null;
    }

    // Lists are projections and may be a moment ahead of the release itself.
    private async Task<JsonNode?> FindStateAsync(string release)
    {
        try
        {
            return ApiClient.Read<ReleaseDetail>(await call.Api.GetAsync(ApiClient.Path($"api/releases/{release}"), call.CancellationToken)).State;
        }
        catch (CommandFailedException e) when (e.ExitCode == ExitCode.NotFound)
        {
            return null;
        }
    }

    private async Task<RefusalItem?> FindRefusalAsync(Upload upload)
    {
        var refused = ApiClient.Read<Page<RefusalItem>>(await call.Api.GetAsync("api/uploads/refused?limit=50", call.CancellationToken));
        return refused.Items.FirstOrDefault(r => r.Upload.ManifestPath == upload.ManifestPath && Same(r.Upload.ETag, upload.ETag));
    }

    // Some speakers of HTTP write an ETag with its quotes, some without.
    private static bool Same(string? a, string b) => a is not null && a.Trim('"') == b.Trim('"');
}
