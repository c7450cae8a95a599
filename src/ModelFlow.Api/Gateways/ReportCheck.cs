using ModelFlow.Core;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Api.Gateways;

/// <summary>What is impossible in a gateway's report: it may be damaged, or from a program that is no gateway of ours.</summary>
internal static class ReportCheck
{
    private const int MostNameCharacters = 63;

    /// <summary>Every mistake with its field; empty when there is none.</summary>
    public static IReadOnlyList<FieldError> Check(GatewayReport? report)
    {
        var errors = new List<FieldError>();
        if (report?.Heartbeat is not { } heartbeat)
        {
            return [new FieldError("heartbeat", "is needed.")];
        }

        if (heartbeat.Gateway is not { Length: >= 1 and <= MostNameCharacters } || !heartbeat.Gateway.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_'))
        {
            errors.Add(new FieldError("heartbeat.gateway", $"must be 1 to {MostNameCharacters} letters, digits, '-', '.' or '_'."));
        }

        // Routes are pushed there with the gateways' secret.
        if (heartbeat.Control is not { IsAbsoluteUri: true } || heartbeat.Control.Scheme is not ("http" or "https") || heartbeat.Control.UserInfo.Length > 0)
        {
            errors.Add(new FieldError("heartbeat.control", "must be an http or https address."));
        }

        if (heartbeat.Generations is null || heartbeat.Generations.Any(g => g.Key.Value.Length == 0 || g.Value < 0))
        {
            errors.Add(new FieldError("heartbeat.generations", "must be a map of models and generations."));
        }

        if (heartbeat.Draining is { } draining
            && (draining.Count > GatewayHeartbeat.MaxDraining || draining.Any(d => d is null || d.Model.Value.Length == 0 || d.Version.Value.Length == 0 || d.InFlight < 0)))
        {
            errors.Add(new FieldError("heartbeat.draining", $"must be at most {GatewayHeartbeat.MaxDraining} versions and their requests under way."));
        }

        if (report.Windows is null)
        {
            errors.Add(new FieldError("windows", "is needed, and may be empty."));
            return errors;
        }

        for (var i = 0; i < report.Windows.Count; i++)
        {
            if (Fault(report.Windows[i], heartbeat.Gateway) is { } fault)
            {
                errors.Add(new FieldError($"windows[{i}]", fault));
            }
        }

        return errors;
    }

    private static string? Fault(TrafficWindow? window, string? gateway) => window switch
    {
        null => "must not be null.",
        _ when !string.Equals(window.Gateway, gateway, StringComparison.Ordinal) => "is of another gateway than the heartbeat.",
        _ when window.Schema > TrafficWindow.CurrentSchema => $"has schema {window.Schema}; up to {TrafficWindow.CurrentSchema} is understood. Upgrade the control plane first.",
        { Model.Value.Length: 0 } => "must name a model.",
        { Generation: < 1 } or { Number: < 0 } or { Step: < 0 } => "has a generation below 1, or a negative number or step.",
        _ when window.Length < TimeSpan.Zero => "has a negative length.",
        { Cells: null } => "must have cells, and may have none.",
        { Cells.Count: > TrafficWindow.MaxCells } => $"has more than {TrafficWindow.MaxCells} cells.",
        { Slices.Count: > SliceCell.MaxCells } => $"has more than {SliceCell.MaxCells} cells of slices.",
        _ when window.Slices?.Any(c => c is null || IsImpossible(c)) == true => "has a cell of a slice without a name or version, or whose counts are impossible.",
        _ when window.Cells.Any(c => c is null || IsImpossible(c)) => "has a cell without a version, or whose sub-bucket or counts are impossible.",
        _ => null,
    };

    private static bool IsImpossible(SliceCell cell) =>
        !SliceName.IsValid(cell.Slice) || cell.Version.Value.Length == 0
        || cell.Requests < 0 || cell.Errors < 0 || cell.Errors > cell.Requests || cell.Feedback.Count < 0
        || !double.IsFinite(cell.Feedback.Sum) || !double.IsFinite(cell.Feedback.SumOfSquares);

    private static bool IsImpossible(TrafficCell cell) =>
        cell.Version.Value.Length == 0
        || cell.SubBucket is < 0 or >= Bucketing.SubBuckets
        || cell.Requests < 0 || cell.UpstreamErrors < 0 || cell.Timeouts < 0 || cell.ConnectErrors < 0 || cell.ClientErrors < 0 || cell.ClientAborts < 0
        || cell.Errors > cell.Requests
        || cell.PromptTokens < 0 || cell.CompletionTokens < 0 || cell.FirstSeenKeys < 0 || cell.Feedback.Count < 0
        || cell.Pairs is { IsPossible: false }
        || !double.IsFinite(cell.Feedback.Sum) || !double.IsFinite(cell.Feedback.SumOfSquares);
}
