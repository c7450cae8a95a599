using Microsoft.Extensions.Options;
using ModelFlow.Gateway.Routing;

namespace ModelFlow.Gateway.Forwarding;

/// <summary>
/// Asks each replica now and then whether it is ready, in the protocol it answers in: of Open Inference its version's <c>ready</c>, of
/// OpenAI's API the list of models.
/// </summary>
internal sealed class HealthChecker(TargetPool pool, UpstreamClient upstream, IOptions<GatewayOptions> options, TimeProvider time, ILogger<HealthChecker> logger)
    : BackgroundService
{
    private const int AtOnce = 16;

    private readonly HealthOptions _options = options.Value.Health;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_options.CheckEvery == TimeSpan.Zero)
        {
            return;
        }

        try
        {
            while (true)
            {
                // Gateways that were started together do not ask together.
                await Task.Delay(_options.CheckEvery * (0.9 + (0.2 * Random.Shared.NextDouble())), time, stoppingToken);
                await Parallel.ForEachAsync(
                    pool.Replicas(),
                    new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stoppingToken },
                    async (at, token) => logger.HealthChanged(at.Replica.Health.Checked(await IsReadyAsync(at.Replica, token)), at.Version, at.Replica, "its readiness check"));
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private async Task<bool> IsReadyAsync(Replica replica, CancellationToken stopping)
    {
        var speaks = replica.Speaks;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        using var timer = time.CreateTimer(static l => ((CancellationTokenSource)l!).Cancel(), limit, _options.CheckTimeout, Timeout.InfiniteTimeSpan);
        using var request = new HttpRequestMessage(HttpMethod.Get, replica.AddressOf(speaks == Protocol.OpenAi ? ModelOperation.Models : ModelOperation.Ready));
        try
        {
            using var answer = await upstream.Invoker.SendAsync(request, limit.Token);

            // A server that has answered nothing yet may speak another protocol, and one of OpenAI's may want a key for its list.
            return answer.IsSuccessStatusCode || ((int)answer.StatusCode < 500 && speaks != Protocol.OpenInference);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !stopping.IsCancellationRequested)
        {
            return false;
        }
    }
}
