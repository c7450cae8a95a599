using System.Diagnostics.CodeAnalysis;
using Azure.Core;
using Azure.Core.Pipeline;

namespace ModelFlow.Testing.Faults;

/// <summary>
/// Carries the Azure SDK's requests and breaks the ones it is told to: <c>options.Transport = faults</c>. Every try of a request counts as
/// a call, so the SDK's own retries do, too.
/// </summary>
public sealed class FaultInjectingTransport : HttpPipelineTransport, IDisposable
{
    private readonly Lock _gate = new();
    private readonly HttpClientTransport _inner = new();
    private readonly List<string> _calls = [];
    private StorageFault? _fault;
    private int _at;
    private int _times;

    /// <summary>Calls since the last <see cref="Reset"/>.</summary>
    public int CallCount
    {
        get
        {
            lock (_gate)
            {
                return _calls.Count;
            }
        }
    }

    /// <summary>How often the fault happened since it was armed.</summary>
    public int Fired { get; private set; }

    /// <summary>Run once when an answer is lost, before the caller hears of it: what somebody else does meanwhile.</summary>
    public Func<Task>? Meanwhile { get; set; }

    /// <summary>The calls since the last <see cref="Reset"/>: <c>PUT /account/table(…)?query</c>.</summary>
    public IReadOnlyList<string> Calls
    {
        get
        {
            lock (_gate)
            {
                return [.. _calls];
            }
        }
    }

    /// <summary>Forgets calls and faults.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            _calls.Clear();
            _fault = null;
            Fired = 0;
            Meanwhile = null;
        }
    }

    /// <summary>From the <paramref name="call"/>-th call from now on (1 is the next), <paramref name="times"/> calls meet <paramref name="fault"/>.</summary>
    public void Arm(StorageFault fault, int call, int times = 1)
    {
        lock (_gate)
        {
            _fault = fault;
            _at = _calls.Count + call;
            _times = times;
            Fired = 0;
        }
    }

    /// <inheritdoc/>
    public override Request CreateRequest() => _inner.CreateRequest();

    /// <inheritdoc/>
    public override void Process(HttpMessage message)
    {
        var fault = Next(message);
        if (Answer(message, fault))
        {
            return;
        }

        _inner.Process(message);
        Lose(message, fault);
    }

    /// <inheritdoc/>
    public override async ValueTask ProcessAsync(HttpMessage message)
    {
        var fault = Next(message);
        if (Answer(message, fault))
        {
            return;
        }

        await _inner.ProcessAsync(message);
        if (fault is not null && Meanwhile is { } meanwhile)
        {
            Meanwhile = null;
            await meanwhile();
        }

        Lose(message, fault);
    }

    /// <inheritdoc/>
    public void Dispose() => _inner.Dispose();

    private static bool Answer(HttpMessage message, StorageFault? fault)
    {
        switch (fault)
        {
            case StorageFault.NoAnswer:
                throw new IOException("Injected: the connection broke before the call.");
            case StorageFault.Busy:
                message.Response = new InjectedResponse(503, "ServerBusy");
                return true;
            case StorageFault.Conflict:
                message.Response = new InjectedResponse(409, "InjectedConflict");
                return true;
            case StorageFault.PreconditionFailed:
                message.Response = new InjectedResponse(412, "InjectedPreconditionFailed");
                return true;
            default:
                return false;
        }
    }

    private static void Lose(HttpMessage message, StorageFault? fault)
    {
        if (fault == StorageFault.LostAnswer)
        {
            message.Response.Dispose();
            throw new IOException("Injected: the connection broke before the answer.");
        }
    }

    private StorageFault? Next(HttpMessage message)
    {
        lock (_gate)
        {
            _calls.Add($"{message.Request.Method} {message.Request.Uri.ToUri().PathAndQuery}");
            if (_fault is null || _calls.Count < _at || _calls.Count >= (long)_at + _times)
            {
                return null;
            }

            Fired++;
            return _fault;
        }
    }

    private sealed class InjectedResponse(int status, string code) : Azure.Response
    {
        public override int Status => status;

        public override string ReasonPhrase => code;

        public override Stream? ContentStream { get; set; } = new MemoryStream();

        public override string ClientRequestId { get; set; } = "";

        public override void Dispose() => ContentStream?.Dispose();

        protected override bool ContainsHeader(string name) => IsCode(name);

        protected override IEnumerable<HttpHeader> EnumerateHeaders() => [new HttpHeader("x-ms-error-code", code)];

        protected override bool TryGetHeader(string name, [NotNullWhen(true)] out string? value)
        {
            value = IsCode(name) ? code : null;
            return value is not null;
        }

        protected override bool TryGetHeaderValues(string name, [NotNullWhen(true)] out IEnumerable<string>? values)
        {
            values = IsCode(name) ? [code] : null;
            return values is not null;
        }

        private static bool IsCode(string name) => string.Equals(name, "x-ms-error-code", StringComparison.OrdinalIgnoreCase);
    }
}
