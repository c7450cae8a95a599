using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using ModelFlow.Orchestration.Analysis;
using ModelFlow.Orchestration.Auditing;
using ModelFlow.Orchestration.Commands;
using ModelFlow.Orchestration.Intake;
using ModelFlow.Orchestration.Notifications;
using ModelFlow.Orchestration.Operations;
using ModelFlow.Orchestration.Traffic;
using ModelFlow.Orchestration.Upkeep;

namespace ModelFlow.Orchestration;

/// <summary>Adds the loop and its commands to a host.</summary>
public static class OrchestrationServices
{
    /// <summary>
    /// Adds everything here as singletons. The host adds the ports of <c>ModelFlow.Core.Ports</c>, a <see cref="TimeProvider"/>
    /// an <see cref="IDoorbell"/>, an <see cref="AnchorSettings"/> and the keys of anchors.
    /// </summary>
    public static IServiceCollection AddModelFlowOrchestration(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton<PolicyCache>();
        services.TryAddSingleton<ReleaseEngine>();
        services.TryAddSingleton<ReleaseDriver>();
        services.TryAddSingleton<CommandRunner>();
        services.TryAddSingleton<RegisterVersionHandler>();
        services.TryAddSingleton<AssessVersionHandler>();
        services.TryAddSingleton<TakeTurnHandler>();
        services.TryAddSingleton<LoadVersionHandler>();
        services.TryAddSingleton<FreshBaseline>();
        services.TryAddSingleton<LeaseRenewal>();
        services.TryAddSingleton<ShadowTrafficHandler>();
        services.TryAddSingleton<LookAtShadowHandler>();
        services.TryAddSingleton<ShiftTrafficHandler>();
        services.TryAddSingleton<LookAtTrafficHandler>();
        services.TryAddSingleton<PromoteVersionHandler>();
        services.TryAddSingleton<RestoreTrafficHandler>();
        services.TryAddSingleton<CloseReleaseHandler>();
        services.TryAddSingleton<ServedRoutes>();
        services.TryAddSingleton<RouteChanger>();
        services.TryAddSingleton<StableHistory>();
        services.TryAddSingleton<FreezeGuard>();
        services.TryAddSingleton<ReleaseSignals>();
        services.TryAddSingleton<StartRelease>();
        services.TryAddSingleton<RollbackModel>();
        services.TryAddSingleton<IncomingSweep>();
        services.TryAddSingleton<DeploymentUpkeep>();
        services.TryAddSingleton<HoldUpkeep>();
        services.TryAddSingleton<VersionHolder>();
        services.TryAddSingleton<AnchorArchive>();
        services.TryAddSingleton<RedactionArchive>();
        services.TryAddSingleton<ExportAudit>();
        services.TryAddSingleton<AuditQuestions>();
        services.TryAddSingleton<EraseName>();
        services.TryAddSingleton<AnchorChains>();
        services.TryAddSingleton<AddDataset>();
        services.TryAddSingleton<ApplyRetention>();
        services.TryAddSingleton<CompareVersions>();
        services.TryAddSingleton<FreezeModels>();
        services.TryAddSingleton<GrantUpload>();
        services.TryAddSingleton<ManageTokens>();
        services.TryAddSingleton<ManagePeople>();
        services.TryAddSingleton<PinVersion>();
        services.TryAddSingleton<RebuildLists>();
        services.TryAddSingleton<RestoreVersion>();
        services.TryAddSingleton<RevokeVersion>();
        services.TryAddSingleton<SetPolicy>();
        services.TryAddSingleton<ManageSubscriptions>();
        services.TryAddSingleton<MessageWriter>();
        services.TryAddSingleton<Outbox>();
        services.TryAddSingleton<Dispatcher>();
        services.TryAddSingleton<RecordedRamps>();
        services.TryAddSingleton<ReplayRoom>();
        services.TryAddSingleton<AnalyzeRelease>();
        services.TryAddSingleton<TestPolicy>();
        return services;
    }
}
