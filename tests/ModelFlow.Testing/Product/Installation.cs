using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace ModelFlow.Testing.Product;

/// <summary>A data folder with its hosts, used over HTTP only. Ends every process of it when disposed.</summary>
public sealed class Installation : IAsyncDisposable
{
    private readonly List<HostProcess> _hosts = [];
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private JsonNode? _credentials;

    /// <summary>Its data folder.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("modelflow-e2e-").FullName;

    /// <summary>The host that was started first.</summary>
    public HostProcess Host => _hosts[0];

    /// <summary>What <c>credentials.json</c> says.</summary>
    public JsonNode Credentials => _credentials ??= JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "credentials.json")))!;

    /// <summary>The API's address.</summary>
    public Uri Api => new((string)Credentials["api"]!);

    /// <summary>For Azure's own clients.</summary>
    public string StorageConnectionString => (string)Credentials["storageConnectionString"]!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Starts a host on free ports.</summary>
    public async Task<HostProcess> StartHostAsync(params IEnumerable<string> arguments)
    {
        var host = await HostProcess.StartAsync(Folder, ["--api-port", "0", "--gateway-port", "0", .. arguments]);
        _hosts.Add(host);
        _credentials = null;
        return host;
    }

    /// <summary>Starts a host on the ports of the one before, and does not wait for it.</summary>
    public HostProcess LaunchHost()
    {
        var host = HostProcess.Launch(Folder, "--api-port", "0", "--gateway-port", "0");
        _hosts.Add(host);
        return host;
    }

    /// <summary>Writes a setting that the hosts started after this read.</summary>
    public Task ConfigureAsync(string json) => File.WriteAllTextAsync(Path.Combine(Folder, "settings.json"), json, Cancel);

    /// <summary>Asks the API as admin, or with another token; the answer must be a success.</summary>
    public async Task<JsonNode?> AskAsync(HttpMethod method, string path, HttpContent? body = null, string? token = null, Uri? api = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(api ?? Api, path)) { Content = body };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token ?? (string)Credentials["token"]!);
        using var answer = await _http.SendAsync(request, Cancel);
        var text = await answer.Content.ReadAsStringAsync(Cancel);
        Check(answer.IsSuccessStatusCode, () => $"{method} {path} answered {(int)answer.StatusCode}: {text}");
        return text.Length == 0 ? null : JsonNode.Parse(text);
    }

    /// <summary>Reads from the API.</summary>
    public async Task<JsonNode> GetAsync(string path) => (await AskAsync(HttpMethod.Get, path))!;

    /// <summary>Sends JSON to the API.</summary>
    public Task<JsonNode?> PostAsync(string path, JsonNode body, string? token = null, Uri? api = null) =>
        AskAsync(HttpMethod.Post, path, new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"), token, api);

    /// <summary>Adds the digits' data sets and the default policy.</summary>
    /// <param name="change">Changes the sample policy's text.</param>
    public async Task SetUpDigitsAsync(Func<string, string>? change = null)
    {
        foreach (var name in new[] { "golden.jsonl", "eval.jsonl" })
        {
            await AskAsync(HttpMethod.Put, $"api/datasets/digits/{name}", new ByteArrayContent(await File.ReadAllBytesAsync(Sample(name), Cancel)));
        }

        var policy = await File.ReadAllTextAsync(Sample("policy.yaml"), Cancel);
        var answer = await AskAsync(HttpMethod.Put, "api/policies/default", new StringContent(change?.Invoke(policy) ?? policy, Encoding.UTF8, "application/yaml"));
        Check((bool)answer!["valid"]!, () => answer.ToJsonString());
    }

    /// <summary>Makes a token and returns its secret.</summary>
    public async Task<string> TokenAsync(string name, params IEnumerable<string> roles) =>
        (string)(await PostAsync("api/tokens", new JsonObject { ["name"] = name, ["roles"] = new JsonArray([.. roles.Select(r => (JsonNode)r)]) }))!["token"]!;

    /// <summary>Uploads a sample version by a grant, so that its uploader is known.</summary>
    public async Task PushAsync(string token, string version, string model = "digits", string? sample = null, JsonObject? lineage = null)
    {
        var bytes = await File.ReadAllBytesAsync(Sample((sample ?? version) + ".onnx"), Cancel);
        var grant = (await PostAsync("api/uploads/grants", new JsonObject { ["model"] = model, ["version"] = version, ["files"] = new JsonArray("model.onnx") }, token))!;
        var manifest = new JsonObject
        {
            ["schema"] = "modelflow/manifest/v1", ["model"] = model, ["version"] = version, ["format"] = "onnx",
            ["files"] = new JsonArray(new JsonObject { ["path"] = "model.onnx", ["size"] = bytes.Length, ["sha256"] = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes)) }),
        };
        foreach (var (name, value) in lineage ?? [])
        {
            manifest[name] = value?.DeepClone();
        }

        await PutBlobAsync((string)grant["files"]![0]!["url"]!, bytes);
        await PutBlobAsync((string)grant["manifest"]!["url"]!, Encoding.UTF8.GetBytes(manifest.ToJsonString()));
    }

    /// <summary>Waits until a release is in a state.</summary>
    public async Task<JsonNode> UntilAsync(string release, Func<JsonNode, bool> condition, int seconds = 120, Uri? api = null)
    {
        JsonNode? last = null;
        await UntilAsync(
            async () => (last = await FindAsync($"api/releases/{release}", api)) is not null && condition(last),
            seconds,
            () => $"release {release} is {last?.ToJsonString() ?? "absent"}\n{string.Join('\n', _hosts.Select(h => h.Output))}");
        return last!;
    }

    /// <summary>Reads from the API; null if there is no such thing.</summary>
    public async Task<JsonNode?> FindAsync(string path, Uri? api = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(api ?? Api, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", (string)Credentials["token"]!);
        using var answer = await _http.SendAsync(request, Cancel);
        if (answer.StatusCode == System.Net.HttpStatusCode.NotFound)
        {
            return null;
        }

        var text = await answer.Content.ReadAsStringAsync(Cancel);
        Check(answer.IsSuccessStatusCode, () => $"GET {path} answered {(int)answer.StatusCode}: {text}");
        return JsonNode.Parse(text);
    }

    /// <summary>Waits until something is so.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, int seconds, Func<string> otherwise)
    {
        var deadline = DateTime.UtcNow.AddSeconds(seconds);
        while (!await condition())
        {
            Check(DateTime.UtcNow < deadline, () => $"After {seconds} s: {otherwise()}");
            await Task.Delay(100, Cancel);
        }
    }

    /// <summary>Sends one row of pixels through the gateway. Returns the label, and the version that answered.</summary>
    public async Task<(int Label, string Version)> InferAsync(JsonArray pixels, string model = "digits")
    {
        var body = new JsonObject
        {
            ["inputs"] = new JsonArray(new JsonObject { ["name"] = "pixels", ["datatype"] = "FP32", ["shape"] = new JsonArray(1, 64), ["data"] = pixels.DeepClone() }),
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(new Uri((string)Credentials["gateway"]!), $"models/{model}/v2/infer"))
        {
            Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", (string)Credentials["inferenceKey"]!);
        using var answer = await _http.SendAsync(request, Cancel);
        var text = await answer.Content.ReadAsStringAsync(Cancel);
        Check(answer.IsSuccessStatusCode, () => $"inference answered {(int)answer.StatusCode}: {text}");
        var label = JsonNode.Parse(text)!["outputs"]!.AsArray().Single(o => (string)o!["name"]! == "label")!["data"]![0]!;
        return (int.Parse(label.ToJsonString(), CultureInfo.InvariantCulture), answer.Headers.GetValues("x-modelflow-version").Single());
    }

    /// <summary>The labelled rows of the smoke test.</summary>
    public static IReadOnlyList<JsonNode> GoldenRows() => [.. File.ReadLines(Sample("golden.jsonl")).Select(l => JsonNode.Parse(l)!)];

    /// <summary>The process ids of everything that was started on the folder.</summary>
    public IReadOnlyList<int> Processes()
    {
        var found = new List<int>();
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(d => char.IsAsciiDigit(Path.GetFileName(d)[0])))
        {
            try
            {
                // The folder's name is in the arguments of some programs and in the environment of the others.
                if (!File.ReadAllText(Path.Combine(process, "stat")).Contains(") Z ", StringComparison.Ordinal)
                    && (File.ReadAllText(Path.Combine(process, "cmdline")).Contains(Folder, StringComparison.Ordinal)
                        || File.ReadAllText(Path.Combine(process, "environ")).Contains(Folder, StringComparison.Ordinal)))
                {
                    found.Add(int.Parse(Path.GetFileName(process), CultureInfo.InvariantCulture));
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile, or is somebody else's.
            }
        }

        return found;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            await host.DisposeAsync();
        }

        await HostProcess.RunAsync(Folder, "stop");
        _http.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>The path of one of the digits' sample files.</summary>
    public static string Sample(string name) => Path.Combine(RepositoryRoot.Find(), "samples", "digits", name);

    private async Task PutBlobAsync(string url, byte[] bytes)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, url) { Content = new ByteArrayContent(bytes) };
        request.Headers.Add("x-ms-blob-type", "BlockBlob");
        using var answer = await _http.SendAsync(request, Cancel);
        Check(answer.IsSuccessStatusCode, () => $"PUT of a blob answered {(int)answer.StatusCode}");
    }

    private static void Check(bool holds, Func<string> otherwise)
    {
        if (!holds)
        {
            throw new InvalidOperationException(otherwise());
        }
    }
}
