using Microsoft.Extensions.Options;

namespace ModelFlow.Kubernetes;

/// <summary>Checks the options by their annotations, with code made at build time.</summary>
[OptionsValidator]
public sealed partial class KubernetesEvaluationOptionsValidator : IValidateOptions<KubernetesEvaluationOptions>;
