using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Contracts;

namespace ModelFlow.Cli.Timeline;

/// <summary>Follows a release's events by long polls to its end. A host that goes away for a while (a crash, a restart) does not end it.</summary>
internal sealed class ReleaseFollower(ApiClient api, TimeProvider time)
{
    /// <summary>For how long a host may be away before following gives up.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Told once when the host stops answering.</summary>
    public Action<CommandFailedException>? Away { get; init; }

    /// <summary>The events after number <paramref name="after"/>, each as it came and as a contract, until the last one.</summary>
    public async IAsyncEnumerable<(JsonNode Json, EventItem Event)> FollowAsync(string release, int after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long? awaySince = null;
        while (true)
        {
            JsonNode answer;
            try
            {
                answer = await api.GetAsync($"{ApiClient.Path($"api/releases/{release}/events")}?after={after}&wait=20s", cancellationToken);
                awaySince = null;
            }
            catch (CommandFailedException e) when (e.ExitCode == ExitCode.Unreachable && (awaySince is null || time.GetElapsedTime(awaySince.Value) < Patience))
            {
                if (awaySince is null)
                {
                    awaySince = time.GetTimestamp();
                    Away?.Invoke(e);
                }

                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
                continue;
            }

            var page = ApiClient.Read<EventPage>(answer);
            var items = answer["items"]!.AsArray();
            for (var i = 0; i < page.Items.Count; i++)
            {
                yield return (items[i]!, page.Items[i]);
            }

            after = page.Next;
            if (page.Ended)
            {
                yield break;
            }
        }
    }
}
