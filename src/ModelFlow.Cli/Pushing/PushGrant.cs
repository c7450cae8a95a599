using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Contracts;

namespace ModelFlow.Cli.Pushing;

/// <summary>
/// Where the files of one push go: an address for each, signed by the host for a while. Long before they stop working new ones are
/// asked for, so that a push may take longer than a grant. A grant's age is measured by this machine's clock alone.
/// </summary>
internal sealed class PushGrant : IDisposable
{
    /// <summary>How long a grant is asked for.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(2);

    /// <summary>The age at which a new one is asked for: what is on its way then has half an hour to arrive.</summary>
    public static readonly TimeSpan RenewalAge = TimeSpan.FromMinutes(90);

    private static readonly TimeSpan RenewalPause = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly ApiClient _api;
    private readonly TimeProvider _time;
    private readonly Question _question;
    private Held _held;
    private TimeSpan _nextRenewal = RenewalAge;

    private PushGrant(ApiClient api, TimeProvider time, Question question, Held held) => (_api, _time, _question, _held) = (api, time, question, held);

    /// <summary>The manifest's path in <c>incoming</c>.</summary>
    public string ManifestPath => _held.ManifestPath;

    /// <summary>The storage that the files go to.</summary>
    public Uri Storage => _held.Manifest;

    /// <summary>Asks the host; a refusal says which file cannot be taken before anything is sent.</summary>
    public static async Task<PushGrant> AskAsync(ApiClient api, TimeProvider time, string model, string version, IReadOnlyList<PushFile> files, CancellationToken cancellationToken)
    {
        var question = new Question(model, version, [.. files.Select(f => f.Path)], $"{Lifetime.TotalHours:0}h");
        return new PushGrant(api, time, question, await AskAsync(api, time, question, cancellationToken));
    }

    /// <summary>Where a file may be put now.</summary>
    public async Task<Uri> AddressAsync(string path, CancellationToken cancellationToken) => (await CurrentAsync(cancellationToken)).Files[path];

    /// <summary>Where the manifest may be put now.</summary>
    public async Task<Uri> ManifestAddressAsync(CancellationToken cancellationToken) => (await CurrentAsync(cancellationToken)).Manifest;

    public void Dispose() => _gate.Dispose();

    private static async Task<Held> AskAsync(ApiClient api, TimeProvider time, Question question, CancellationToken cancellationToken)
    {
        // Taken before the answer: the grant is younger than this says, never older.
        var asked = (time.GetTimestamp(), time.GetUtcNow());
        var answer = ApiClient.Read<UploadGrant>((await api.SendAsync(HttpMethod.Post, "api/uploads/grants", question, cancellationToken))!);
        var files = answer.Files.ToDictionary(f => f.Path, f => f.Url, StringComparer.Ordinal);
        return question.Files.FirstOrDefault(f => !files.ContainsKey(f)) is { } missing
            ? throw new CommandFailedException(ExitCode.Refused, $"The host gave no address for {missing}.", "Use a modelflow of the host's version.")
            : new Held(files, answer.Manifest.Url, answer.Prefix + answer.Manifest.Path, asked.Item1, asked.Item2);
    }

    private async Task<Held> CurrentAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var age = Age();
            if (age >= _nextRenewal)
            {
                await RenewAsync(age, cancellationToken);
            }

            return _held;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task RenewAsync(TimeSpan age, CancellationToken cancellationToken)
    {
        try
        {
            _held = await AskAsync(_api, _time, _question, cancellationToken);
            _nextRenewal = RenewalAge;
        }
        catch (CommandFailedException e) when (e.ExitCode == ExitCode.Unreachable && age < Lifetime)
        {
            // The addresses still work, and the storage may well be there while the host is not.
            _nextRenewal = age + RenewalPause;
        }
    }

    // A machine that slept has a steady clock that stood still; a clock that was set has the steady one.
    private TimeSpan Age()
    {
        var (steady, wall) = (_time.GetElapsedTime(_held.Timestamp), _time.GetUtcNow() - _held.At);
        return steady > wall ? steady : wall;
    }

    private sealed record Question(string Model, string Version, IReadOnlyList<string> Files, string ValidFor);

    private sealed record Held(IReadOnlyDictionary<string, Uri> Files, Uri Manifest, string ManifestPath, long Timestamp, DateTimeOffset At);
}
