using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace ModelFlow.Functions.Composition;

/// <summary>How the Azure host runs; configuration section <c>AzureHost</c> (application settings: <c>AzureHost__…</c>). Checked at start.</summary>
public sealed class AzureHostOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "AzureHost";

    /// <summary>
    /// Who asks storage and the other services: <see cref="IdentityKind.Default"/>, the default, takes the app's identity on Azure and whoever is
    /// signed in on a developer's machine; <see cref="IdentityKind.Managed"/> takes the app's identity and nothing else.
    /// </summary>
    public IdentityKind Identity { get; set; }

    /// <summary>The client id of a user-assigned identity; by default that of the setting <c>AZURE_CLIENT_ID</c>, and without one the system-assigned identity.</summary>
    public string? ClientId { get; set; }

    /// <summary>
    /// The secret of the first admin's token (<c>mf_</c> and 43 letters, digits, <c>-</c> or <c>_</c>), a reference to Key Vault on Azure. A token with it is made at a
    /// start that finds no valid admin's token; then it may be taken away. None by default.
    /// </summary>
    public string? FirstAdminToken { get; set; }

    /// <summary>Whether missing containers and tables are made at start; true by default. False where the infrastructure makes them and the app may not.</summary>
    public bool CreateStorage { get; set; } = true;

    /// <summary>How long what gateways counted is kept. 1 day to 10 years; 90 days by default.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "3650.00:00:00")]
    public TimeSpan KeepWindows { get; set; } = TimeSpan.FromDays(90);

    /// <summary>How long the history of a finished orchestration is kept; the release itself stays. 1 hour to 365 days; 7 days by default.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "365.00:00:00")]
    public TimeSpan KeepHistories { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Whether the retention policy is applied every night; false by default: only when asked for.</summary>
    public bool ApplyRetention { get; set; }
}

/// <summary>Where a credential comes from.</summary>
public enum IdentityKind
{
    /// <summary>The app's identity on Azure, and whoever is signed in on a developer's machine.</summary>
    Default,

    /// <summary>The app's managed identity only: quicker, and nothing else is tried.</summary>
    Managed,
}

/// <summary>Checks <see cref="AzureHostOptions"/> by their annotations.</summary>
[OptionsValidator]
internal sealed partial class AzureHostOptionsValidator : IValidateOptions<AzureHostOptions>;
