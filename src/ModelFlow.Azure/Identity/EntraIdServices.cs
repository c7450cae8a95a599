using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using ModelFlow.Api.SignIn;

namespace ModelFlow.Azure.Identity;

/// <summary>Adds sign-in with Microsoft Entra ID beside ModelFlow's own tokens.</summary>
public static class EntraIdServices
{
    /// <summary>The authentication scheme of Entra ID's tokens.</summary>
    public const string Scheme = "EntraId";

    /// <summary>
    /// Accepts tokens of the tenant in the section <see cref="EntraIdOptions.Section"/>, with app roles as ModelFlow's roles; with a client secret, people sign in on the page too.
    /// Without the section nothing is added. ModelFlow's own tokens go on working.
    /// </summary>
    public static IServiceCollection AddEntraId(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        var section = configuration.GetSection(EntraIdOptions.Section);
        if (!section.Exists())
        {
            return services;
        }

        services.AddOptions<EntraIdOptions>().BindConfiguration(EntraIdOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<EntraIdOptions>, EntraIdOptionsValidator>());
        return services.AddOpenIdProvider(
            Scheme,
            bearers: true,
            signIn: string.IsNullOrEmpty(section[nameof(EntraIdOptions.ClientSecret)]) ? null : new SignInWay(Scheme, "Microsoft Entra ID", "/signin/entra"),
            p => ProviderOf(p.GetRequiredService<IOptions<EntraIdOptions>>().Value));
    }

    private static OpenIdProvider ProviderOf(EntraIdOptions entra) => new()
    {
        Metadata = new Uri(entra.Instance, $"{entra.TenantId}/v2.0/.well-known/openid-configuration"),

        // Both versions of tokens, of this one tenant.
        Issuers = [new Uri(entra.Instance, $"{entra.TenantId}/v2.0").ToString(), $"https://sts.windows.net/{entra.TenantId}/"],
        Audiences = [entra.ClientId, $"api://{entra.ClientId}"],
        ClientId = entra.ClientId,
        ClientSecret = entra.ClientSecret,

        // Named after the object id, which no other person or application ever gets: whoever uploaded a version must not approve it under a new user name.
        Name = token => Guid.TryParse(token.FindFirst("oid")?.Value, CultureInfo.InvariantCulture, out var id) ? $"entra:{id:D}" : null,
        RolePrefix = entra.RolePrefix,
        NoRole = $"The token has no app role of ModelFlow: {entra.RolePrefix}Reader, for example, assigned to the user, group or application.",
    };
}
