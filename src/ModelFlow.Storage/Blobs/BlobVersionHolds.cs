using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Storage.Blobs;

/// <summary>
/// Legal holds on the current versions of the blobs in <c>models/{model}/{version}/</c>, the manifest's among them. Only blobs that the list says are
/// otherwise are asked for a change: https://learn.microsoft.com/rest/api/storageservices/set-blob-legal-hold
/// </summary>
internal sealed class BlobVersionHolds(StorageClients clients) : IVersionHolds
{
    private const int FilesAtATime = 8;
    private const int MostFailures = 20;

    private readonly BlobContainerClient _models = clients.Container(StorageNames.Models);

    public bool IsOn => clients.Options.LegalHolds;

    public async Task<SetHold> SetAsync(ModelName model, VersionName version, bool hold, CancellationToken cancellationToken)
    {
        var (files, changed, failures) = (0, 0, 0);
        SetHold? problem = null;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            var others = BlobLists.ListAsync(_models, ModelPaths.Folder(model, version), stop.Token, BlobTraits.LegalHold)
                .Where(blob => Interlocked.Increment(ref files) > 0 && blob.Properties.HasLegalHold != hold);
            await Parallel.ForEachAsync(others, new ParallelOptions { MaxDegreeOfParallelism = FilesAtATime, CancellationToken = stop.Token }, async (blob, cancel) =>
            {
                // The loop itself learns of it a little later.
                if (stop.IsCancellationRequested)
                {
                    return;
                }

                switch (await SetAsync(_models.GetBlobBaseClient(blob.Name), hold, cancel))
                {
                    case Change.Made:
                        Interlocked.Increment(ref changed);
                        break;
                    case Change.Failed failed:
                        Interlocked.CompareExchange(ref problem, failed.Problem, null);
                        if (!failed.IsOfOneFile || Interlocked.Increment(ref failures) >= MostFailures)
                        {
                            await stop.CancelAsync();
                        }

                        break;
                }
            });
        }
        catch (OperationCanceledException) when (problem is not null && !cancellationToken.IsCancellationRequested)
        {
            // A failure that others would meet, too, ended them.
        }
        catch (StorageException e)
        {
            problem ??= new SetHold.Incomplete(e.Message);
        }

        return problem ?? new SetHold.Done(files, changed);
    }

    private static async Task<Change> SetAsync(BlobBaseClient blob, bool hold, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await blob.SetLegalHoldAsync(hold, cancellationToken);
            return answer.Value.HasLegalHold == hold
                ? new Change.Made()
                : new Change.Failed(new SetHold.Refused("Storage:LegalHolds is on, and the storage takes holds without setting them. Turn it off for this storage."), IsOfOneFile: false);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return new Change.Gone();
        }
        catch (Exception e) when (StorageErrors.IsStorageFailure(e, cancellationToken))
        {
            var failure = StorageErrors.Translate($"{(hold ? "setting" : "lifting")} the legal hold of {blob.Name}", e);
            return StorageErrors.StatusOf(e) switch
            {
                403 => new Change.Failed(new SetHold.Refused($"{failure.Message} Storage:LegalHolds is on: the host's identity needs the role Storage Blob Data Owner on the container."), IsOfOneFile: false),
                405 or 501 => new Change.Failed(new SetHold.Refused($"{failure.Message} Storage:LegalHolds is on, and this storage has no legal holds. Turn it off."), IsOfOneFile: false),
                400 or 409 or 412 => new Change.Failed(
                    new SetHold.Incomplete($"{failure.Message} If this stays so: Storage:LegalHolds needs a container with version-level immutability."), IsOfOneFile: true),
                _ => new Change.Failed(new SetHold.Incomplete(failure.Message), IsOfOneFile: false),
            };
        }
    }

    private abstract record Change
    {
        public sealed record Made : Change;

        /// <summary>The blob was deleted since it was listed.</summary>
        public sealed record Gone : Change;

        public sealed record Failed(SetHold Problem, bool IsOfOneFile) : Change;
    }
}
