using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Ports;
using ModelFlow.Functions.Composition;
using ModelFlow.Orchestration;
using ModelFlow.Orchestration.Auditing;
using ModelFlow.Orchestration.Notifications;
using ModelFlow.Orchestration.Operations;
using ModelFlow.Orchestration.Upkeep;

namespace ModelFlow.Functions.Upkeep;

/// <summary>Timers for what nobody asks for. A timer runs on one instance at a time.</summary>
public sealed class UpkeepFunctions(
    DeploymentUpkeep deployments, HoldUpkeep holds, ITrafficWindows windows, ApplyRetention retention, Outbox outbox, Dispatcher dispatcher, AnchorChains anchors, IOptions<AzureHostOptions> options, TimeProvider time)
{
    /// <summary>Every half a minute: model servers have loaded what they should have.</summary>
    [Function("KeepDeployments")]
    public Task KeepDeploymentsAsync([TimerTrigger("*/30 * * * * *")] TimerInfo timer, CancellationToken cancellationToken) => deployments.RunAsync(cancellationToken);

    /// <summary>Every minute: versions in service and in the rollback window have their legal holds, others have not; where the settings ask for holds.</summary>
    [Function("KeepHolds")]
    public Task KeepHoldsAsync([TimerTrigger("15 * * * * *")] TimerInfo timer, CancellationToken cancellationToken) => holds.RunAsync(cancellationToken);

    /// <summary>Every 10 seconds: messages to subscriptions are sent.</summary>
    [Function("SendMessages")]
    public Task SendMessagesAsync([TimerTrigger("*/10 * * * * *")] TimerInfo timer, CancellationToken cancellationToken) => dispatcher.SendDueAsync(cancellationToken);

    /// <summary>Every minute: messages that could not be entered when something happened are entered.</summary>
    [Function("EnterMissedMessages")]
    public Task EnterMissedMessagesAsync([TimerTrigger("45 * * * * *")] TimerInfo timer, CancellationToken cancellationToken) => outbox.SweepAsync(cancellationToken);

    /// <summary>Every hour: what was sent long ago is deleted.</summary>
    [Function("PruneMessages")]
    public Task PruneMessagesAsync([TimerTrigger("0 40 * * * *")] TimerInfo timer, CancellationToken cancellationToken) => dispatcher.PruneAsync(cancellationToken);

    /// <summary>Every hour: what gateways counted long ago is deleted.</summary>
    [Function("PruneTrafficWindows")]
    public Task PruneTrafficWindowsAsync([TimerTrigger("0 20 * * * *")] TimerInfo timer, CancellationToken cancellationToken) =>
        windows.PruneAsync(time.GetUtcNow() - options.Value.KeepWindows, cancellationToken);

    /// <summary>Every minute: the audit's chains are anchored, if the newest anchor is old enough.</summary>
    [Function("AnchorAudit")]
    public Task AnchorAuditAsync([TimerTrigger("30 * * * * *")] TimerInfo timer, CancellationToken cancellationToken) => anchors.RunAsync(cancellationToken);

    /// <summary>Every night, where <see cref="AzureHostOptions.ApplyRetention"/> says so: old versions are moved or deleted as the policy says.</summary>
    [Function("ApplyRetention")]
    public Task ApplyRetentionAsync([TimerTrigger("0 10 3 * * *")] TimerInfo timer, CancellationToken cancellationToken) =>
        options.Value.ApplyRetention

            // Each run is a request of its own, as a run after a failure must not pass for a repetition of the failed one.
            ? retention.ApplyAsync(model: null, digest: null, new Requester("modelflow", $"retention-{time.GetUtcNow().UtcTicks}"), cancellationToken)
            : Task.CompletedTask;
}
