namespace ModelFlow.Infra.Tests;

/// <summary>Parameters that the tests deploy with.</summary>
internal static class Deployments
{
    private const string Secrets = """
        param gatewayControlSecret = '0123456789abcdef'
        param servingControlSecret = '0123456789abcdef'
        param gatewaySigningKey = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
        param protectionKey = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
        param auditKey = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
        """;

    private const string Images = """
        param evaluatorImage = 'modelflow/evaluator@sha256:0'
        param servingImage = 'modelflow/serving@sha256:0'
        param gatewayImage = 'modelflow/gateway@sha256:0'
        param gatewayToken = 'mf_x'
        param clientKeys = [{ name: 'shop', sha256: 'sha256:0000000000000000000000000000000000000000000000000000000000000000', mayPin: true }]
        """;

    /// <summary>The first step: nothing runs yet.</summary>
    public const string First = Secrets;

    /// <summary>The last step: all of it.</summary>
    public const string Whole = Secrets + "\n" + Images + "\nparam subscribeToUploads = true\nparam durableStorage = 'DurableTaskScheduler'";

    /// <summary>All of it, closed.</summary>
    public const string Private = Secrets + "\n" + Images + "\nparam privateEndpoints = true\nparam publicGateways = false\nparam inspectionImage = 'modelflow/inspector@sha256:0'\nparam gpuProfileType = 'Consumption-GPU-NC24-A100'";

    /// <summary>Other values than the defaults.</summary>
    public const string Other = Secrets + "\nparam evaluatorImage = 'modelflow/evaluator@sha256:0'\nparam gpuProfileType = ''\nparam softDeleteDays = 11\nparam redundancy = 'Standard_RAGZRS'";

    public static Snapshot Deploy(string which) => Bicep.Deploy(which switch
    {
        nameof(First) => First,
        nameof(Whole) => Whole,
        nameof(Private) => Private,
        nameof(Other) => Other,
        _ => throw new ArgumentException(which, nameof(which)),
    });

    public static TheoryData<string> All => [nameof(First), nameof(Whole), nameof(Private), nameof(Other)];
}
