namespace ModelFlow.Cli.Contracts;

/// <summary>What past releases say of a policy.</summary>
internal sealed record PolicyTest(
    string Policy,
    string Seed,
    PolicyTestPast Past,
    IReadOnlyList<PolicyTestFault> Faults,
    IReadOnlyList<PolicyTestStep> Steps,
    IReadOnlyList<PolicyTestRelease> Releases,
    IReadOnlyList<PolicyTestSkipped>? Skipped,
    IReadOnlyList<string>? Notes);

/// <summary>Counts of releases as they were.</summary>
internal sealed record PolicyTestPast(int EndedWell, int FalseAlarms, int EndedWellUndecided, int Harmful, int FoundAgain, int Missed);

/// <summary>What became of one fault.</summary>
internal sealed record PolicyTestFault(
    string Fault, string Standing, int Runs, int Stopped, int Passed, int Undecided, double? RequestsUntilStopped, TimeSpan? TimeUntilStopped, double? HarmedUntilStopped);

/// <summary>How long a step is watched.</summary>
internal sealed record PolicyTestStep(int Step, int Weight, int Releases, TimeSpan Watched, TimeSpan? RecordedWatched, TimeSpan? HealthyAfter, int CutShort);

/// <summary>A past release under the policy.</summary>
internal sealed record PolicyTestRelease(string Release, string Outcome, bool HarmFound, PolicyTestRun Unchanged);

/// <summary>How a release goes.</summary>
internal sealed record PolicyTestRun(string End, string Reason, long CandidateRequests, TimeSpan Watched);

/// <summary>A release that could not be played.</summary>
internal sealed record PolicyTestSkipped(string Release, string Why);
