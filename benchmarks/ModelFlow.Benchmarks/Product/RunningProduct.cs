using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using ModelFlow.Testing;
using ModelFlow.Testing.Product;

namespace ModelFlow.Benchmarks.Product;

/// <summary>The whole product on free ports and a data folder of its own, with the digits' data sets and a policy; used over HTTP.</summary>
internal sealed class RunningProduct : IAsyncDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private readonly string _folder;
    private readonly HostProcess _host;
    private readonly JsonNode _credentials;
    private readonly HttpClient _http;

    private RunningProduct(string folder, HostProcess host)
    {
        _folder = folder;
        _host = host;
        _credentials = JsonNode.Parse(File.ReadAllText(CredentialsFile))!;
        _http = new HttpClient { BaseAddress = new Uri((string)_credentials["api"]!), Timeout = TimeSpan.FromMinutes(5) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (string)_credentials["token"]!);
    }

    /// <summary>For Azure's own clients and others.</summary>
    public string StorageConnectionString => (string)_credentials["storageConnectionString"]!;

    /// <summary>Where live requests go, and with which key.</summary>
    public (Uri Address, string Key) Gateway => (new Uri((string)_credentials["gateway"]!), (string)_credentials["inferenceKey"]!);

    private string CredentialsFile => Path.Combine(_folder, "credentials.json");

    /// <summary>Starts it.</summary>
    /// <param name="policy">What releases have to pass, from the digits' sample policy.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public static async Task<RunningProduct> StartAsync(Func<string, string> policy, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("modelflow-bench-").FullName;
        var product = new RunningProduct(folder, await HostProcess.StartAsync(folder, "--api-port", "0", "--gateway-port", "0"));
        foreach (var name in new[] { "golden.jsonl", "eval.jsonl" })
        {
            await product.SendAsync(HttpMethod.Put, $"api/datasets/digits/{name}", new ByteArrayContent(await File.ReadAllBytesAsync(Sample(name), cancellationToken)), cancellationToken);
        }

        var yaml = policy(await File.ReadAllTextAsync(Sample("policy.yaml"), cancellationToken));
        await product.SendAsync(HttpMethod.Put, "api/policies/default", new StringContent(yaml, Encoding.UTF8, "application/yaml"), cancellationToken);
        return product;
    }

    /// <summary>A file of the digits sample.</summary>
    public static string Sample(string name) => Path.Combine(RepositoryRoot.Find(), "samples", "digits", name);

    /// <summary>Sends JSON; the answer must be a success.</summary>
    public Task<JsonNode> PostAsync(string path, JsonNode body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, path, new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"), cancellationToken);

    /// <summary>Uploads a version with the command line, as a person does. Returns the seconds it took.</summary>
    public Task<double> PushAsync(string path, string model, string version, CancellationToken cancellationToken)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["MODELFLOW_CREDENTIALS"] = CredentialsFile };
        return TimedProcess.RunAsync(Programs.Path("ModelFlow.Cli", "modelflow"), ["push", path, "--model", model, "--version", version], environment, cancellationToken);
    }

    /// <summary>Waits until a GET is answered with what is waited for. Not found is an answer to wait on.</summary>
    public async Task<JsonNode> UntilAsync(string path, Func<JsonNode, bool> condition, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var answer = await _http.GetAsync(path, cancellationToken);
            if (answer.IsSuccessStatusCode && JsonNode.Parse(await answer.Content.ReadAsStringAsync(cancellationToken)) is { } read && condition(read))
            {
                return read;
            }

            await Task.Delay(Poll, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _host.StopAsync();
        await _host.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, HttpContent content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        using var answer = await _http.SendAsync(request, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        return answer.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new InvalidOperationException($"{method} {path} answered {(int)answer.StatusCode}: {text}");
    }
}
