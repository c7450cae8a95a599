namespace ModelFlow.Cli.Contracts;

/// <summary>What people are asked by a release.</summary>
internal sealed record ApprovalRequestItem(string Point, string Evidence, DateTimeOffset AskedAt, DateTimeOffset ExpiresAt, IReadOnlyList<ApprovalRuleItem> Rules);

/// <summary>One rule and how far it is met.</summary>
internal sealed record ApprovalRuleItem(string Before, int Required, IReadOnlyList<string> From, DateTimeOffset ExpiresAt, IReadOnlyList<string> Given, bool Satisfied);

/// <summary>A release that asks people.</summary>
internal sealed record WaitingApprovalItem(string Release, string Point, DateTimeOffset AskedAt, DateTimeOffset ExpiresAt, bool MayDecide, string? WhyNot);

/// <summary>Somebody with their ways to sign in.</summary>
internal sealed record PersonItem(string Name, IReadOnlyList<string> Identities, IReadOnlyList<string> Groups, DateTimeOffset? RemovedAt);
