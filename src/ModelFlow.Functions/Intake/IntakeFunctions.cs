using Azure.Storage.Blobs;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using ModelFlow.Functions.Driving;
using ModelFlow.Orchestration.Intake;

namespace ModelFlow.Functions.Intake;

/// <summary>Takes uploads in: at once when Event Grid tells of one, and every minute whatever was not told.</summary>
public sealed class IntakeFunctions(IncomingSweep sweep, DurableDoorbell doorbell)
{
    /// <summary>
    /// A blob arrived. Its content is never read here: a model may have hundreds of gigabytes, and its bytes are hostile until proven otherwise.
    /// </summary>
    [Function("UploadArrived")]
    public async Task UploadArrivedAsync(
        [BlobTrigger("incoming/{name}", Source = BlobTriggerSource.EventGrid, Connection = "Uploads")] BlobClient blob,
        string name,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        // Of an upload's many files only the last one completes it.
        if (IncomingUploads.MayComplete(name))
        {
            await SweepAsync(client, cancellationToken);
        }
    }

    /// <summary>Every minute: what lies complete in <c>incoming</c> and was not told of, or could not be taken in then.</summary>
    [Function("SweepUploads")]
    public Task SweepUploadsAsync([TimerTrigger("30 * * * * *")] TimerInfo timer, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        SweepAsync(client, cancellationToken);

    private async Task SweepAsync(DurableTaskClient client, CancellationToken cancellationToken)
    {
        await sweep.SweepAsync(cancellationToken);
        await doorbell.DeliverAsync(client, cancellationToken);
    }
}
