using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using ModelFlow.EndToEnd.Azure;
using ModelFlow.EndToEnd.Product;
using ModelFlow.Testing;
using ModelFlow.Testing.Product;

namespace ModelFlow.EndToEnd;

/// <summary>The product on an Azure Functions host, where this machine has one: the demo's story as it is, and a ramp through the death of host and worker.</summary>
[Trait("Speed", "Slow")]
public sealed class FunctionsHostTests(ITestOutputHelper output)
{
    private const string Stable = "v1.0.0-base";
    private const string Candidate = "v1.1.0-mlp";
    private const string Release = $"digits-{Candidate}-1";

    private const string Ramp = """
        steps:
          - { weight: 50 %, bake: 20s }
          - { weight: 100 %, bake: 2s }
        lookEvery: 1s
        lease: 8s
        """;

    private static readonly TimeSpan LongestDemo = TimeSpan.FromMinutes(10);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Demo_against_a_Functions_host_observes_all_that_is_expected()
    {
        await using var azure = await AzureInstallation.StartAsync();
        var at = azure.Use.Credentials;
        var start = new ProcessStartInfo(
            Programs.Path("ModelFlow.Cli", "modelflow"),
            ["demo", "--against", (string)at["api"]!, "--gateway", (string)at["gateway"]!, "--storage", (string)at["storageConnectionString"]!, "--inference-key", (string)at["inferenceKey"]!])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["MODELFLOW_HOME"] = RepositoryRoot.Find();
        start.Environment["MODELFLOW_TOKEN"] = (string)at["token"]!;
        using var demo = Process.Start(start)!; // Not by the shell: there is one, or it throws.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(LongestDemo);
        var (said, complained) = (demo.StandardOutput.ReadToEndAsync(limit.Token), demo.StandardError.ReadToEndAsync(limit.Token));
        try
        {
            await demo.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!demo.HasExited)
            {
                demo.Kill(entireProcessTree: true);
                output.WriteLine(azure.HostOutput);
            }
        }

        output.WriteLine(await said);
        output.WriteLine(await complained);
        Assert.Equal(0, demo.ExitCode);
        Assert.Contains("as expected.", await said, StringComparison.Ordinal);
        Assert.DoesNotContain("NOT SO", await said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Host_and_worker_killed_in_a_ramp_the_release_goes_on_and_its_events_can_be_read_from_any_point()
    {
        await using var azure = await AzureInstallation.StartAsync();
        var modelflow = azure.Use;
        await modelflow.SetUpDigitsAsync(sample => CalmPolicy.Of(sample, Ramp));
        string[] approvers = [await modelflow.TokenAsync("approver-1", "approver"), await modelflow.TokenAsync("approver-2", "approver")];
        await ApprovedAsync(Stable);
        await modelflow.UntilAsync($"digits-{Stable}-1", r => (string)r["stage"]! == "ended");
        using var traffic = new LiveTraffic(modelflow, ["digits"]);
        using var sending = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var sent = traffic.RunAsync(sending.Token);
        await ApprovedAsync(Candidate);
        await modelflow.UntilAsync(Release, r => (int?)r["weight"] == 5000);
        var containers = azure.Containers;

        await azure.KillAndStartAgainAsync();

        var ended = await modelflow.UntilAsync(Release, r => (string)r["stage"]! == "ended", seconds: 240);
        await sending.CancelAsync();
        await sent;
        Assert.Equal("stable", (string)ended["outcome"]!);
        Assert.Equal(containers, azure.Containers);
        Assert.True((bool)(await modelflow.GetAsync($"api/releases/{Release}/events/verify"))["intact"]!);
        var routes = (await modelflow.GetAsync("api/models/digits/route/history"))["items"]!.AsArray();
        Assert.Equal([4, 3, 2, 1], routes.Select(r => (int)r!["generation"]!)); // The first version, two steps, the promotion: nothing twice.
        Assert.All(traffic.Answers, a => Assert.Null(a.Problem));
        await EventsStreamAsync(modelflow);
        await PageIsServedAsync(modelflow.Api);

        async Task ApprovedAsync(string version)
        {
            await modelflow.DropAsync(version);
            await modelflow.UntilAsync($"digits-{version}-1", r => (string)r["stage"]! == "awaitingApproval", seconds: 240);
            foreach (var token in approvers)
            {
                await modelflow.PostAsync($"api/releases/digits-{version}-1/decisions", new JsonObject { ["decision"] = "approve" }, token);
            }
        }
    }

    private static async Task PageIsServedAsync(Uri address)
    {
        using var http = new HttpClient();
        var document = await http.GetStringAsync(address, Cancel);
        var script = document.Split('"').Single(part => part.EndsWith("/main.js", StringComparison.Ordinal));

        Assert.Contains("<title>ModelFlow</title>", document, StringComparison.Ordinal);
        Assert.Contains("import", await http.GetStringAsync(new Uri(address, script), Cancel), StringComparison.Ordinal);
    }

    private static async Task EventsStreamAsync(Installation modelflow)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(modelflow.Api, $"api/releases/{Release}/events"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", (string)modelflow.Credentials["token"]!);
        request.Headers.Accept.ParseAdd("text/event-stream");
        request.Headers.Add("Last-Event-ID", "3");
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);

        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(Cancel));
        string? line;
        do
        {
            line = await lines.ReadLineAsync(Cancel);
        }
        while (line is not null && !line.StartsWith("id:", StringComparison.Ordinal));

        Assert.Equal("id: 4", line);
    }
}
