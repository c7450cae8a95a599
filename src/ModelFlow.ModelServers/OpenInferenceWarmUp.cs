using System.Net;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Ports;

namespace ModelFlow.ModelServers;

/// <summary>
/// Warms a version up by inferences over HTTP, as the gateway sends them: golden rows, so that what is planned and compiled is what users' requests
/// need; where they do not fit, one row of zeros (of texts: empty ones) in the shapes that the server's own metadata names.
/// </summary>
internal sealed class OpenInferenceWarmUp(OpenInferenceClient client, IDatasetStore datasets, TimeProvider time) : IModelWarmUp
{
    // A slow model is warm after a few requests; a release does not wait for a thousand of them.
    private static readonly TimeSpan MostTime = TimeSpan.FromMinutes(2);

    /// <inheritdoc/>
    public async Task<WarmUpModel> WarmUpAsync(VersionRecord version, IReadOnlyList<Uri> replicas, WarmUpPlan plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(version);
        ArgumentNullException.ThrowIfNull(replicas);
        ArgumentNullException.ThrowIfNull(plan);
        var golden = await GoldenRows.ReadAsync(datasets, plan.Rows, time, cancellationToken);
        var all = await Task.WhenAll(replicas.Select(server => WarmUpOneAsync(server, version, plan, golden, cancellationToken)));
        if ((all.FirstOrDefault(o => o is WarmUpModel.Failed) ?? all.FirstOrDefault(o => o is WarmUpModel.NotPossible)) is { } not)
        {
            return not;
        }

        // The replica that had least says what was sent.
        var warm = all.OfType<WarmUpModel.Warm>().OrderBy(w => w.Requests).ThenByDescending(w => w.What.Length).ToList();
        return warm[0] with { First = warm.Max(w => w.First), Last = warm.Max(w => w.Last) };
    }

    private async Task<WarmUpModel> WarmUpOneAsync(Uri server, VersionRecord version, WarmUpPlan plan, GoldenRows golden, CancellationToken cancellationToken)
    {
        var problem = "";
        var bodies = plan.ServedModel is { } served
            ? WarmUpBodies.OfPrompts(served, golden)
            : WarmUpBodies.OfTensors(await client.InputsAsync(server, version.Model, plan.Instance ?? version.Version, cancellationToken), golden, plan.Label, out problem);
        WarmUpModel outcome = new WarmUpModel.NotPossible(problem);
        foreach (var body in bodies)
        {
            outcome = await SendAsync(server, version, plan, body, cancellationToken);
            if (outcome is not WarmUpModel.NotPossible)
            {
                break;
            }
        }

        return outcome;
    }

    private async Task<WarmUpModel> SendAsync(Uri server, VersionRecord version, WarmUpPlan plan, WarmUpBodies bodies, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        TimeSpan first = default, last = default;
        var sent = 0;
        while (sent < plan.Requests && (sent == 0 || time.GetElapsedTime(start) < MostTime))
        {
            var began = time.GetTimestamp();
            try
            {
                if (plan.ServedModel is null)
                {
                    await client.InferAsync(server, version.Model, plan.Instance ?? version.Version, bodies.Of(sent), cancellationToken);
                }
                else
                {
                    await client.CompleteAsync(server, bodies.Of(sent), cancellationToken);
                }
            }
            catch (ModelServerException e) when (e.Status is >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError and not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests))
            {
                return new WarmUpModel.NotPossible($"{server} does not take {bodies.What}: {e.Message}");
            }
            catch (ModelServerException e) when (e.Status is HttpStatusCode.InternalServerError or HttpStatusCode.NotImplemented)
            {
                return new WarmUpModel.Failed($"request {sent + 1} of {plan.Requests} failed at {server}: {e.Message}");
            }

            last = time.GetElapsedTime(began);
            first = sent++ == 0 ? last : first;
        }

        return new WarmUpModel.Warm(sent, bodies.What, first, last);
    }
}
