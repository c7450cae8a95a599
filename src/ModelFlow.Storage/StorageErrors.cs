using Azure;
using ModelFlow.Core.Ports;

namespace ModelFlow.Storage;

/// <summary>The one place where the SDK's failures become <see cref="StorageException"/>.</summary>
internal static class StorageErrors
{
    /// <summary>Runs a call to the storage; a failure names <paramref name="doing"/>.</summary>
    public static async Task<T> TranslateAsync<T>(string doing, Func<Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call();
        }
        catch (Exception e) when (IsStorageFailure(e, cancellationToken))
        {
            throw Translate(doing, e);
        }
    }

    /// <summary>Whether an exception says that the storage failed, and not that the caller gave up or that the code is wrong.</summary>
    public static bool IsStorageFailure(Exception exception, CancellationToken cancellationToken) => exception switch
    {
        RequestFailedException => true,
        AggregateException many => many.InnerExceptions.All(e => IsStorageFailure(e, cancellationToken)), // The SDK's summary of its retries.
        OperationCanceledException => !cancellationToken.IsCancellationRequested, // The SDK's timeout.
        HttpRequestException or IOException => true,
        _ => false,
    };

    public static StorageException Translate(string doing, Exception exception)
    {
        var status = StatusOf(exception);
        var reason = exception is AggregateException many ? many.InnerExceptions[^1].Message : exception.Message;
        return new StorageException($"The storage failed {doing}: {FirstLine(reason)}", exception)
        {
            // A conflict that no outcome covers passes with what it conflicts with: a container that is being deleted, a lease.
            IsTransient = status is 0 or 408 or 409 or 412 or 429 or >= 500,
        };
    }

    /// <summary>The HTTP status; 0 when there was no answer.</summary>
    public static int StatusOf(Exception exception) => exception switch
    {
        RequestFailedException e => e.Status,
        AggregateException many => StatusOf(many.InnerExceptions[^1]),
        _ => 0,
    };

    /// <summary>Whether nobody can know if a write with this failure took effect.</summary>
    public static bool IsUncertain(Exception exception) => StatusOf(exception) is 0 or 408 or 429 or >= 500;

    private static string FirstLine(string text) => text.Split('\n', 2)[0].TrimEnd();
}
