using System.Text.Json;
using System.Text.Json.Nodes;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Approvals;

/// <summary>What an approval is given on, as one digest: if any of it changes, so does the digest, and approvals of the old one do not count.</summary>
public static class ApprovalEvidence
{
    /// <summary>
    /// The digest over the version's manifest, the evaluation report, the gates' answers, the policy, the stable version compared with, whether the
    /// signature breaks with it, before what it is asked, and the route's generation while traffic is on the version; as canonical JSON (see <see cref="HashChain"/>).
    /// </summary>
    public static Sha256Digest Of(ReleaseState state, string before)
    {
        ArgumentNullException.ThrowIfNull(state);
        var evidence = new JsonObject
        {
            ["release"] = state.Id.ToString(),
            ["artifact"] = state.ArtifactDigest?.ToString(),
            ["evaluation"] = state.EvaluationDigest?.ToString(),
            ["gates"] = JsonSerializer.SerializeToNode(state.Gates, CoreJson.Options),
            ["policy"] = state.PolicyDigest.ToString(),
            ["baseline"] = state.Baseline?.ToString(),
            ["breakingSignature"] = state.BreakingSignature,
            ["before"] = before,
            ["generation"] = state.AskedForTraffic ? state.RouteGeneration : null,
        };
        return Sha256Digest.Parse("sha256:" + HashChain.Next("", evidence));
    }
}
