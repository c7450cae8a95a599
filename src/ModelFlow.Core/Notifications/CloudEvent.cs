using System.Globalization;
using System.Text.Json.Nodes;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Notifications;

/// <summary>
/// A release's event in a CloudEvents 1.0 envelope (JSON event format, structured mode), with the extension <c>sequence</c>:
/// 20 digits, rising within one release, as messages may arrive in another order than things happened.
/// </summary>
public static class CloudEvent
{
    /// <summary>The media type of the envelope.</summary>
    public const string MediaType = "application/cloudevents+json";

    /// <summary>What every type begins with.</summary>
    public const string TypePrefix = "modelflow.release.";

    /// <summary>The type of a message that only tests a subscription.</summary>
    public const string TestType = "modelflow.test";

    /// <summary>The id of a release's event: unique for good, the same in every copy.</summary>
    public static string IdOf(ReleaseId release, int seq) => string.Create(CultureInfo.InvariantCulture, $"{release}.{seq}");

    /// <summary>The envelope of a release's event.</summary>
    /// <param name="source">Where this ModelFlow is, for example <c>https://modelflow.example.com</c>.</param>
    /// <param name="release">The release.</param>
    /// <param name="happened">Its event.</param>
    /// <param name="links">The pages of the release, and for one person to decide on.</param>
    public static string Of(Uri source, ReleaseId release, ReleaseEvent happened, MessageLinks links)
    {
        ArgumentNullException.ThrowIfNull(links);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(happened);
        var data = new JsonObject
        {
            ["release"] = release.ToString(),
            ["model"] = release.Model.ToString(),
            ["version"] = release.Version.ToString(),
            ["attempt"] = release.Attempt,
            ["seq"] = happened.Seq,
            ["kind"] = happened.Kind,
            ["stage"] = happened.Stage,
            ["by"] = happened.By,
            ["message"] = happened.Message,
            ["hash"] = happened.Hash,
            ["numbers"] = happened.Data?.DeepClone(),
            ["page"] = links.Release.AbsoluteUri,
        };
        if (links.Decide is { } decide)
        {
            data["decide"] = decide.AbsoluteUri;
        }

        return Write(IdOf(release, happened.Seq), source, TypePrefix + happened.Kind, release.ToString(), happened.At, data, happened.Seq);
    }

    /// <summary>A message that tells of nothing.</summary>
    public static string Test(Uri source, string id, string subscription, string by, DateTimeOffset now) =>
        Write(id, source, TestType, subscription, now, new JsonObject { ["subscription"] = subscription, ["by"] = by, ["message"] = "This message tests the subscription." }, seq: null);

    private static string Write(string id, Uri source, string type, string subject, DateTimeOffset at, JsonObject data, int? seq)
    {
        var envelope = new JsonObject
        {
            ["specversion"] = "1.0",
            ["id"] = id,
            ["source"] = source.ToString(),
            ["type"] = type,
            ["subject"] = subject,
            ["time"] = at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture),
            ["datacontenttype"] = "application/json",
            ["data"] = data,
        };
        if (seq is { } number)
        {
            envelope["sequence"] = number.ToString("D20", CultureInfo.InvariantCulture);
        }

        return envelope.ToJsonString(CoreJson.Options);
    }
}
