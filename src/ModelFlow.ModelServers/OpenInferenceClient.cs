using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Inspection;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Serialization;

namespace ModelFlow.ModelServers;

/// <summary>
/// One call each to one model server: Open Inference Protocol V2 with the model repository extension, a version in every path.
/// Fails with <see cref="ModelServerException"/>; retries are the caller's.
/// </summary>
internal sealed class OpenInferenceClient(HttpClient http, IOptions<ModelServerOptions> options, TimeProvider time)
{
    /// <summary>Loads a version; says why these bytes cannot be, or what the server calls them in the bodies of OpenAI's API.</summary>
    public async Task<LoadAnswer> LoadAsync(Uri server, ModelName model, VersionName version, IReadOnlyList<(ManifestFile File, Uri Grant)> files, CancellationToken cancellationToken)
    {
        var body = new { files = files.Select(f => new { path = f.File.Path, size = f.File.Size, sha256 = f.File.Sha256.Hex, url = f.Grant.AbsoluteUri }) };
        try
        {
            var answer = await SendAsync(server, HttpMethod.Post, $"v2/repository/models/{model}/versions/{version}/load", body, options.Value.LoadTimeout, cancellationToken);
            return new LoadAnswer(null, ServedModel(answer));
        }
        catch (ModelServerException e) when (e.Status == HttpStatusCode.UnprocessableEntity)
        {
            return new LoadAnswer(e.Message, null);
        }
    }

    /// <summary>Unloads a version, if it is loaded.</summary>
    public Task UnloadAsync(Uri server, ModelName model, VersionName version, CancellationToken cancellationToken) =>
        SendAsync(server, HttpMethod.Post, $"v2/repository/models/{model}/versions/{version}/unload", new { }, options.Value.CallTimeout, cancellationToken);

    /// <summary>Fails unless the version answers requests.</summary>
    public Task CheckReadyAsync(Uri server, ModelName model, VersionName version, CancellationToken cancellationToken) =>
        SendAsync(server, HttpMethod.Get, $"v2/models/{model}/versions/{version}/ready", null, options.Value.CallTimeout, cancellationToken);

    /// <summary>The version's inputs, by the server's own metadata; none if it names none.</summary>
    public async Task<IReadOnlyList<TensorSignature>> InputsAsync(Uri server, ModelName model, VersionName version, CancellationToken cancellationToken)
    {
        var json = await SendAsync(server, HttpMethod.Get, $"v2/models/{model}/versions/{version}", null, options.Value.CallTimeout, cancellationToken);
        try
        {
            return JsonSerializer.Deserialize<Metadata>(json, CoreJson.Options)?.Inputs?.Where(i => i is { Name: not null, Datatype: not null, Shape: not null }).ToList() ?? [];
        }
        catch (JsonException e)
        {
            throw new ModelServerException($"The model server {server} answered with something that is no metadata.", e) { Status = HttpStatusCode.OK };
        }
    }

    /// <summary>One inference, whatever it answers.</summary>
    public Task InferAsync(Uri server, ModelName model, VersionName version, object body, CancellationToken cancellationToken) =>
        SendAsync(server, HttpMethod.Post, $"v2/models/{model}/versions/{version}/infer", body, options.Value.CallTimeout, cancellationToken);

    /// <summary>One completion of a language model, whatever it answers.</summary>
    public Task CompleteAsync(Uri server, object body, CancellationToken cancellationToken) =>
        SendAsync(server, HttpMethod.Post, "v1/completions", body, options.Value.CallTimeout, cancellationToken);

    /// <summary>What is loaded and ready; models and versions whose names are not ModelFlow's are left out.</summary>
    public async Task<IReadOnlyList<(ModelName Model, VersionName Version)>> ListAsync(Uri server, CancellationToken cancellationToken)
    {
        var json = await SendAsync(server, HttpMethod.Post, "v2/repository/index", new { ready = true }, options.Value.CallTimeout, cancellationToken);
        var found = new List<(ModelName, VersionName)>();
        try
        {
            foreach (var entry in JsonSerializer.Deserialize<IReadOnlyList<IndexEntry>>(json, CoreJson.Options) ?? [])
            {
                if (string.Equals(entry.State, "READY", StringComparison.Ordinal)
                    && ModelName.TryParse(entry.Name, out var model, out _) && VersionName.TryParse(entry.Version, out var version, out _))
                {
                    found.Add((model, version));
                }
            }
        }
        catch (JsonException e)
        {
            throw new ModelServerException($"The model server {server} answered with something that is no repository index.", e) { Status = HttpStatusCode.OK };
        }

        return found;
    }

    // Servers of the extension answer a load with nothing; ModelFlow's own says more.
    private static string? ServedModel(byte[] answer)
    {
        try
        {
            using var json = JsonDocument.Parse(answer);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("served_model", out var name) && name.ValueKind == JsonValueKind.String ? name.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task<byte[]> SendAsync(Uri server, HttpMethod method, string path, object? body, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(static l => ((CancellationTokenSource)l!).Cancel(), limit, timeout, Timeout.InfiniteTimeSpan);
        using var request = new HttpRequestMessage(method, new Uri(Folder(server), path))
        {
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", options.Value.ControlSecret) },
            Content = body is null ? null : JsonContent.Create(body, options: CoreJson.Options),
        };
        try
        {
            using var response = await http.SendAsync(request, limit.Token);
            var content = await response.Content.ReadAsByteArrayAsync(limit.Token);
            return response.IsSuccessStatusCode ? content : throw Failure(server, path, response.StatusCode, content);
        }
        catch (HttpRequestException e)
        {
            throw new ModelServerException($"The model server {server} cannot be reached: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ModelServerException($"The model server {server} did not answer {path} within {timeout}.", e);
        }
    }

    private static ModelServerException Failure(Uri server, string path, HttpStatusCode status, byte[] content)
    {
        ErrorBody? error = null;
        try
        {
            error = JsonSerializer.Deserialize<ErrorBody>(content, CoreJson.Options);
        }
        catch (JsonException)
        {
            // Something between here and the server answered; its status says enough.
        }

        return new ModelServerException(error?.Error is { } message ? message : $"The model server {server} answered {(int)status} to {path}.") { Status = status, Reason = error?.Reason };
    }

    // A base address is a folder: without the slash at its end its last part would be replaced.
    private static Uri Folder(Uri server) => server.AbsolutePath.EndsWith('/') ? server : new Uri(server.AbsoluteUri + "/");

    /// <summary>What came of a load.</summary>
    /// <param name="Refusal">Why the bytes cannot be served; null when they are.</param>
    /// <param name="ServedModel">What the server calls them in the bodies of OpenAI's API; null for the version's name.</param>
    internal sealed record LoadAnswer(string? Refusal, string? ServedModel);

    private sealed record ErrorBody(string? Error, string? Reason);

    private sealed record Metadata(IReadOnlyList<TensorSignature>? Inputs);

    private sealed record IndexEntry(string? Name, string? Version, string? State);
}
