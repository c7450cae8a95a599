using System.Data.Common;
using System.Text.Json;
using ModelFlow.Core.Evaluation.Rows;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Ports;
using Sylvan.Data.Csv;

namespace ModelFlow.ModelServers;

/// <summary>The first rows of a data set as a warm-up sends them; or why there are none.</summary>
internal sealed class GoldenRows
{
    /// <summary>More rows than these are not read.</summary>
    public const int MostRows = 16;

    // Golden rows are few; a larger file is not held in a host's memory for a warm-up.
    private const int MostBytes = 32 << 20;
    private const int MostColumns = 100_000;
    private const int LongestPrompt = 2_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly string[] PromptFields = ["prompt", "text", "context"];

    private readonly byte[] _content = [];
    private readonly bool _isCsv;

    private GoldenRows(DatasetReference dataset, byte[] content)
    {
        Path = dataset.Path;
        _content = content;
        _isCsv = dataset.Path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase);
    }

    private GoldenRows(DatasetReference dataset, string problem) => (Path, Problem) = (dataset.Path, problem);

    /// <summary>The data set.</summary>
    public string Path { get; }

    /// <summary>Why its bytes cannot be used; null if they can.</summary>
    public string? Problem { get; }

    /// <summary>Reads a data set: within half a minute, at most 32 MiB, and only the bytes that the digest names.</summary>
    public static async Task<GoldenRows> ReadAsync(IDatasetStore datasets, DatasetReference dataset, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(static l => ((CancellationTokenSource)l!).Cancel(), limit, Patience, Timeout.InfiniteTimeSpan);
        try
        {
            return await datasets.ReadStartAsync(dataset.Path, MostBytes + 1, limit.Token) switch
            {
                null => new GoldenRows(dataset, "they are not in the container of data sets"),
                { Length: > MostBytes } => new GoldenRows(dataset, $"they are more than {MostBytes >> 20} MiB"),
                { } bytes when Sha256Digest.Of(bytes) != dataset.Sha256 => new GoldenRows(dataset, "their bytes are not those that the policy names"),
                { } bytes => new GoldenRows(dataset, bytes),
            };
        }
        catch (StorageException e)
        {
            return new GoldenRows(dataset, e.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new GoldenRows(dataset, $"they could not be read within {Patience.TotalSeconds:0} seconds");
        }
    }

    /// <summary>The rows; null, with the reason, where they are none.</summary>
    /// <param name="reserved">Columns that are no inputs.</param>
    /// <param name="problem">The reason; empty if there are rows.</param>
    public Table? Rows(IReadOnlySet<string> reserved, out string problem)
    {
        problem = Problem ?? "";
        if (Problem is not null)
        {
            return null;
        }

        try
        {
            var table = _isCsv ? Csv(reserved) : JsonLines.Read(Lines(), reserved, MostRows);
            problem = table.Rows > 0 ? "" : "there are no rows";
            return table.Rows > 0 ? table : null;
        }
        catch (Exception e) when (e is InvalidDataException or DbException or FormatException)
        {
            problem = e.Message;
            return null;
        }
    }

    /// <summary>What the rows would have a language model go on with; none, with the reason, where they say nothing.</summary>
    public IReadOnlyList<string> Prompts(out string problem)
    {
        problem = Problem ?? "";
        var prompts = new List<string>();
        try
        {
            foreach (var line in Problem is not null || _isCsv ? [] : Lines())
            {
                using var row = JsonDocument.Parse(line);
                var text = row.RootElement.ValueKind != JsonValueKind.Object ? null : PromptFields
                    .Select(f => row.RootElement.TryGetProperty(f, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null)
                    .FirstOrDefault(t => !string.IsNullOrEmpty(t));
                if (text is not null)
                {
                    prompts.Add(text.Length <= LongestPrompt ? text : text[..LongestPrompt]);
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            problem = $"they are no JSON Lines: {e.Message}";
            return [];
        }

        problem = Problem ?? (prompts.Count > 0 ? "" : "no row has a prompt, a text or a context");
        return prompts;
    }

    private IEnumerable<string> Lines()
    {
        using var reader = new StreamReader(new MemoryStream(_content, writable: false));
        var rows = 0;
        while (rows < MostRows && reader.ReadLine() is { } line)
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                rows++;
                yield return line;
            }
        }
    }

    private Table Csv(IReadOnlySet<string> reserved)
    {
        using var reader = CsvDataReader.Create(
            new StreamReader(new MemoryStream(_content, writable: false)), new CsvDataReaderOptions { HeaderComparer = StringComparer.Ordinal, MaxBufferSize = MostBytes });
        if (reader.FieldCount is 0 or > MostColumns)
        {
            throw new InvalidDataException($"they have {reader.FieldCount} columns; 1 to {MostColumns} are allowed");
        }

        var columns = Enumerable.Range(0, reader.FieldCount).Select(reader.GetName).Select(n => new Column(n, reserved.Contains(n))).ToList();
        var rows = 0;
        while (rows < MostRows && reader.Read())
        {
            rows++;
            if (reader.RowFieldCount != columns.Count)
            {
                throw new InvalidDataException($"row {rows} has {reader.RowFieldCount} fields, the header has {columns.Count}");
            }

            for (var i = 0; i < columns.Count; i++)
            {
                columns[i].AddCell(reader.GetFieldSpan(i));
            }
        }

        return new Table(rows, columns);
    }
}
