namespace ModelFlow.Benchmarks.Reporting;

/// <summary>One benchmark: it measures rounds side by side and reports its lines.</summary>
internal interface IBenchmark
{
    /// <summary>Debian programs that it drives or compares with.</summary>
    IReadOnlyList<string> Needs { get; }

    /// <summary>Measures.</summary>
    /// <param name="report">Takes the lines.</param>
    /// <param name="rounds">How often; null: the benchmark's own default.</param>
    /// <param name="cancellationToken">Ends what was started.</param>
    Task RunAsync(Report report, int? rounds, CancellationToken cancellationToken);
}
