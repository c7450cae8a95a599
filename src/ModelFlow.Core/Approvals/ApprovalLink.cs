using System.Text.Json;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Secrets;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Approvals;

/// <summary>
/// What a link says that is delivered to one person: who they are, and what they may decide. Whoever holds it is taken for that person, so it goes to their own
/// address only; it is for one decision on one evidence, and works until its end.
/// </summary>
/// <param name="Person">The person's name.</param>
/// <param name="Release">The release that asks.</param>
/// <param name="Evidence">What is asked about.</param>
/// <param name="Ends">When it stops working.</param>
/// <param name="Number">The event it was sent for: tells the links of one request apart.</param>
public sealed record ApprovalLink(string Person, ReleaseId Release, Sha256Digest Evidence, DateTimeOffset Ends, int Number)
{
    /// <summary>The purpose it is sealed for.</summary>
    public const string Purpose = "approval link";

    private const int SignalHexDigits = 40;

    /// <summary>The id of the one signal it can make.</summary>
    public string SignalId => $"link-{Sha256Digest.Of($"{Person}\n{Release}\n{Evidence}\n{Number}").Hex[..SignalHexDigits]}";

    /// <summary>The link as a text for an address: letters, digits, '-', '_' and '.'.</summary>
    public string Seal(SealedText seal)
    {
        ArgumentNullException.ThrowIfNull(seal);
        return seal.Seal(JsonSerializer.Serialize(this, CoreJson.Options)).Replace('+', '-').Replace('/', '_').TrimEnd('=');
    }

    /// <summary>The link in a text; null if it was changed, or none of this ModelFlow's.</summary>
    public static ApprovalLink? Open(SealedText seal, string text)
    {
        ArgumentNullException.ThrowIfNull(seal);
        ArgumentNullException.ThrowIfNull(text);
        if (text.Split('.') is not [_, _, var bytes])
        {
            return null;
        }

        var padding = new string('=', (4 - (bytes.Length % 4)) % 4);
        return seal.OpenAs<ApprovalLink>(text.Replace('-', '+').Replace('_', '/') + padding) is { Person: not null } link ? link : null;
    }
}
