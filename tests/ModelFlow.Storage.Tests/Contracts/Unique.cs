namespace ModelFlow.Storage.Tests.Contracts;

/// <summary>Names that no other test uses: tests share one storage account.</summary>
internal static class Unique
{
    private static int _last;

    public static string Label(string stem) => $"{stem}-{Environment.ProcessId}-{Interlocked.Increment(ref _last)}";
}
