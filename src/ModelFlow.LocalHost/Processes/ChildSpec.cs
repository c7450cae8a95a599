using System.Security.Cryptography;
using System.Text;

namespace ModelFlow.LocalHost.Processes;

/// <summary>A program that the host keeps running.</summary>
public sealed record ChildSpec
{
    /// <summary>Its name in logs and files: lower-case letters and '-'.</summary>
    public required string Name { get; init; }

    /// <summary>The program's full path.</summary>
    public required string FileName { get; init; }

    /// <summary>Its arguments. Other users of the machine can read them: secrets go into <see cref="Environment"/>.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Environment variables added to the host's own.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Files whose change means that a running child is of an old build.</summary>
    public IReadOnlyList<string> Builds { get; init; } = [];

    /// <summary>The loopback ports it listens on, by the option that chooses them.</summary>
    public IReadOnlyDictionary<string, int> Ports { get; init; } = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>Whether it answers. May throw <see cref="HttpRequestException"/>: no.</summary>
    public required Func<CancellationToken, Task<bool>> IsHealthyAsync { get; init; }

    /// <summary>How long it may take from start to its first answer. 60 seconds by default.</summary>
    public TimeSpan ReadyWithin { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long it may take to end when asked. 10 seconds by default.</summary>
    public TimeSpan StopWithin { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// SHA-256 over all that makes two specs the same program started the same way. A running child with another fingerprint is replaced.
    /// </summary>
    public string Fingerprint()
    {
        var text = new StringBuilder();
        void Add(string part) => text.Append(part.Length).Append(':').Append(part);
        Add(FileName);
        foreach (var argument in Arguments)
        {
            Add(argument);
        }

        foreach (var (name, value) in Environment.OrderBy(e => e.Key, StringComparer.Ordinal))
        {
            Add(name);
            Add(value);
        }

        foreach (var build in Builds)
        {
            Add(File.GetLastWriteTimeUtc(build).ToString("O"));
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
