using System.Text.Json;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Gateway.Measuring;

/// <summary>
/// Windows that the control plane has not taken yet: in memory and, a line each, in <c>windows.jsonl</c>, so that a gateway that is killed
/// loses none that was cut. They keep their numbers over a restart: one that had arrived before counts once. At most
/// <see cref="GatewayOptions.Backlog"/> are kept, the newest. For any number of threads.
/// </summary>
public sealed class WindowOutbox(IOptions<GatewayOptions> options, ILogger<WindowOutbox> logger) : IDisposable
{
    private readonly Lock _changing = new();
    private readonly Queue<TrafficWindow> _waiting = new();
    private readonly string _path = Path.Combine(options.Value.DataDirectory, "windows.jsonl");
    private FileStream? _file;
    private int _lines;
    private bool _broken;
    private long _dropped;

    /// <summary>How many wait.</summary>
    public int Count
    {
        get
        {
            lock (_changing)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>How many were dropped since the start, as too many waited.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Takes up what the last run left. A line that was not written to its end is left out.</summary>
    public void Load()
    {
        lock (_changing)
        {
            try
            {
                foreach (var line in File.Exists(_path) ? File.ReadLines(_path) : [])
                {
                    if (Read(line) is { } window)
                    {
                        _waiting.Enqueue(window);
                    }
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                logger.KeptWindowsUnreadable(_path, e);
            }

            if (_waiting.Count > 0)
            {
                logger.WindowsKept(_waiting.Count);
            }

            Trim();
            Rewrite();
        }
    }

    /// <summary>Adds windows that were cut: on disk before this returns.</summary>
    public void Add(IReadOnlyList<TrafficWindow> windows)
    {
        if (windows.Count == 0)
        {
            return;
        }

        lock (_changing)
        {
            foreach (var window in windows)
            {
                _waiting.Enqueue(window);
            }

            Trim();

            // The lines of windows that have left since are only taken out now and then.
            if (_file is null || _lines + windows.Count > 2 * options.Value.Backlog)
            {
                Rewrite();
            }
            else
            {
                Write(windows);
            }
        }
    }

    /// <summary>The oldest ones.</summary>
    public IReadOnlyList<TrafficWindow> Next(int most)
    {
        lock (_changing)
        {
            return [.. _waiting.Take(most)];
        }
    }

    /// <summary>Takes out what <see cref="Next"/> gave: the control plane has it, or will never take it.</summary>
    public void Done(IReadOnlyList<TrafficWindow> windows)
    {
        var done = new HashSet<TrafficWindow>(windows, ReferenceEqualityComparer.Instance);
        lock (_changing)
        {
            // Some may have been dropped meanwhile.
            while (_waiting.TryPeek(out var first) && done.Contains(first))
            {
                _waiting.Dequeue();
            }

            if (_waiting.Count == 0 && _lines > 0)
            {
                Write([], from: 0);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private static TrafficWindow? Read(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<TrafficWindow>(line, CoreJson.Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void Trim()
    {
        for (; _waiting.Count > options.Value.Backlog; _waiting.Dequeue())
        {
            Interlocked.Increment(ref _dropped);
            logger.WindowDropped(options.Value.Backlog);
        }
    }

    private void Rewrite()
    {
        // Replaced whole or not at all: being killed here loses nothing.
        var temporary = _path + ".new";
        try
        {
            Directory.CreateDirectory(options.Value.DataDirectory);
            _file?.Dispose();
            _file = null;
            _file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.Read | FileShare.Delete });
            Write([.. _waiting], from: 0);
            if (_file is not null)
            {
                File.Move(temporary, _path, overwrite: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Failed(e);
        }
    }

    private void Write(IReadOnlyList<TrafficWindow> windows, long? from = null)
    {
        try
        {
            if (_file is not { } file)
            {
                return;
            }

            if (from is { } start)
            {
                file.SetLength(start);
                _lines = 0;
            }

            // One write for all: a line is there whole unless the gateway dies in this very call.
            using var text = new MemoryStream();
            foreach (var window in windows)
            {
                JsonSerializer.Serialize(text, window, CoreJson.Options);
                text.WriteByte((byte)'\n');
            }

            file.Write(text.GetBuffer(), 0, (int)text.Length);
            file.Flush();
            _lines += windows.Count;
            _broken = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Failed(e);
        }
    }

    // They are sent from memory all the same. The next window makes the file anew.
    private void Failed(Exception e)
    {
        _file?.Dispose();
        _file = null;
        if (!_broken)
        {
            logger.KeepingWindowsFailed(_path, e);
        }

        _broken = true;
    }
}
