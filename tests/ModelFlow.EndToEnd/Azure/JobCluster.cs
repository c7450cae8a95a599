using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using ModelFlow.Testing.Product;

namespace ModelFlow.EndToEnd.Azure;

/// <summary>
/// Stands in for a Kubernetes API server, as far as evaluations ask one: a Job's container is a process here, the real agent with the real evaluator. What it
/// answers is what the runner's own tests hold against the API's documentation.
/// </summary>
internal sealed class JobCluster : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, string> _addresses = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Process> _jobs = new(StringComparer.Ordinal);
    private readonly HttpListener _listener = new();
    private readonly string _folder;
    private readonly Task _serving;

    /// <summary>Starts it, with its containers' files in <paramref name="folder"/>.</summary>
    public JobCluster(string folder, int port)
    {
        _folder = folder;
        Directory.CreateDirectory(folder);
        var address = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");
        KubeConfig = Path.Combine(folder, "kubeconfig");
        File.WriteAllText(KubeConfig, $$"""
            apiVersion: v1
            kind: Config
            clusters: [{ name: local, cluster: { server: "{{address}}" } }]
            contexts: [{ name: local, context: { cluster: local, user: nobody } }]
            users: [{ name: nobody, user: { token: "none" } }]
            current-context: local
            """);
        _listener.Prefixes.Add($"{address}/");
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>The file that says where it is.</summary>
    public string KubeConfig { get; }

    /// <summary>How many containers it started.</summary>
    public int Started => _jobs.Count;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
        foreach (var job in _jobs.Values)
        {
            if (!job.HasExited)
            {
                job.Kill(entireProcessTree: true);
            }

            job.Dispose();
        }
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                using var reader = new StreamReader(context.Request.InputStream);
                var text = await reader.ReadToEndAsync();
                var (status, answer) = Answer(context.Request, text.Length == 0 ? null : JsonNode.Parse(text));
                context.Response.StatusCode = status;
                context.Response.ContentType = "application/json";
                await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(answer.ToJsonString()));
                context.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or IOException)
            {
                // Stopped, or the host was killed while it asked.
            }
        }
    }

    private (int Status, JsonNode Answer) Answer(HttpListenerRequest request, JsonNode? body)
    {
        var last = request.Url!.Segments[^1].TrimEnd('/'); // A request has an address.
        var name = (string?)body?["metadata"]?["name"] ?? last;
        switch (request.HttpMethod, last)
        {
            case ("POST", "secrets"):
                return _addresses.TryAdd(name, (string)body!["stringData"]!["address"]!) ? (201, body) : Status(409);
            case ("POST", "jobs"):
                return _jobs.TryAdd(name, Run(name)) ? (201, body!) : Status(409);
            case ("PATCH", _):
                return (200, new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Secret", ["metadata"] = new JsonObject { ["name"] = last } });
            case ("GET", _) when _jobs.TryGetValue(last, out var job):
                return (200, new JsonObject { ["apiVersion"] = "batch/v1", ["kind"] = "Job", ["metadata"] = new JsonObject { ["name"] = last }, ["status"] = StatusOf(job) });
            case ("DELETE", _) when _jobs.TryGetValue(last, out var job):
                job.Kill(entireProcessTree: true);
                return Status(200);
            default:
                return Status(404);
        }
    }

    private static JsonObject StatusOf(Process job) => job.HasExited
        ? new JsonObject { ["conditions"] = new JsonArray(new JsonObject { ["type"] = job.ExitCode == 0 ? "Complete" : "Failed", ["status"] = "True" }) }
        : [];

    private static (int Status, JsonNode Answer) Status(int code) => (code, new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Status", ["code"] = code });

    private Process Run(string name)
    {
        var start = new ProcessStartInfo(
            Programs.Path("ModelFlow.EvaluationAgent", "modelflow-evaluation-agent"),
            ["--work", Path.Combine(_folder, name), Programs.Path("ModelFlow.Evaluator", "modelflow-evaluator")])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["MODELFLOW_JOB_ADDRESS"] = _addresses[name];
        var job = Process.Start(start)!; // Not by the shell: there is one, or it throws.
        job.BeginOutputReadLine();
        job.BeginErrorReadLine();
        return job;
    }
}
