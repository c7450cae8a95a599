using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Traffic;
using ModelFlow.Gateway.Control;
using ModelFlow.Gateway.Feedback;
using ModelFlow.Gateway.Measuring;
using ModelFlow.Gateway.OpenAi;
using ModelFlow.Gateway.Routing;
using ModelFlow.Gateway.Shadowing;
using ModelFlow.Gateway.Telemetry;
using Yarp.ReverseProxy.Forwarder;

namespace ModelFlow.Gateway.Forwarding;

/// <summary>
/// Answers every request: one for a model goes to the version that its route chooses, anything else to <see cref="ControlEndpoints"/>.
/// A request keeps the route it began with, so switching a route fails none.
/// </summary>
internal sealed class ModelForwarder(
    RouteBook book, GatewayClock clock, TrafficMeter meter, Clients clients, Limits limits, FeedbackEndpoint feedback, ControlEndpoints control, RequestIdSigner signer,
    ShadowMirror shadow, IHttpForwarder forwarder, UpstreamClient upstream, IOptions<GatewayOptions> options, TimeProvider time, ILogger<ModelForwarder> logger)
{
    // Each may take the time of a connection that does not come about.
    private const int MostReplicas = 3;

    private readonly GatewayOptions _options = options.Value;
    private readonly ForwarderRequestConfig _config = new() { ActivityTimeout = options.Value.UpstreamTimeout };

    private ulong _unique = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));

    /// <summary>Answers a request.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        var startedAt = time.GetTimestamp();
        if (!ModelOperation.TryParse(context.Request.Path.Value ?? "", out var model, out var operation))
        {
            return control.AnswerAsync(context);
        }

        if (clients.Find(context) is not { } client)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return Problem.Unauthenticated("Send a client key: Authorization: Bearer …").WriteAsync(context);
        }

        if (!limits.TryTake(context, client, out var limited))
        {
            return limited;
        }

        if (!string.Equals(context.Request.Method, operation.Method, StringComparison.OrdinalIgnoreCase))
        {
            context.Response.Headers.Allow = operation.Method;
            return Problem.MethodNotAllowed($"Use {operation.Method}.").WriteAsync(context);
        }

        if (context.Request.ContentLength > _options.MaxBodyBytes)
        {
            // The body is not read, so the connection cannot carry another request: the client must know.
            context.Response.Headers.Connection = "close";
            return Problem.TooLarge(_options.MaxBodyBytes).WriteAsync(context);
        }

        if (!book.TryFind(model, out var route))
        {
            return Problem.NotFound($"No model '{model}' is served here.").WriteAsync(context);
        }

        if (operation == ModelOperation.Models)
        {
            return ModelListAsync(context, route);
        }

        if (operation == ModelOperation.Feedback)
        {
            return feedback.AnswerAsync(context, route);
        }

        if (operation.Protocol == Protocol.OpenAi && !StringValues.IsNullOrEmpty(context.Request.Headers.ContentEncoding))
        {
            return Problem.UnsupportedEncoding("Send the body as it is, without Content-Encoding: the model's name in it is read.").WriteAsync(context);
        }

        VersionName? pin = null;
        if (context.Request.Headers.TryGetValue(ForwardCall.VersionHeader, out var pinText))
        {
            if (!client.MayPin)
            {
                return Problem.Forbidden($"This key may not choose a version with {ForwardCall.VersionHeader}.").WriteAsync(context);
            }

            if (!VersionName.TryParse(pinText, out var wanted, out var error))
            {
                return Problem.Invalid(error).WriteAsync(context);
            }

            pin = wanted;
        }

        var key = StickyKey(context, route.Route.Sticky);
        var now = clock.Now;
        var choice = key is null ? route.Table.Choose((ulong)Random.Shared.NextInt64(long.MinValue, long.MaxValue), pin, now) : route.Table.Choose(key, pin, now);
        return choice.Outcome switch
        {
            ChoiceOutcome.Chosen when !limits.TryEnter(context, client, out limited) => limited,
            ChoiceOutcome.Chosen => ForwardAsync(context, client, new Request(route, operation, choice, key is not null, startedAt, now, Interlocked.Increment(ref _unique), SliceOf(context, route))),
            ChoiceOutcome.PinNotServed => Problem.NotFound($"Version {pin} of '{route.Route.Model}' is not served now.").WriteAsync(context),
            _ => NoVersionAsync(context, route),
        };
    }

    private static string? StickyKey(HttpContext context, StickyPolicy sticky)
    {
        string? key = sticky.Kind == StickyKind.Header ? context.Request.Headers[sticky.Name] : context.Request.Cookies[sticky.Name];
        return string.IsNullOrEmpty(key) ? null : key;
    }

    // Slices are told apart while versions are compared; else nobody asks for them.
    private static string? SliceOf(HttpContext context, LiveRoute route) =>
        route.Route.Candidates.Count == 0 ? null : SliceName.Of(context.Request.Headers[SliceName.Header]);

    private static Task NoVersionAsync(HttpContext context, LiveRoute route)
    {
        context.Response.Headers.RetryAfter = "1";
        var why = route.Route.Stable is { } stable ? $"the stable version {stable} is not loaded" : "it has no stable version yet";
        return Problem.Unavailable($"No version of '{route.Route.Model}' can answer: {why}.").WriteAsync(context);
    }

    // OpenAI's clients look a model up before they use it. Only the gateway knows its public name; a server would name its own.
    private static Task ModelListAsync(HttpContext context, LiveRoute route)
    {
        var model = new OpenAiModel(route.Route.Model.Value, route.Route.At.ToUnixTimeSeconds());
        return context.Request.Path.Value!.EndsWith(ModelOperation.Models.Suffix, StringComparison.Ordinal) // A path was parsed to come here.
            ? context.Response.WriteAsJsonAsync(new OpenAiModelList([model]), OpenAiJson.Default.OpenAiModelList, cancellationToken: context.RequestAborted)
            : context.Response.WriteAsJsonAsync(model, OpenAiJson.Default.OpenAiModel, cancellationToken: context.RequestAborted);
    }

    private async Task ForwardAsync(HttpContext context, Client client, Request request)
    {
        var body = context.Request.Body;
        using var activity = GatewayTracing.Start(context, request.Route, request.Operation);
        var copy = shadow.Begin(context, request.Route, request.Operation, request.Choice, request.Unique, request.HasKey, request.Now);
        if (copy is not null)
        {
            context.Request.Body = body = copy.Capture(body);
        }

        var outcome = RequestOutcome.ClientAbort;
        try
        {
            while (true)
            {
                var target = request.Route.Target(request.Choice);
                if (!limits.TryEnter(target.Load))
                {
                    await limits.RefuseAsync(context, target.PublicName);
                    GatewayTracing.Refused(activity, context, target);
                    return;
                }

                Attempt last;
                try
                {
                    last = await TryReplicasAsync(context, request, target, body, activity, copy);
                    outcome = last.Outcome;
                }
                finally
                {
                    target.Load.Exit();
                }

                Count(request, target, last.Call, last.Outcome);
                if (last.Outcome == RequestOutcome.ConnectError && StableInstead(context, request) is { } stable)
                {
                    GatewayTracing.Ended(activity, context, target, request.Choice, last.Outcome, goesOn: true);
                    Rewind(context);
                    request = request with { Choice = stable };
                    continue;
                }

                if (last.Error != ForwarderError.None && !context.Response.HasStarted)
                {
                    await ForwardOutcome.ProblemOf(context, last.Outcome, target.PublicName, _options.MaxBodyBytes).WriteAsync(context);
                }

                GatewayTracing.Ended(activity, context, target, request.Choice, last.Outcome, goesOn: false);
                return;
            }
        }
        finally
        {
            limits.Exit(client);
            if (copy is not null)
            {
                shadow.End(copy, outcome);
            }
        }
    }

    // A replica that takes no connection is not yet the version's failure: another may have it.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Attempt> TryReplicasAsync(HttpContext context, Request request, VersionTarget target, Stream body, Activity? activity, ShadowCopy? copy)
    {
        var tried = 0UL;
        var last = default(Attempt);
        for (var i = 0; i < MostReplicas && target.TryChoose(ref tried, out var replica); i++)
        {
            if (i > 0)
            {
                Rewind(context);
            }

            if (request.Operation.Protocol == Protocol.OpenAi)
            {
                context.Request.Body = new ModelFieldStream(body, target.ServedModel);
            }

            last = await SendAsync(context, request, target, replica, activity, copy);
            if (last.Outcome != RequestOutcome.ConnectError || context.Response.HasStarted)
            {
                break;
            }
        }

        return last;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Attempt> SendAsync(HttpContext context, Request request, VersionTarget target, Replica replica, Activity? activity, ShadowCopy? copy)
    {
        var call = new ForwardCall(replica, request.Operation, target.PublicName, IdOf(request), activity, copy?.Answer, time);
        var outcome = RequestOutcome.ClientAbort;
        replica.Begin();
        try
        {
            var error = await forwarder.SendAsync(context, replica.Prefix, upstream.Invoker, _config, call);
            outcome = ForwardOutcome.Of(context, error);
            if (outcome == RequestOutcome.Answered)
            {
                replica.Answered(request.Operation.Protocol);
            }

            return new Attempt(call, error, outcome);
        }
        finally
        {
            replica.End();
            logger.HealthChanged(replica.Health.End(outcome), target.Load, replica, "requests");
        }
    }

    // Nothing of the request was sent, its body is unread: it can go elsewhere as if it came now.
    private static void Rewind(HttpContext context)
    {
        context.Response.Clear();
        context.Features.Set<IForwarderErrorFeature>(null);
    }

    // What is not counted gets no mark either.
    private string? IdOf(in Request request)
    {
        if (!request.Operation.Counts)
        {
            return null;
        }

        var route = request.Route.Route;
        var id = new RequestId(request.Now, request.Unique, route.Generation, request.Route.IndexOf(request.Choice), request.Choice.SubBucket, request.Choice.Kind)
        {
            Slice = request.Slice,
        };
        return signer.Sign(route.Model, id);
    }

    private RouteChoice? StableInstead(HttpContext context, in Request request)
    {
        if (!_options.RetryOnStable || context.Response.HasStarted || request.Choice.Kind != TrafficKind.Normal)
        {
            return null;
        }

        var stable = request.Route.Table.FallBack(request.Choice);
        return stable.Outcome == ChoiceOutcome.Chosen && stable.Version != request.Choice.Version ? stable : null;
    }

    private void Count(in Request request, VersionTarget target, ForwardCall call, RequestOutcome outcome)
    {
        if (!request.Operation.Counts)
        {
            return;
        }

        if (request.Choice.Kind == TrafficKind.Fallback && !request.Route.Table.IsLeased(request.Now))
        {
            request.Route.Counter.LeaseLapsed();
        }

        var ended = time.GetElapsedTime(request.StartedAt);
        var firstByte = call.FirstByteAt == 0 ? ended : time.GetElapsedTime(request.StartedAt, call.FirstByteAt);
        var sample = new Sample(request.Route.Counter, target.Name, request.Choice, outcome, request.HasKey, Microseconds(ended), Microseconds(firstByte)) { Slice = request.Slice };
        if (call.Tokens is { } tokens)
        {
            sample = sample with
            {
                FirstTokenMicroseconds = tokens.FirstTokenAt == 0 ? 0 : Math.Max(1, Microseconds(time.GetElapsedTime(request.StartedAt, tokens.FirstTokenAt))),
                PromptTokens = tokens.PromptTokens,
                CompletionTokens = tokens.CompletionTokens,
            };
        }

        meter.Add(sample);
    }

    private static long Microseconds(TimeSpan span) => span.Ticks / TimeSpan.TicksPerMicrosecond;

    private readonly record struct Attempt(ForwardCall Call, ForwarderError Error, RequestOutcome Outcome);

    private readonly record struct Request(LiveRoute Route, ModelOperation Operation, RouteChoice Choice, bool HasKey, long StartedAt, DateTimeOffset Now, ulong Unique, string? Slice);
}
