using ModelFlow.LocalHost.Folder;

namespace ModelFlow.LocalHost.Running;

/// <summary>What a person reads when the host is up.</summary>
internal static class Banner
{
    public static void Print(TextWriter output, DataFolder folder, Uri api, Addresses addresses, PreparedCredentials credentials, bool standby)
    {
        output.WriteLine(standby ? "ModelFlow stands by." : "ModelFlow is running.");
        output.WriteLine($"  page       {api} (sign in with a token, see below)");
        output.WriteLine($"  API        {api}");
        output.WriteLine($"  inference  {addresses.Gateway}models/{{model}}/v2/infer");
        output.WriteLine($"  storage    {addresses.Blob?.ToString() ?? "your own"}");
        output.WriteLine($"  data       {folder.Path}");
        output.WriteLine($"  sign-in    {folder.CredentialsFile} (admin token, storage connection string, inference key)");
        if (credentials.NewToken is { } token)
        {
            output.WriteLine($"  The first admin token, shown this once: {token}");
        }

        output.WriteLine(standby ? "Ctrl-C stops this stand-in." : "Ctrl-C stops everything; the data stays.");
        output.Flush();
    }
}
