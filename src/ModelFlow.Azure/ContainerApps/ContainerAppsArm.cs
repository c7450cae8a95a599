using System.Text.Json;
using System.Text.Json.Nodes;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace ModelFlow.Azure.ContainerApps;

/// <summary>
/// Calls Azure Resource Manager for one Container Apps job, API version 2025-07-01. Nothing is tried again here: a start has no idempotency key,
/// and whoever asks knows when to ask again.
/// </summary>
internal sealed class ContainerAppsArm
{
    private const string ApiVersion = "2025-07-01";
    private const int MostPages = 20;

    private readonly HttpPipeline _pipeline;
    private readonly Uri _managementUri;
    private readonly string _jobResourceId;

    public ContainerAppsArm(string jobResourceId, ContainerAppsEvaluationOptions options, TokenCredential credential, HttpPipelineTransport? transport = null)
    {
        _managementUri = options.ManagementUri;
        _jobResourceId = jobResourceId;
        var client = new ArmClientOptions();
        client.Retry.MaxRetries = 0;
        client.Retry.NetworkTimeout = options.RequestTimeout;
        client.Diagnostics.IsTelemetryEnabled = false;

        // A start carries a grant in its body.
        client.Diagnostics.IsLoggingContentEnabled = false;
        if (transport is not null)
        {
            client.Transport = transport;
        }

        var scope = new Uri(options.ManagementUri, "/.default").ToString();
        HttpPipelinePolicy authentication = new BearerTokenAuthenticationPolicy(credential, scope);
        _pipeline = HttpPipelineBuilder.Build(client, authentication);
    }

    /// <summary>The job's name.</summary>
    public string JobName => _jobResourceId[(_jobResourceId.LastIndexOf('/') + 1)..];

    /// <summary>The job as it was deployed.</summary>
    public Task<ArmAnswer> GetJobAsync(CancellationToken cancellationToken) => SendAsync(RequestMethod.Get, Address(""), body: null, cancellationToken);

    /// <summary>Starts an execution with this template in place of the job's.</summary>
    public Task<ArmAnswer> StartAsync(JsonNode template, CancellationToken cancellationToken) => SendAsync(RequestMethod.Post, Address("/start"), template, cancellationToken);

    /// <summary>Ends an execution.</summary>
    public Task<ArmAnswer> StopAsync(string execution, CancellationToken cancellationToken) =>
        SendAsync(RequestMethod.Post, Address($"/executions/{Uri.EscapeDataString(execution)}/stop"), body: null, cancellationToken);

    /// <summary>All executions that the service still knows, or the failure of the page that could not be read.</summary>
    public async Task<(IReadOnlyList<JsonNode> Executions, ArmAnswer Last)> ListAsync(CancellationToken cancellationToken)
    {
        var all = new List<JsonNode>();
        var next = Address("/executions");
        for (var page = 0; ; page++)
        {
            var answer = await SendAsync(RequestMethod.Get, next, body: null, cancellationToken);
            if (!answer.IsSuccess)
            {
                return ([], answer);
            }

            all.AddRange((answer.Body?["value"] as JsonArray ?? []).OfType<JsonNode>());

            // A link elsewhere would be given the token.
            if (answer.Body?["nextLink"]?.GetValue<string>() is not { Length: > 0 } link || page == MostPages
                || !Uri.TryCreate(link, UriKind.Absolute, out var following) || !string.Equals(following.Authority, next.Authority, StringComparison.OrdinalIgnoreCase))
            {
                return (all, answer);
            }

            next = following;
        }
    }

    private Uri Address(string path) => new(_managementUri, $"{_jobResourceId}{path}?api-version={ApiVersion}");

    private async Task<ArmAnswer> SendAsync(RequestMethod method, Uri address, JsonNode? body, CancellationToken cancellationToken)
    {
        using var message = _pipeline.CreateMessage();
        message.Request.Method = method;
        message.Request.Uri.Reset(address);
        message.Request.Headers.Add("Accept", "application/json");
        if (body is not null)
        {
            message.Request.Headers.Add("Content-Type", "application/json");
            message.Request.Content = RequestContent.Create(JsonSerializer.SerializeToUtf8Bytes(body));
        }

        try
        {
            await _pipeline.SendAsync(message, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is RequestFailedException or AggregateException or IOException or OperationCanceledException or HttpRequestException)
        {
            return new ArmAnswer(0, null, null, $"Azure Resource Manager did not answer: {FirstLine(e.Message)}");
        }

        var response = message.Response;
        var read = Read(response);
        var wait = response.Headers.TryGetValue("Retry-After", out var text) && int.TryParse(text, out var seconds) ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
        return new ArmAnswer(response.Status, read, wait, response.IsError ? $"Azure Resource Manager answered {response.Status}{Reason(read)}" : null);
    }

    private static JsonNode? Read(Response response)
    {
        try
        {
            return response.Content.ToMemory().Length == 0 ? null : JsonNode.Parse(response.Content.ToMemory().Span);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Reason(JsonNode? body) => body is JsonObject && body["error"] is JsonObject error
        ? $" ({error["code"]}): {FirstLine($"{error["message"]}")}"
        : "";

    private static string FirstLine(string text) => text.Split('\n', 2)[0].TrimEnd();

    private sealed class ArmClientOptions : ClientOptions;
}
