using System.Text.Json;

namespace ModelFlow.Cli.Connecting;

/// <summary>The file in which a host on this machine leaves its address and the first token, readable by its owner only.</summary>
internal sealed record CredentialsFile(string Api, string Token, string Path)
{
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <summary>
    /// The first of: <c>$MODELFLOW_CREDENTIALS</c>, <c>.modelflow/credentials.json</c> here and under <c>$MODELFLOW_HOME</c>,
    /// <c>modelflow/credentials.json</c> in the person's configuration folder. Null if there is none.
    /// </summary>
    public static CredentialsFile? Find(Surroundings surroundings)
    {
        if (surroundings.Environment("MODELFLOW_CREDENTIALS") is { Length: > 0 } named)
        {
            var path = System.IO.Path.GetFullPath(named, surroundings.Folder);
            return File.Exists(path)
                ? Read(path)
                : throw new CommandFailedException(ExitCode.Usage, $"There is no file {path}.", "Correct MODELFLOW_CREDENTIALS, or unset it.");
        }

        return Places(surroundings).Where(File.Exists).Select(Read).FirstOrDefault();
    }

    private static IEnumerable<string> Places(Surroundings surroundings)
    {
        yield return System.IO.Path.Combine(surroundings.Folder, ".modelflow", "credentials.json");
        if (surroundings.Environment("MODELFLOW_HOME") is { Length: > 0 } home)
        {
            yield return System.IO.Path.Combine(home, ".modelflow", "credentials.json");
        }

        if (surroundings.Environment("XDG_CONFIG_HOME") is { Length: > 0 } config)
        {
            yield return System.IO.Path.Combine(config, "modelflow", "credentials.json");
        }
        else if (surroundings.Environment("HOME") is { Length: > 0 } person)
        {
            yield return System.IO.Path.Combine(person, ".config", "modelflow", "credentials.json");
        }
    }

    private static CredentialsFile Read(string path)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != UnixFileMode.None)
        {
            throw new CommandFailedException(ExitCode.Unauthorized, $"Others on this machine can read the token in {path}.", $"Run: chmod 600 {path}");
        }

        try
        {
            var content = JsonSerializer.Deserialize<Content>(File.ReadAllText(path), JsonSerializerOptions.Web);
            if (content is { Api: { } api, Token: { } token })
            {
                return new CredentialsFile(api, token, path);
            }
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Unauthorized, $"{path} cannot be read: {e.Message}", "Correct it, or name the host and the token yourself (--server, MODELFLOW_TOKEN).");
        }

        throw new CommandFailedException(ExitCode.Unauthorized, $"{path} has no 'api' and 'token'.", "Correct it, or name the host and the token yourself (--server, MODELFLOW_TOKEN).");
    }

    private sealed record Content(string? Api, string? Token);
}
