using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using ModelFlow.Api.Access;

namespace ModelFlow.Azure.Identity;

/// <summary>Adds sign-in with Microsoft Entra ID beside ModelFlow's own tokens.</summary>
public static class EntraIdServices
{
    /// <summary>The authentication scheme of Entra ID's tokens.</summary>
    public const string Scheme = "EntraId";

    /// <summary>
    /// Accepts tokens of the tenant in the section <see cref="EntraIdOptions.Section"/>, with app roles as ModelFlow's roles. Without the section nothing is added.
    /// ModelFlow's own tokens go on working.
    /// </summary>
    public static IServiceCollection AddEntraId(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        if (!configuration.GetSection(EntraIdOptions.Section).Exists())
        {
            return services;
        }

        services.AddOptions<EntraIdOptions>().BindConfiguration(EntraIdOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<EntraIdOptions>, EntraIdOptionsValidator>());
        services.AddAuthentication().AddJwtBearer(Scheme, _ => { });
        services.AddOptions<JwtBearerOptions>(Scheme).Configure<IOptions<EntraIdOptions>>((jwt, entra) => Configure(jwt, entra.Value));
        services.Configure<SignedTokens>(o => o.Schemes.Add(Scheme));
        return services;
    }

    private static void Configure(JwtBearerOptions jwt, EntraIdOptions entra)
    {
        jwt.MetadataAddress = new Uri(entra.Instance, $"{entra.TenantId}/v2.0/.well-known/openid-configuration").ToString();
        jwt.RequireHttpsMetadata = !entra.Instance.IsLoopback;
        jwt.MapInboundClaims = false;
        jwt.SaveToken = false;
        jwt.TokenValidationParameters = new TokenValidationParameters
        {
            // Both versions of tokens, of this one tenant.
            ValidIssuers = [new Uri(entra.Instance, $"{entra.TenantId}/v2.0").ToString(), $"https://sts.windows.net/{entra.TenantId}/"],
            ValidAudiences = [entra.ClientId, $"api://{entra.ClientId}"],
            ValidAlgorithms = [SecurityAlgorithms.RsaSha256],
            RequireExpirationTime = true,
            RequireSignedTokens = true,
            ClockSkew = TimeSpan.FromMinutes(2),
        };
        jwt.Events = new JwtBearerEvents
        {
            OnTokenValidated = context =>
            {
                var identity = EntraIdentity.TryMake(context.Principal!, entra, new DateTimeOffset(context.SecurityToken.ValidTo, TimeSpan.Zero), Scheme, out var reason); // a validated token has a principal
                if (identity is null)
                {
                    context.Fail(reason);
                }
                else
                {
                    context.Principal = new System.Security.Claims.ClaimsPrincipal(identity);
                }

                return Task.CompletedTask;
            },
        };
    }
}
