using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs;
using ModelFlow.Cli.Commands;
using ModelFlow.Cli.Connecting;

namespace ModelFlow.Cli.Demo;

/// <summary>What the story needs before it begins: the samples, data sets, the policy, two approvers and an operator.</summary>
internal sealed class DemoSetting : IAsyncDisposable
{
    private DemoSetting(string samples, BlobContainerClient incoming, IReadOnlyList<ApiClient> approvers, ApiClient operatorApi, CardApprovals? cards)
    {
        Cards = cards;
        Samples = samples;
        Incoming = incoming;
        Approvers = approvers;
        Operator = operatorApi;
    }

    /// <summary>The folder of the digits models.</summary>
    public string Samples { get; }

    /// <summary>The container that uploads are put into, without any of ModelFlow's programs.</summary>
    public BlobContainerClient Incoming { get; }

    public IReadOnlyList<ApiClient> Approvers { get; }

    public ApiClient Operator { get; }

    /// <summary>The people who approve by cards; null where the host sends none to this machine.</summary>
    public CardApprovals? Cards { get; }

    public static async Task<DemoSetting> PrepareAsync(Call call, DemoPlace place, string model)
    {
        var samples = FindSamples(call.Surroundings);
        var cancellationToken = call.CancellationToken;
        if ((await place.Admin.GetAsync("api/models", cancellationToken))["items"]!.AsArray().Any(m => (string?)m!["model"] == model))
        {
            throw new CommandFailedException(ExitCode.Conflict, $"The model '{model}' has versions already.", "Name another with --model, or leave out --data for a new folder.");
        }

        foreach (var file in new[] { "golden.jsonl", "eval.jsonl" })
        {
            var path = Path.Combine(samples, file);
            await place.Admin.SendAsync(HttpMethod.Put, $"api/datasets/digits/{file}", () => new StreamContent(File.OpenRead(path)), cancellationToken);
        }

        var yaml = await File.ReadAllBytesAsync(Path.Combine(samples, "policy.yaml"), cancellationToken);
        await place.Admin.SendAsync(
            HttpMethod.Put,
            ApiClient.Path($"api/models/{model}/policy"),
            () => new ByteArrayContent(yaml) { Headers = { ContentType = new MediaTypeHeaderValue("application/yaml") } },
            cancellationToken);

        var suffix = Guid.NewGuid().ToString("N")[..6];
        var second = await TokenAsync($"demo-approver-2-{suffix}", "approver");
        var approvers = new List<ApiClient> { place.As(await TokenAsync($"demo-approver-1-{suffix}", "approver")), place.As(second) };
        var operatorApi = place.As(await TokenAsync($"demo-operator-{suffix}", "operator"));
        var cards = await CardApprovals.StartAsync(call, place, model, suffix, second);
        return new DemoSetting(samples, new BlobContainerClient(place.At.StorageConnectionString, "incoming"), approvers, operatorApi, cards);

        async Task<string> TokenAsync(string name, string role)
        {
            var body = new JsonObject { ["name"] = name, ["roles"] = new JsonArray(role), ["expiresIn"] = "1d" };
            var made = await place.Admin.SendAsync(HttpMethod.Post, "api/tokens", body, cancellationToken);
            return (string)made!["token"]!;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Cards is not null)
        {
            await Cards.DisposeAsync();
        }

        foreach (var approver in Approvers)
        {
            approver.Dispose();
        }

        Operator.Dispose();
    }

    private static string FindSamples(Surroundings surroundings)
    {
        var home = surroundings.Environment("MODELFLOW_HOME") is { Length: > 0 } named ? named : surroundings.Folder;
        var folder = Path.Combine(home, "samples", "digits");
        return Directory.Exists(folder)
            ? folder
            : throw new CommandFailedException(ExitCode.NotFound, $"The sample models are not in {folder}.", "Run ./modelflow demo in a clone.");
    }
}
