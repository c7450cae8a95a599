using System.Net;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Ports;

namespace ModelFlow.ModelServers;

/// <summary>
/// Warms a version up by inferences over HTTP, as the gateway sends them: one row of zeros (of texts: empty ones) in the shapes that the
/// server's own metadata names.
/// </summary>
internal sealed class OpenInferenceWarmUp(OpenInferenceClient client, TimeProvider time) : IModelWarmUp
{
    /// <inheritdoc/>
    public async Task<WarmUpModel> WarmUpAsync(VersionRecord version, IReadOnlyList<Uri> replicas, int requests, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(version);
        ArgumentNullException.ThrowIfNull(replicas);
        var all = await Task.WhenAll(replicas.Select(server => WarmUpOneAsync(server, version, requests, cancellationToken)));
        return all.FirstOrDefault(o => o is WarmUpModel.Failed)
            ?? all.FirstOrDefault(o => o is WarmUpModel.NotPossible)
            ?? new WarmUpModel.Warm(all.OfType<WarmUpModel.Warm>().Max(w => w.First), all.OfType<WarmUpModel.Warm>().Max(w => w.Last));
    }

    private async Task<WarmUpModel> WarmUpOneAsync(Uri server, VersionRecord version, int requests, CancellationToken cancellationToken)
    {
        var inputs = await client.InputsAsync(server, version.Model, version.Version, cancellationToken);
        if (WarmUpRequest.Of(inputs, out var problem) is not { } body)
        {
            return new WarmUpModel.NotPossible(problem);
        }

        TimeSpan first = default, last = default;
        for (var i = 1; i <= requests; i++)
        {
            var began = time.GetTimestamp();
            try
            {
                await client.InferAsync(server, version.Model, version.Version, body, cancellationToken);
            }
            catch (ModelServerException e) when (e.Status is >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError and not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests))
            {
                return new WarmUpModel.NotPossible($"{server} does not take a row of zeros: {e.Message}");
            }
            catch (ModelServerException e) when (e.Status is HttpStatusCode.InternalServerError or HttpStatusCode.NotImplemented)
            {
                return new WarmUpModel.Failed($"request {i} of {requests} failed at {server}: {e.Message}");
            }

            last = time.GetElapsedTime(began);
            first = i == 1 ? last : first;
        }

        return new WarmUpModel.Warm(first, last);
    }
}
