using System.Text.Json.Serialization;

namespace ModelFlow.Cli.Contracts;

/// <summary>A grant to upload one version's files.</summary>
internal sealed record UploadGrant(string Prefix, IReadOnlyList<GrantedFile> Files, GrantedFile Manifest);

/// <summary>Where one file is put.</summary>
internal sealed record GrantedFile(string Path, Uri Url);

/// <summary>A refused upload.</summary>
internal sealed record RefusalItem(UploadItem Upload, string By, string Reason, DateTimeOffset At, string? Folder);

/// <summary>The blob that completed an upload.</summary>
internal sealed record UploadItem(string ManifestPath, [property: JsonPropertyName("eTag")] string ETag);

/// <summary>A mistake in a policy.</summary>
internal sealed record PolicyMessage(string Path, string Message);

/// <summary>What a host says of a policy.</summary>
internal sealed record PolicyCheck(bool Valid, string? Digest, IReadOnlyList<PolicyMessage>? Errors, IReadOnlyList<PolicyMessage>? Warnings)
{
    public IReadOnlyList<PlannedExperiment>? Experiments { get; init; }
}

/// <summary>How many outcomes an experiment of a policy needs.</summary>
internal sealed record PlannedExperiment(string Path, ExperimentPlan Plan);

/// <summary>The numbers of it.</summary>
internal sealed record ExperimentPlan(long Candidate, long Stable);

/// <summary>A kept policy.</summary>
internal sealed record StoredPolicyItem(string Digest, string Yaml);

/// <summary>What retention would do, or did.</summary>
internal sealed record RetentionPlanItem(string Digest, IReadOnlyList<RetentionAction> Actions, IReadOnlyList<RetentionKept>? Kept);

/// <summary>One move or deletion.</summary>
internal sealed record RetentionAction(string Model, string Version, string From, string? To, bool Delete, long Bytes, string? Reason);

/// <summary>A version that stays where it is.</summary>
internal sealed record RetentionKept(string Model, string Version, string Tier, string Reason);

/// <summary>What an applied plan did.</summary>
internal sealed record RetentionApplied(IReadOnlyList<RetentionResult> Results);

/// <summary>What became of one action.</summary>
internal sealed record RetentionResult(string Model, string Version, string From, string? To, bool Delete, string Status, string? Message);

/// <summary>The answer to a restore.</summary>
internal sealed record RestoreAnswer(string Model, string Version, string Status, string Tier, long? BytesVerified);

/// <summary>What a rebuild did to one list.</summary>
internal sealed record RebuiltListItem(string Name, int Entries, int Entered, int Removed);

/// <summary>An access token, without its secret.</summary>
internal sealed record TokenItem(string Name, IReadOnlyList<string> Roles, DateTimeOffset? CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, string? Token);

/// <summary>Who a token is.</summary>
internal sealed record WhoAmI(string Name, IReadOnlyList<string> Roles, DateTimeOffset? ExpiresAt);

/// <summary>An entry of the audit log.</summary>
internal sealed record AuditItem(int Seq, AuditEntryItem Entry);

/// <summary>What somebody did.</summary>
internal sealed record AuditEntryItem(DateTimeOffset At, string By, string Action, string Subject, string Message);

/// <summary>A page of the audit log.</summary>
internal sealed record AuditPage(IReadOnlyList<AuditItem> Items, int Next);

/// <summary>Whether a chain of hashes is whole.</summary>
internal sealed record ChainCheck(string Scope, int Entries, bool Intact, int? BrokenAt, string? Reason);

/// <summary>The public keys of anchors.</summary>
internal sealed record AnchorKeysItem(string? Signing, IReadOnlyList<AnchorKeyItem> Keys);

/// <summary>A public key.</summary>
internal sealed record AnchorKeyItem(string Id, string PublicKey);

/// <summary>What was live at a time.</summary>
internal sealed record WasLiveItem(
    string Model, DateTimeOffset At, long Generation, DateTimeOffset Since, DateTimeOffset? Until, IReadOnlyList<LiveVersionItem> Versions, RouteMakerItem MadeBy, LeaseThenItem? Lease);

/// <summary>A version that was live.</summary>
internal sealed record LiveVersionItem(string Version, string? Digest, int Weight, string Role);

/// <summary>What made a route.</summary>
internal sealed record RouteMakerItem(string Cause, string? Release, string? By, IReadOnlyList<string> Approvers, string? Message);

/// <summary>Whether a route's shares held.</summary>
internal sealed record LeaseThenItem(bool Lapsing, DateTimeOffset? Since, string Message);

/// <summary>Who decided on one attempt to release a version.</summary>
internal sealed record AttemptItem(
    string Release, string StartedBy, DateTimeOffset StartedAt, string? Uploader, string Policy, string? Artifact, string? Report, IReadOnlyList<GateItem> Gates, IReadOnlyList<DecidedItem> Decisions, string? Outcome);

/// <summary>One decision.</summary>
internal sealed record DecidedItem(int Seq, string By, DateTimeOffset At, string Decision, string? Comment, string? Artifact, string? Report, string? Evidence, string Hash);

/// <summary>What somebody did.</summary>
internal sealed record DeedsItem(string Name, DateTimeOffset Since, DateTimeOffset Until, IReadOnlyList<DeedItem> Items, DateTimeOffset? Next);

/// <summary>One thing that was done.</summary>
internal sealed record DeedItem(DateTimeOffset At, string Chain, int Seq, string What, string Subject, string Message);

/// <summary>Where a name stood that was erased.</summary>
internal sealed record ErasureItem(string? Placeholder, bool DryRun, int Entries, int OtherRows, int Occurrences, IReadOnlyList<string> Running);

/// <summary>An added data set.</summary>
internal sealed record AddedDataset(string Path, string Sha256);

/// <summary>A host's health.</summary>
internal sealed record HealthItem(string Status, IReadOnlyList<HealthCheckItem>? Checks);

/// <summary>One part's health.</summary>
internal sealed record HealthCheckItem(string Name, string Status, string? Description);

/// <summary>An address that is told what happens.</summary>
internal sealed record SubscriptionItem(string Name, string Receiver, string Models, IReadOnlyList<string> Events, string? PausedBecause, string? Format, string? Person);

/// <summary>A subscription and its key.</summary>
internal sealed record NewSubscriptionItem(SubscriptionItem Subscription, string Key);

/// <summary>A message in the log.</summary>
internal sealed record DeliveryItem(string Id, DateTimeOffset At, string Status, DateTimeOffset? NextTryAt, IReadOnlyList<DeliveryTryItem> Tries);

/// <summary>One try to send it.</summary>
internal sealed record DeliveryTryItem(DateTimeOffset At, TimeSpan Took, int? StatusCode, string? Error);
