using ModelFlow.Core.Traffic;
using ModelFlow.Gateway.Forwarding;
using ModelFlow.Gateway.Measuring;
using ModelFlow.Gateway.Routing;

namespace ModelFlow.Gateway.Shadowing;

/// <summary>A request that is to be mirrored: what is needed of it once its user has the answer.</summary>
internal sealed class ShadowCopy
{
    private readonly CaptureBuffer _body;
    private readonly TimeProvider _time;

    /// <summary>Begins to copy a request.</summary>
    public ShadowCopy(LiveRoute route, ModelOperation operation, RouteChoice choice, bool hasKey, HttpRequest request, ShadowOptions options, TimeProvider time)
    {
        (Route, Operation, Choice, HasKey, _time) = (route, operation, choice, hasKey, time);
        Query = request.QueryString.Value ?? "";
        Headers = ShadowHeaders.Of(request, options.Headers);
        _body = new CaptureBuffer(options.MaxBytes, time);
        Answer = new CapturedAnswer(new CaptureBuffer(options.MaxBytes, time));
    }

    /// <summary>The route it began with.</summary>
    public LiveRoute Route { get; }

    /// <summary>What is asked.</summary>
    public ModelOperation Operation { get; }

    /// <summary>The version in the shadow.</summary>
    public RouteChoice Choice { get; }

    /// <summary>Whether it had a sticky key.</summary>
    public bool HasKey { get; }

    /// <summary>The query, with its question mark.</summary>
    public string Query { get; }

    /// <summary>The headers that a mirrored request carries.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; }

    /// <summary>How stable's answer ended.</summary>
    public RequestOutcome Outcome { get; private set; }

    /// <summary>Stable's answer.</summary>
    public CapturedAnswer Answer { get; }

    /// <summary>The request's body, once it was read.</summary>
    public ReadOnlyMemory<byte> Body => _body.Bytes;

    /// <summary>Whether the body was read to its end.</summary>
    public bool IsComplete => _body.IsComplete;

    /// <summary>Whether its body or its answer was too large to keep.</summary>
    public bool IsTooLarge => _body.IsTooLarge || Answer.IsTooLarge;

    /// <summary>From when stable had the whole request to when its answer was there; 0 if it gave none, or before it had the request.</summary>
    public TimeSpan StableTook => Answer.LastAt > _body.LastAt ? _time.GetElapsedTime(_body.LastAt, Answer.LastAt) : TimeSpan.Zero;

    /// <summary>Notes how stable's answer ended.</summary>
    public ShadowCopy EndedAs(RequestOutcome outcome)
    {
        Outcome = outcome;
        return this;
    }

    /// <summary>The body to be read in place of the request's.</summary>
    public Stream Capture(Stream body) => new ObservedStream(body, _body);
}
