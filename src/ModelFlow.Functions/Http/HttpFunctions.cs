using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using ModelFlow.Functions.Driving;

namespace ModelFlow.Functions.Http;

/// <summary>The one door for HTTP.</summary>
public sealed class HttpFunctions(ApiPipeline api, DurableDoorbell doorbell)
{
    /// <summary>Hands every request to the API, which knows who may do what. Functions' own keys play no part.</summary>
    [Function("Api")]
    public async Task AnswerAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", "post", "put", "patch", "delete", "options", Route = "{*path}")] HttpRequest request,
        [DurableClient] DurableTaskClient client)
    {
        ArgumentNullException.ThrowIfNull(request);
        try
        {
            await api.AnswerAsync(request.HttpContext);
        }
        finally
        {
            // What the request stored is stored, whether or not its client waited for the answer.
            await doorbell.DeliverAsync(client, CancellationToken.None);
        }
    }
}
