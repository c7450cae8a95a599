using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Serving.Repository;

namespace ModelFlow.Serving.Tests.Support;

/// <summary>A model server on a free port of loopback, in the test's process, with a store to load from.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    public const string Secret = "a-secret-for-tests-only";

    private readonly bool _ownsDirectory;

    private RunningServer(WebApplication app, FileServer files, string directory, bool ownsDirectory)
    {
        App = app;
        Files = files;
        DataDirectory = directory;
        _ownsDirectory = ownsDirectory;
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        Control = new HttpClient { BaseAddress = new Uri(app.Urls.First()), DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", Secret) } };
    }

    public WebApplication App { get; }

    public FileServer Files { get; }

    public string DataDirectory { get; }

    /// <summary>Without the secret.</summary>
    public HttpClient Client { get; }

    /// <summary>With the secret.</summary>
    public HttpClient Control { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static Task<RunningServer> StartAsync(params string[] settings) => StartInAsync(null, settings);

    /// <summary>Starts over a directory that an earlier server left; the caller removes it.</summary>
    public static async Task<RunningServer> StartInAsync(string? directory, params string[] settings)
    {
        var data = directory ?? NewDirectory();
        var app = ServingApp.Build([$"--Serving:DataDirectory={data}", $"--Serving:ControlSecret={Secret}", "--Logging:LogLevel:Default=None", .. settings]);
        await app.StartAsync(Cancellation);
        return new RunningServer(app, await FileServer.StartAsync(Cancellation), data, directory is null);
    }

    public static string NewDirectory() => Directory.CreateTempSubdirectory("modelflow-serving-").FullName;

    public static JsonObject File(string path, byte[] content, string url) => new()
    {
        ["path"] = path,
        ["size"] = content.Length,
        ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(content)),
        ["url"] = url,
    };

    /// <summary>Puts the files into the store and asks for them to be loaded.</summary>
    public Task<Answer> LoadAsync(string model, string version, params (string Path, byte[] Content)[] files) => LoadAsync(model, version, Cancellation, files);

    /// <inheritdoc cref="LoadAsync(string, string, (string, byte[])[])"/>
    public async Task<Answer> LoadAsync(string model, string version, CancellationToken cancellation, params (string Path, byte[] Content)[] files)
    {
        foreach (var (path, content) in files)
        {
            Files.Files[$"{model}/{version}/{path}"] = content;
        }

        var body = new JsonObject { ["files"] = new JsonArray([.. files.Select(f => File(f.Path, f.Content, Files.Grant($"{model}/{version}/{f.Path}")))]) };
        return await SendAsync(Control, HttpMethod.Post, $"/v2/repository/models/{model}/versions/{version}/load", body.ToJsonString(), cancellation);
    }

    /// <summary>The same for a sample, which must load.</summary>
    public async Task LoadDigitsAsync(params string[] versions)
    {
        foreach (var version in versions)
        {
            var answer = await LoadAsync("digits", version, ("model.onnx", Digits.Model(version)));
            Assert.Equal(HttpStatusCode.OK, answer.Status);
        }
    }

    public LoadedVersion Loaded(string model, string version) => App.Services.GetRequiredService<ModelRepository>().Find(model, version)!;

    /// <summary>Whether this many bytes of some download lie on disk.</summary>
    public Func<bool> HasPartial(int bytes) => () =>
        Directory.EnumerateFiles(DataDirectory, "*", SearchOption.AllDirectories).Any(f => f.Contains("/partial/", StringComparison.Ordinal) && new FileInfo(f).Length >= bytes);

    public Task<Answer> UnloadAsync(string model, string version) => SendAsync(Control, HttpMethod.Post, $"/v2/repository/models/{model}/versions/{version}/unload", null);

    public Task<Answer> InferAsync(string model, string version, string body, CancellationToken? cancellation = null) =>
        SendAsync(Client, HttpMethod.Post, $"/v2/models/{model}/versions/{version}/infer", body, cancellation);

    public Task<Answer> GetAsync(string path) => SendAsync(Client, HttpMethod.Get, path, null);

    public async Task<Answer> SendAsync(HttpClient client, HttpMethod method, string path, string? body, CancellationToken? cancellation = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        using var response = await client.SendAsync(request, cancellation ?? Cancellation);
        return new Answer(
            response.StatusCode,
            await response.Content.ReadFromJsonAsync<JsonNode>(cancellation ?? Cancellation) ?? new JsonObject(),
            response.Headers.TryGetValues("x-modelflow-version", out var versions) ? versions.Single() : null,
            response.Headers.RetryAfter is not null);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Control.Dispose();
        await App.DisposeAsync();
        await Files.DisposeAsync();
        if (_ownsDirectory)
        {
            Directory.Delete(DataDirectory, recursive: true);
        }
    }
}

/// <summary>An answer of the server.</summary>
internal sealed record Answer(HttpStatusCode Status, JsonNode Body, string? Version, bool RetryAfter)
{
    public string? Error => (string?)Body["error"];

    public string? Field => (string?)Body["field"];

    public string? Reason => (string?)Body["reason"];

    public JsonNode Output(string name) => Body["outputs"]!.AsArray().Single(o => (string?)o!["name"] == name)!;

    public T[] Data<T>(string output) => [.. Output(output)["data"]!.AsArray().Select(v => v!.GetValue<T>())];
}
