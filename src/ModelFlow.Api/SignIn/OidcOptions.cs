using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using ModelFlow.Api.Access;

namespace ModelFlow.Api.SignIn;

/// <summary>Sign-in with an OpenID Connect provider; configuration section <c>Oidc</c>.</summary>
public sealed class OidcOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Oidc";

    /// <summary>The provider: its issuer's address, under which <c>/.well-known/openid-configuration</c> lies. By https, unless it is on loopback.</summary>
    [Required]
    public Uri? Authority { get; set; }

    /// <summary>What people are shown as the way to sign in; the provider's host by default.</summary>
    public string? Title { get; set; }

    /// <summary>Of which application people sign in on the page; without one, nobody signs in there.</summary>
    public string? ClientId { get; set; }

    /// <summary>That application's secret; left out for a public client, which PKCE alone protects.</summary>
    public string? ClientSecret { get; set; }

    /// <summary>What <c>aud</c> the API's tokens have; without one, no signed token is accepted as a bearer.</summary>
    public string? Audience { get; set; }

    /// <summary>What is asked for at sign-in, with spaces between; <c>openid profile</c> by default.</summary>
    [Required]
    public string Scopes { get; set; } = "openid profile";

    /// <summary>The claim that tells one identity from all others, and is never given to another; <c>sub</c> by default.</summary>
    [Required]
    public string NameClaim { get; set; } = "sub";

    /// <summary>The claim of the name that people are shown; <c>name</c> by default.</summary>
    [Required]
    public string DisplayNameClaim { get; set; } = "name";

    /// <summary>The claim of the roles; <c>roles</c> by default. A claim inside a claim is named with a point: <c>realm_access.roles</c>.</summary>
    [Required]
    public string RolesClaim { get; set; } = "roles";

    /// <summary>Stands before ModelFlow's role in a provider's role; <c>modelflow-</c> by default, so that <c>modelflow-approver</c> is the role <c>approver</c>.</summary>
    public string RolePrefix { get; set; } = "modelflow-";

    /// <summary>What a provider's role or group is here: one of ModelFlow's roles, or several with commas.</summary>
    public IDictionary<string, string> RoleMap { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The claim of the groups; <c>groups</c> by default.</summary>
    [Required]
    public string GroupsClaim { get; set; } = "groups";
}

/// <summary>Checks the annotations of <see cref="OidcOptions"/> at start.</summary>
[OptionsValidator]
public sealed partial class OidcAnnotations : IValidateOptions<OidcOptions>;

/// <summary>Checks what annotations cannot say.</summary>
public sealed class OidcOptionsValidator : IValidateOptions<OidcOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, OidcOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var errors = new ValidateOptionsResultBuilder();
        if (options.Authority is { } authority
            && !(authority is { IsAbsoluteUri: true, Query: "" } && (authority.Scheme is "https" || authority is { Scheme: "http", IsLoopback: true })))
        {
            errors.AddError("must be an absolute https address without a query; http is for loopback alone.", $"{OidcOptions.Section}:{nameof(options.Authority)}");
        }

        if (string.IsNullOrEmpty(options.ClientId) && string.IsNullOrEmpty(options.Audience))
        {
            errors.AddError("or Audience is needed: ClientId for people on the page, Audience for tokens of the API.", $"{OidcOptions.Section}:{nameof(options.ClientId)}");
        }

        if (!options.Scopes.Split(' ').Contains("openid", StringComparer.Ordinal))
        {
            errors.AddError("must have 'openid'.", $"{OidcOptions.Section}:{nameof(options.Scopes)}");
        }

        foreach (var (from, to) in options.RoleMap)
        {
            if (!to.Split(',', StringSplitOptions.TrimEntries).All(r => Grant.TryParse(r, out _, out _)))
            {
                errors.AddError($"'{to}' has what is no role; use {Roles.Listed}, with commas between, each with ':' and models behind it or without.", $"{OidcOptions.Section}:{nameof(options.RoleMap)}:{from}");
            }
        }

        return errors.Build();
    }
}
