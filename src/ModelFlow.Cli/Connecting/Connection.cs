namespace ModelFlow.Cli.Connecting;

/// <summary>Which host a command speaks to, and as whom.</summary>
/// <param name="Server">The host's address.</param>
/// <param name="Token">The bearer token; null when none was found.</param>
/// <param name="TokenSource">Where the token is from, for messages.</param>
internal sealed record Connection(Uri Server, string? Token, string? TokenSource)
{
    public const string DefaultServer = "http://127.0.0.1:7600";

    /// <summary>
    /// The option, else the environment (<c>MODELFLOW_SERVER</c>, <c>MODELFLOW_TOKEN</c>), else the credentials file. The file's
    /// token goes to the file's host only: naming another host never sends it there.
    /// </summary>
    public static Connection Resolve(Surroundings surroundings, string? serverOption, string? tokenOption)
    {
        var named = serverOption ?? Variable(surroundings, "MODELFLOW_SERVER");
        var file = CredentialsFile.Find(surroundings);
        var server = Address(named ?? file?.Api ?? DefaultServer);

        if ((tokenOption ?? Variable(surroundings, "MODELFLOW_TOKEN")) is { } token)
        {
            return new Connection(server, token, tokenOption is null ? "MODELFLOW_TOKEN" : "--token");
        }

        return file is not null && Uri.Compare(Address(file.Api), server, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0
            ? new Connection(server, file.Token, file.Path)
            : new Connection(server, null, null);
    }

    private static string? Variable(Surroundings surroundings, string name) => surroundings.Environment(name) is { Length: > 0 } value ? value : null;

    private static Uri Address(string text)
    {
        if (!Uri.TryCreate(text.TrimEnd('/') + '/', UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps))
        {
            throw new CommandFailedException(ExitCode.Usage, $"'{text}' is not the address of a host.", $"Write it like {DefaultServer}.");
        }

        return uri;
    }
}
