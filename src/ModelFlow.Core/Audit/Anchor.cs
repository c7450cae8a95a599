namespace ModelFlow.Core.Audit;

/// <summary>
/// How far every chain of hashes that changed had come at one moment. Anchors are kept where nothing is overwritten, and are a chain themselves: what was
/// in a chain when it was anchored can be changed, cut off or put elsewhere by nobody who lacks the key, not even by who may write every table.
/// </summary>
public sealed record Anchor
{
    /// <summary>The version of this record's shape.</summary>
    public const int CurrentSchema = 1;

    /// <summary>The shape it was written in.</summary>
    public int Schema { get; init; } = CurrentSchema;

    /// <summary>1 for the first, without a gap.</summary>
    public required int Number { get; init; }

    /// <summary>When the host began to look: what was written before is anchored by this one or an earlier one.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The hash of the anchor before; empty for the first.</summary>
    public required string PreviousHash { get; init; }

    /// <summary>The id of the key it is signed with.</summary>
    public required string Key { get; init; }

    /// <summary>Chains that changed since the anchor before, and every one that is open.</summary>
    public required IReadOnlyList<AnchoredHead> Heads { get; init; }
}

/// <summary>The newest entry of a chain.</summary>
/// <param name="Chain">See <see cref="AuditScope"/>: <c>model:digits</c>, <c>_system</c>, <c>release:digits-v1.0.0-1</c>.</param>
/// <param name="Count">How many entries the chain had.</param>
/// <param name="Hash">The hash of the newest.</param>
/// <param name="Open">A release that runs: the next anchor looks at it again.</param>
public sealed record AnchoredHead(string Chain, int Count, string Hash, bool Open = false);

/// <summary>An anchor as it is kept.</summary>
/// <param name="Anchor">What is signed.</param>
/// <param name="Hash">Its hash, see <see cref="AnchorSeal.HashOf"/>.</param>
/// <param name="PublicKey">The public key, base64 of its SubjectPublicKeyInfo. Named for convenience: who verifies takes keys from elsewhere.</param>
/// <param name="Signature">ECDSA over <see cref="AnchorSeal.TextToSign"/>, base64 of the DER form.</param>
public sealed record SignedAnchor(Anchor Anchor, string Hash, string PublicKey, string Signature);
