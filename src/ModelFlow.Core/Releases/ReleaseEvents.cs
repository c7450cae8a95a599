using System.Text.Json;
using System.Text.Json.Nodes;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Releases;

/// <summary>Seals and verifies the chain of a release's events.</summary>
public static class ReleaseEvents
{
    /// <summary>The hash an event must have: over all its members but the hash itself, after the hash before.</summary>
    public static string HashOf(ReleaseEvent releaseEvent)
    {
        ArgumentNullException.ThrowIfNull(releaseEvent);
        var content = JsonSerializer.SerializeToNode(releaseEvent, CoreJson.Options)!.AsObject();
        content.Remove("hash");
        content.Remove("previousHash");
        return HashChain.Next(releaseEvent.PreviousHash, content);
    }

    /// <summary>Follows a whole chain from its first event; null if it is sound, else what is wrong with it.</summary>
    /// <param name="events">All events, oldest first.</param>
    /// <param name="state">The release's state, whose count and newest hash the chain must reach.</param>
    /// <param name="redactions">Events from which names were erased; null for none.</param>
    public static string? Verify(IEnumerable<ReleaseEvent> events, ReleaseState state, KnownRedactions? redactions = null)
    {
        ArgumentNullException.ThrowIfNull(events);
        ArgumentNullException.ThrowIfNull(state);
        var seq = 0;
        var hash = "";
        foreach (var e in events)
        {
            seq++;
            if (e.Seq != seq)
            {
                return $"Event {seq} is missing: found {e.Seq} in its place.";
            }

            if (!string.Equals(e.PreviousHash, hash, StringComparison.Ordinal))
            {
                return $"Event {seq} does not follow the event before it.";
            }

            hash = e.Hash;
            if (!string.Equals(hash, HashOf(e), StringComparison.Ordinal) && redactions?.Covers(e, state.Id) != true)
            {
                return $"Event {seq} was changed after it was written.";
            }
        }

        return seq == state.EventCount && string.Equals(hash, state.EventHash, StringComparison.Ordinal)
            ? null
            : $"The chain has {seq} events; the release's state knows {state.EventCount}.";
    }

    /// <summary>The first event of a new release, and the state with it taken in.</summary>
    public static (ReleaseState State, ReleaseEvent Event) Start(ReleaseState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var data = new JsonObject { ["policy"] = state.PolicyDigest.ToString() };
        var first = Seal(state, "started", $"Release {state.Id} started by {state.StartedBy}.", state.StartedBy, state.StartedAt, data);
        return (state with { EventCount = first.Seq, EventHash = first.Hash }, first);
    }

    internal static ReleaseEvent Seal(ReleaseState state, string kind, string message, string by, DateTimeOffset at, JsonObject? data)
    {
        var open = new ReleaseEvent
        {
            Seq = state.EventCount + 1,
            Kind = kind,
            At = at,
            By = by,
            Stage = state.Stage.Name,
            Message = message,
            Data = data,
            PreviousHash = state.EventHash,
            Hash = "",
        };
        return open with { Hash = HashOf(open) };
    }
}
