using System.Text.Json.Nodes;
using ModelFlow.Core.Evaluation.Remote;
using ModelFlow.Core.Ports;

namespace ModelFlow.Azure.ContainerApps;

/// <summary>
/// Runs each start as an execution of one Container Apps job. An execution is known again by the path of the description in its environment, as
/// a start has no name or key of its own.
/// </summary>
internal sealed class ContainerAppsPlatform(ContainerAppsArm arm) : IEvaluationPlatform
{
    private static readonly string[] Over = ["Succeeded", "Failed", "Stopped"];

    public string Name => $"the Container Apps job {arm.JobName}";

    /// <summary>The image that the job was deployed with; null if it has no container.</summary>
    /// <exception cref="IOException">The job cannot be read.</exception>
    public async Task<string?> ImageAsync(CancellationToken cancellationToken)
    {
        var job = await arm.GetJobAsync(cancellationToken);
        return job.IsSuccess ? job.Body is null ? null : $"{Container(job.Body)?["image"]}" : throw new IOException($"{Name} cannot be read: {job.Failure}");
    }

    public async Task<StartContainer> StartAsync(PreparedStart start, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        // The call replaces the whole template: what the job was deployed with is kept but for image and environment.
        var job = await arm.GetJobAsync(cancellationToken);
        if (!job.IsSuccess)
        {
            return Otherwise(job);
        }

        if (job.Body is null || Container(job.Body) is not { } deployed)
        {
            return new StartContainer.Refused($"{Name} has no container in its template");
        }

        var container = new JsonObject
        {
            ["name"] = deployed["name"]?.DeepClone(),
            ["image"] = start.Image,
            ["env"] = new JsonArray([
                .. (deployed["env"] as JsonArray ?? []).Where(e => !IsAddress(e)).Select(e => e?.DeepClone()),
                new JsonObject { ["name"] = RemoteJob.AddressVariable, ["value"] = start.Description.ToString() },
            ]),
        };
        foreach (var kept in new[] { "resources", "command", "args" })
        {
            if (deployed[kept] is JsonNode value)
            {
                container[kept] = value.DeepClone();
            }
        }

        (container["resources"] as JsonObject)?.Remove("ephemeralStorage"); // read-only
        var answer = await arm.StartAsync(new JsonObject { ["containers"] = new JsonArray(container) }, cancellationToken);
        return answer.IsSuccess ? new StartContainer.Started(answer.Body?["name"]?.ToString()) : Otherwise(answer);
    }

    public async Task<ContainerState> LookAsync(PreparedStart start, CancellationToken cancellationToken)
    {
        var (executions, last) = await FindAsync(start, cancellationToken);
        if (!last.IsSuccess)
        {
            return new ContainerState.Unknown(last.Wait, last.Failure!); // a failure has a text
        }

        if (executions.Count == 0)
        {
            return new ContainerState.None();
        }

        if (executions.FirstOrDefault(e => !IsOver(e)) is { } active)
        {
            return new ContainerState.Active(NameOf(active));
        }

        var ended = executions.MaxBy(e => $"{e["properties"]?["startTime"]}", StringComparer.Ordinal)!; // not empty
        return new ContainerState.Ended($"execution {NameOf(ended)}", StatusOf(ended));
    }

    public async Task<bool> StopAsync(PreparedStart start, CancellationToken cancellationToken)
    {
        var (executions, last) = await FindAsync(start, cancellationToken);
        var all = last.IsSuccess;
        foreach (var execution in executions.Where(e => !IsOver(e)))
        {
            var answer = await arm.StopAsync(NameOf(execution), cancellationToken);
            all &= answer.IsSuccess || answer.Status == 404;
        }

        return all;
    }

    private async Task<(List<JsonNode> Executions, ArmAnswer Last)> FindAsync(PreparedStart start, CancellationToken cancellationToken)
    {
        var (executions, last) = await arm.ListAsync(cancellationToken);
        return ([.. executions.Where(e => Containers(e["properties"]?["template"]).Any(c => IsOf(c, start)))], last);
    }

    // The signature differs with every grant; the path is the description's.
    private static bool IsOf(JsonNode container, PreparedStart start) => (container["env"] as JsonArray ?? []).Any(e =>
        IsAddress(e) && Uri.TryCreate($"{e!["value"]}", UriKind.Absolute, out var address) // an address is not null
        && string.Equals(address.AbsolutePath, start.Description.AbsolutePath, StringComparison.Ordinal));

    private static bool IsAddress(JsonNode? variable) => string.Equals($"{variable?["name"]}", RemoteJob.AddressVariable, StringComparison.Ordinal);

    private static JsonNode? Container(JsonNode job) => Containers(job["properties"]?["template"]).FirstOrDefault();

    private static IEnumerable<JsonNode> Containers(JsonNode? template) => (template?["containers"] as JsonArray ?? []).OfType<JsonNode>();

    private static string NameOf(JsonNode execution) => $"{execution["name"]}";

    private static string StatusOf(JsonNode execution) => $"{execution["properties"]?["status"]}";

    private static bool IsOver(JsonNode execution) => Over.Contains(StatusOf(execution), StringComparer.OrdinalIgnoreCase);

    private StartContainer Otherwise(ArmAnswer answer) => answer.IsPassing ? new StartContainer.Later(answer.Wait, answer.Failure!) // a failure has a text
        : new StartContainer.Refused(answer.Status is 401 or 403
            ? $"{answer.Failure}. The host's identity needs to read {Name} and its executions, to start it and to stop executions (docs/evaluation-jobs.md)"
            : answer.Failure!);
}
