using ModelFlow.Core.Naming;

namespace ModelFlow.Orchestration.Operations;

/// <summary>Who asks for a change, and under which id: the same request by the same identity under the same id has its effect once.</summary>
/// <param name="By">The identity, as it stands in the audit log.</param>
/// <param name="RequestId">1 to 64 letters, digits, '-', '_' or '.'.</param>
public sealed record Requester(string By, string RequestId)
{
    /// <summary>
    /// The id of a signal or audit entry that this request makes: at most 64 letters, digits and '-', different for another identity,
    /// action, subject or request id, so that one request can never be mistaken for a repetition of another's.
    /// </summary>
    /// <param name="action">At most 23 letters, for example <c>approve</c>.</param>
    /// <param name="subject">What it is done to.</param>
    public string IdFor(string action, string subject) =>
        $"{action}-{Sha256Digest.Of($"{By}\n{action}\n{subject}\n{RequestId}").Hex[..40]}";
}
