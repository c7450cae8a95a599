using Microsoft.Extensions.Options;

namespace ModelFlow.Azure.Identity;

/// <summary>Checks the options by their annotations, with code made at build time.</summary>
[OptionsValidator]
public sealed partial class EntraIdOptionsValidator : IValidateOptions<EntraIdOptions>;
