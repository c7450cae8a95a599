using System.Net;
using System.Text.Json;
using k8s;
using k8s.Autorest;
using k8s.Models;
using ModelFlow.Core.Ports;

namespace ModelFlow.Kubernetes;

/// <summary>Runs each start as a Job: creating it a second time is refused by its name, and that refusal is a start.</summary>
internal sealed class KubernetesPlatform(IKubernetes cluster, KubernetesEvaluationOptions options, KubernetesNodes nodes) : IEvaluationPlatform
{
    private static readonly TimeSpan DefaultWait = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(10);

    public string Name => $"the Kubernetes namespace {options.Namespace}";

    public async Task<StartContainer> StartAsync(PreparedStart start, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        var name = EvaluationJobs.NameOf(start);
        var secret = await TryAsync(() => cluster.CoreV1.CreateNamespacedSecretAsync(EvaluationJobs.Secret(start), options.Namespace, cancellationToken: cancellationToken), cancellationToken);
        if (secret.Failure is { Status: not HttpStatusCode.Conflict } noSecret)
        {
            return Otherwise(noSecret);
        }

        var job = await TryAsync(
            () => cluster.BatchV1.CreateNamespacedJobAsync(EvaluationJobs.Job(start, options, nodes, timeLimit), options.Namespace, cancellationToken: cancellationToken), cancellationToken);
        switch (job.Failure)
        {
            case { Status: HttpStatusCode.Conflict }:
                return new StartContainer.Started(name);
            case { } noJob:
                return Otherwise(noJob);
        }

        // The secret goes with the job. Where this fails it stays until somebody deletes it; what it grants ends by itself.
        var owner = new { metadata = new { ownerReferences = new[] { new { apiVersion = "batch/v1", kind = "Job", name, uid = job.Value!.Metadata?.Uid ?? "" } } } }; // no failure: there is a job
        await TryAsync(
            () => cluster.CoreV1.PatchNamespacedSecretAsync(new V1Patch(JsonSerializer.Serialize(owner), V1Patch.PatchType.MergePatch), name, options.Namespace, cancellationToken: cancellationToken),
            cancellationToken);
        return new StartContainer.Started(name);
    }

    public async Task<ContainerState> LookAsync(PreparedStart start, CancellationToken cancellationToken)
    {
        var name = EvaluationJobs.NameOf(start);
        var read = await TryAsync(() => cluster.BatchV1.ReadNamespacedJobAsync(name, options.Namespace, cancellationToken: cancellationToken), cancellationToken);
        switch (read.Failure)
        {
            case { Status: HttpStatusCode.NotFound }:
                return new ContainerState.None();
            case { } failure:
                return new ContainerState.Unknown(failure.Wait, failure.Reason);
        }

        var end = read.Value!.Status?.Conditions?.FirstOrDefault(c => c.Type is "Complete" or "Failed" && string.Equals(c.Status, "True", StringComparison.Ordinal)); // no failure: there is a job
        return end is null ? new ContainerState.Active(name) : new ContainerState.Ended($"job {name}", $"{end.Type} {end.Reason} {end.Message}".Trim());
    }

    public async Task<bool> StopAsync(PreparedStart start, CancellationToken cancellationToken)
    {
        // In the background: the pods and the secret go with the job.
        var name = EvaluationJobs.NameOf(start);
        var deleted = await TryAsync(
            () => cluster.BatchV1.DeleteNamespacedJobAsync(name, options.Namespace, propagationPolicy: "Background", cancellationToken: cancellationToken), cancellationToken);
        return deleted.Failure is null or { Status: HttpStatusCode.NotFound };
    }

    private StartContainer Otherwise(Failed failed) => failed.IsPassing ? new StartContainer.Later(failed.Wait, failed.Reason)
        : new StartContainer.Refused(failed.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
            ? $"{failed.Reason}. The host needs the rights that docs/evaluation-jobs.md lists, in {Name}"
            : failed.Reason);

    private static async Task<(T? Value, Failed? Failure)> TryAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return (await call(), null);
        }
        catch (HttpOperationException e)
        {
            var wait = e.Response.Headers is { } headers && headers.TryGetValue("Retry-After", out var values) && int.TryParse(values.FirstOrDefault(), out var seconds)
                ? TimeSpan.FromSeconds(Math.Clamp(seconds, 1, LongestWait.TotalSeconds))
                : DefaultWait;
            return (null, new Failed(e.Response.StatusCode, wait, $"the cluster answered {(int)e.Response.StatusCode}{Said(e.Response.Content)}"));
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is HttpRequestException or IOException or OperationCanceledException)
        {
            return (null, new Failed(default(HttpStatusCode), DefaultWait, $"the cluster did not answer: {e.Message}"));
        }
    }

    private static string Said(string? content)
    {
        try
        {
            return content is { Length: > 0 } && JsonDocument.Parse(content).RootElement.TryGetProperty("message", out var message) ? $": {message.GetString()}" : "";
        }
        catch (JsonException)
        {
            return "";
        }
    }

    private sealed record Failed(HttpStatusCode Status, TimeSpan Wait, string Reason)
    {
        public bool IsPassing => (int)Status is 0 or 408 or 409 or 429 or >= 500;
    }
}
