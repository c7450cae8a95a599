namespace ModelFlow.EndToEnd.Crashes;

/// <summary>A version to be released, and what has to come of it.</summary>
/// <param name="Model">The model.</param>
/// <param name="Version">Its name, also that of the sample it consists of.</param>
/// <param name="RefusedBy">Which check refuses it; null if all let it pass.</param>
/// <param name="IsFirst">Whether it is the model's first: that is not ramped.</param>
/// <param name="Act">What an operator does to it.</param>
/// <param name="Seed">Decides on the moments at which that is done.</param>
internal sealed record ExpectedRelease(string Model, string Version, string? RefusedBy, bool IsFirst, OperatorAct Act, int Seed)
{
    private const string SomeSteps = "step0( step1( step2)?)?";

    /// <summary>The release's id.</summary>
    public string Id => $"{Model}-{Version}-1";

    /// <summary>How it ends.</summary>
    public string Outcome => (RefusedBy, Act) switch
    {
        ({ }, _) => "rejected",
        (_, OperatorAct.AbortBeforeApproval or OperatorAct.AbortInRamp) => "aborted",
        (_, OperatorAct.RollbackInRamp or OperatorAct.RollbackWhilePaused) => "rolledBack",
        _ => "stable",
    };

    /// <summary>What ended it, as it stands in its failure; null for a success.</summary>
    public string? EndedBy => RefusedBy ?? (Outcome == "stable" ? null : "operator");

    /// <summary>Whether people approve it: they are asked only if every check let it pass, and do not answer for one that is to be aborted before.</summary>
    public bool IsApproved => RefusedBy is null && Act != OperatorAct.AbortBeforeApproval;

    /// <summary>Whether it may ever answer requests.</summary>
    public bool MayServe => IsApproved;

    /// <summary>Whether it is the model's stable version at the end, if it is the last that was.</summary>
    public bool StaysStable => Outcome == "stable" && !IsRolledBack;

    /// <summary>Whether the model is rolled back by an operator.</summary>
    public bool IsRolledBack => Act is OperatorAct.RollbackInRamp or OperatorAct.RollbackWhilePaused or OperatorAct.RollbackAfter;

    /// <summary>What an operator's calls leave in its events, in their order.</summary>
    public string OperatorEvents => Act switch
    {
        OperatorAct.PauseAtApproval or OperatorAct.PauseInRamp => "paused resumed",
        OperatorAct.AbortBeforeApproval or OperatorAct.AbortInRamp => "abortAsked",
        OperatorAct.RollbackWhilePaused => "paused",
        _ => "",
    };

    /// <summary>The changes of the model's route that are made for it, in their order, as a pattern.</summary>
    public string RouteChanges => this switch
    {
        { IsApproved: false } => "",
        { IsFirst: true } => "promote ",
        { Act: OperatorAct.AbortInRamp } => $"{SomeSteps} restore ",
        { Act: OperatorAct.RollbackInRamp or OperatorAct.RollbackWhilePaused } => $"{SomeSteps} rollback ",
        { Act: OperatorAct.RollbackAfter } => "step0 step1 step2 promote rollback ",
        _ => "step0 step1 step2 promote ",
    };

    /// <summary>The stages that it enters, in their order, as a pattern: each once, and which they are follows from how its story ends.</summary>
    public string Stages => this switch
    {
        { RefusedBy: "inspection" } => "inspecting",
        { RefusedBy: "smoke" } => "inspecting smokeTesting",
        { RefusedBy: "gate" } => "inspecting smokeTesting evaluating",
        { Act: OperatorAct.AbortBeforeApproval } => "inspecting( smokeTesting( evaluating( awaitingApproval)?)?)?",
        { IsFirst: true } => "inspecting smokeTesting evaluating awaitingApproval awaitingTurn loading promoting closing",
        { Outcome: "stable" } => "inspecting smokeTesting evaluating awaitingApproval awaitingTurn loading ramping promoting closing",
        _ => "inspecting smokeTesting evaluating awaitingApproval awaitingTurn loading ramping withdrawing closing",
    };

    /// <summary>
    /// Ten models with a first version each and a second one: three of ten end well, one of them rolled back afterwards; three are refused in
    /// three different stages; four are ended by an operator. Which model has which is drawn, and so are the moments.
    /// </summary>
    public static IReadOnlyList<ExpectedRelease> Plan(int seed)
    {
        (string Version, string? RefusedBy, OperatorAct Act)[] seconds =
        [
            ("v1.1.0-mlp", null, OperatorAct.None),
            ("v1.1.0-mlp", null, OperatorAct.PauseInRamp),
            ("v1.1.0-mlp", null, OperatorAct.AbortInRamp),
            ("v1.1.0-mlp", null, OperatorAct.RollbackInRamp),
            ("v1.1.0-mlp", null, OperatorAct.RollbackWhilePaused),
            ("v1.1.0-mlp", null, OperatorAct.RollbackAfter),
            ("v1.1.0-mlp", null, OperatorAct.AbortBeforeApproval),
            ("v1.3.0-broken-labels", "gate", OperatorAct.None),
            ("v1.5.0-nan", "smoke", OperatorAct.None),
            ("v1.6.0-truncated", "inspection", OperatorAct.None),
        ];
        var random = new Random(seed);
        random.Shuffle(seconds);
        return
        [
            .. seconds.SelectMany((second, i) =>
            {
                var model = $"digits-{(char)('a' + i)}";
                var act = random.Next(3) == 0 ? OperatorAct.PauseAtApproval : OperatorAct.None;
                return new[]
                {
                    new ExpectedRelease(model, "v1.0.0-base", null, IsFirst: true, act, random.Next()),
                    new ExpectedRelease(model, second.Version, second.RefusedBy, IsFirst: false, second.Act, random.Next()),
                };
            }),
        ];
    }
}
