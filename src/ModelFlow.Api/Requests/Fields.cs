using System.Globalization;
using ModelFlow.Api.Problems;
using ModelFlow.Core;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;

namespace ModelFlow.Api.Requests;

/// <summary>Parses a request's raw texts into names and values, and collects every mistake with its field before it refuses.</summary>
internal sealed class Fields
{
    /// <summary>The most items a page can be asked for.</summary>
    public const int MostItems = 500;

    /// <summary>The most characters of a reason or comment.</summary>
    public const int MostTextCharacters = 2_000;

    private const int MostContinuationCharacters = 256;

    private readonly List<FieldError> _errors = [];

    private delegate bool Parser<T>(string? text, out T value, out string? error);

    public void Add(string path, string message) => _errors.Add(new FieldError(path, message));

    /// <summary>Refuses the request if there was any mistake.</summary>
    public void Check()
    {
        if (_errors.Count > 0)
        {
            throw new RequestRefusedException(Problem.Invalid(_errors));
        }
    }

    public ModelName Model(string path, string? text) => Parse<ModelName>(path, text, ModelName.TryParse);

    public ModelName? OptionalModel(string path, string? text) => text is null ? null : Model(path, text);

    public VersionName Version(string path, string? text) => Parse<VersionName>(path, text, VersionName.TryParse);

    public VersionName? OptionalVersion(string path, string? text) => text is null ? null : Version(path, text);

    public ReleaseId Release(string path, string? text) => Parse<ReleaseId>(path, text, ReleaseId.TryParse);

    public Sha256Digest? OptionalDigest(string path, string? text) => text is null ? null : Digest(path, text);

    public Sha256Digest Digest(string path, string? text) => Parse<Sha256Digest>(path, text, Sha256Digest.TryParse);

    public ModelScope Scope(string path, string? text) => Parse<ModelScope>(path, text, ModelScope.TryParse);

    /// <summary>The paths of a version's files, by the rules for a manifest's.</summary>
    public IReadOnlyList<string> Files(string path, IReadOnlyList<string?>? files)
    {
        if (files is null)
        {
            Add(path, "is needed: the paths of the files to upload, for example [\"model.onnx\"].");
            return [];
        }

        var errors = ManifestReader.CheckPaths(files, path);
        _errors.AddRange(errors);
        return errors.Count == 0 ? [.. files.OfType<string>()] : [];
    }

    /// <summary>A text that must be there and say something.</summary>
    public string Text(string path, string? text, string what)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            Add(path, $"is needed: {what}.");
            return "";
        }

        return OptionalText(path, text) ?? "";
    }

    /// <summary>A text that may be left out; control characters other than line ends and tabs are refused, so that logs and terminals stay readable.</summary>
    public string? OptionalText(string path, string? text)
    {
        if (text?.Length > MostTextCharacters)
        {
            Add(path, $"has {text.Length} characters; at most {MostTextCharacters} are allowed.");
        }
        else if (text?.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')) == true)
        {
            Add(path, "has control characters; leave them out.");
        }

        return string.IsNullOrWhiteSpace(text) ? null : text.Trim();
    }

    /// <summary>A continuation that a list gave out: it goes into storage queries, so only what keys are made of may be in it.</summary>
    public string? Continuation(string? text)
    {
        if (text is not null && (text.Length is 0 or > MostContinuationCharacters || !text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_')))
        {
            Add("continuation", "is not one that this list gave out.");
        }

        return text;
    }

    public int Limit(string? text) => Number("limit", text, 50, 1, MostItems);

    public int Number(string path, string? text, int fallback, int min, int max)
    {
        if (text is null)
        {
            return fallback;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
        {
            return number;
        }

        Add(path, $"must be a whole number from {min} to {max}.");
        return fallback;
    }

    public long Generation(string path, string? text)
    {
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1)
        {
            return number;
        }

        Add(path, "must be a generation: a whole number from 1.");
        return 0;
    }

    public bool Flag(string path, string? text)
    {
        if (text is null or "false" or "true")
        {
            return string.Equals(text, "true", StringComparison.Ordinal);
        }

        Add(path, "must be 'true' or 'false'.");
        return false;
    }

    public DateTimeOffset? OptionalTime(string path, string? text)
    {
        if (text is null)
        {
            return null;
        }

        string[] formats = ["yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

        // In a query an unescaped '+' arrives as a space.
        if ((text.EndsWith('Z') || text.LastIndexOfAny(['+', '-', ' ']) > "yyyy-MM-dd".Length)
            && DateTimeOffset.TryParseExact(text.Replace(' ', '+'), formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
        {
            return time;
        }

        Add(path, "must be a time with its offset, for example 2026-11-23T10:42:00Z or 2026-11-23T11:42:00%2B01:00.");
        return null;
    }

    public TimeSpan? OptionalDuration(string path, string? text, TimeSpan min, TimeSpan max)
    {
        if (text is null)
        {
            return null;
        }

        if (Durations.TryParse(text, out var duration) && duration >= min && duration <= max)
        {
            return duration;
        }

        Add(path, $"must be a duration from {Durations.Format(min)} to {Durations.Format(max)}, for example 500ms, 20s, 5m, 2h or 7d.");
        return null;
    }

    private T Parse<T>(string path, string? text, Parser<T> parser)
    {
        if (!parser(text, out var value, out var error))
        {
            Add(path, error ?? "is not valid.");
        }

        return value;
    }
}
