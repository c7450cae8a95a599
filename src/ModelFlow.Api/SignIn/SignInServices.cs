using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using ModelFlow.Api.Access;
using ModelFlow.Api.Sessions;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Secrets;
using ModelFlow.Orchestration.Notifications;

namespace ModelFlow.Api.SignIn;

/// <summary>Adds sign-in with providers of identities beside ModelFlow's own tokens, which go on working.</summary>
public static class SignInServices
{
    private const string OidcScheme = "Oidc";

    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(2);

    // Signatures that only the provider can make: none of a shared key, and not "none".
    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    /// <summary>Adds the provider in the section <see cref="OidcOptions.Section"/>; nothing without it.</summary>
    public static IServiceCollection AddOidc(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        var section = configuration.GetSection(OidcOptions.Section);
        if (!section.Exists())
        {
            return services;
        }

        services.AddOptions<OidcOptions>().BindConfiguration(OidcOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<OidcOptions>, OidcAnnotations>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<OidcOptions>, OidcOptionsValidator>());
        var title = section[nameof(OidcOptions.Title)] ?? (Uri.TryCreate(section[nameof(OidcOptions.Authority)], UriKind.Absolute, out var authority) ? authority.Host : OidcScheme);
        return services.AddOpenIdProvider(
            OidcScheme,
            bearers: !string.IsNullOrEmpty(section[nameof(OidcOptions.Audience)]),
            signIn: string.IsNullOrEmpty(section[nameof(OidcOptions.ClientId)]) ? null : new SignInWay(OidcScheme, title, "/signin"),
            p => ProviderOf(p.GetRequiredService<IOptions<OidcOptions>>().Value));
    }

    /// <summary>Adds a provider: its tokens as bearers if <paramref name="bearers"/>, and signing in on the page if there is a <paramref name="signIn"/>.</summary>
    public static IServiceCollection AddOpenIdProvider(
        this IServiceCollection services, string scheme, bool bearers, SignInWay? signIn, Func<IServiceProvider, OpenIdProvider> provider)
    {
        ArgumentNullException.ThrowIfNull(services);
        var authentication = services.AddAuthentication();
        if (bearers)
        {
            authentication.AddJwtBearer(scheme, _ => { });
            services.AddOptions<JwtBearerOptions>(scheme).Configure<IServiceProvider>((o, p) => Bearers(o, provider(p), scheme, p.GetRequiredService<TimeProvider>()));

            // A key that the provider has taken back is none, from the moment that this is known.
            services.PostConfigure<JwtBearerOptions>(scheme, o =>
            {
                if (o.ConfigurationManager is BaseConfigurationManager manager)
                {
                    manager.UseLastKnownGoodConfiguration = false;
                }
            });
            services.AddOptions<SignedTokens>().Configure<IServiceProvider>((o, p) => o.Schemes.Add(new SignedTokenScheme(scheme, IssuersOf(provider(p)))));
        }

        if (signIn is not null)
        {
            authentication.AddOpenIdConnect(signIn.Scheme + "Page", _ => { });
            services.AddOptions<OpenIdConnectOptions>(signIn.Scheme + "Page").Configure<IServiceProvider>((o, p) => Page(o, provider(p), signIn, p));
            services.Configure<SignInWays>(o => o.All.Add(signIn with { Scheme = signIn.Scheme + "Page" }));
        }

        return services;
    }

    private static OpenIdProvider ProviderOf(OidcOptions options)
    {
        var authority = options.Authority!.ToString().TrimEnd('/'); // needed, by the options' check
        return new OpenIdProvider
        {
            Metadata = new Uri(authority + "/.well-known/openid-configuration"),
            Issuers = [authority, authority + "/"],
            Audiences = options.Audience is { Length: > 0 } audience ? [audience] : [],
            ClientId = options.ClientId,
            ClientSecret = options.ClientSecret,
            Scopes = options.Scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            Name = token => token.FindFirst(options.NameClaim)?.Value is { Length: > 0 and <= 255 } name && name.All(c => c is > ' ' and <= '~')
                ? $"oidc:{authority[(authority.IndexOf("//", StringComparison.Ordinal) + 2)..]}:{name}"
                : null,
            DisplayNameClaim = options.DisplayNameClaim,
            RolesClaim = options.RolesClaim,
            RolePrefix = options.RolePrefix,
            RoleMap = options.RoleMap.AsReadOnly(),
            GroupsClaim = options.GroupsClaim,
            NoRole = $"The token gives no role of ModelFlow: '{options.RolePrefix}reader', for example, in the claim '{options.RolesClaim}', or a role or group that Oidc:RoleMap has.",
        };
    }

    private static string[] IssuersOf(OpenIdProvider provider) => [.. provider.Issuers];

    private static TokenValidationParameters Validation(OpenIdProvider provider, IEnumerable<string> audiences, TimeProvider time) => new()
    {
        ValidIssuers = provider.Issuers,
        ValidAudiences = audiences,
        ValidAlgorithms = Algorithms,
        RequireExpirationTime = true,
        RequireSignedTokens = true,

        // By the host's one clock.
        LifetimeValidator = (from, to, _, _) => to is { } end && time.GetUtcNow().UtcDateTime < end + Skew && !(from > time.GetUtcNow().UtcDateTime + Skew),
    };

    private static void Bearers(JwtBearerOptions options, OpenIdProvider provider, string scheme, TimeProvider time)
    {
        options.MetadataAddress = provider.Metadata.ToString();
        options.RequireHttpsMetadata = !provider.Metadata.IsLoopback;
        options.MapInboundClaims = false;
        options.SaveToken = false;
        options.TokenValidationParameters = Validation(provider, provider.Audiences, time);
        options.Events = new JwtBearerEvents
        {
            OnTokenValidated = context =>
            {
                if (ProviderIdentity.TryMake(context.Principal!, provider, scheme, new DateTimeOffset(context.SecurityToken.ValidTo, TimeSpan.Zero), out var user, out var reason)) // a validated token has a principal
                {
                    context.Principal = user;
                }
                else
                {
                    new AuthenticationFailure(reason).Tell(context.HttpContext);
                    context.Fail(reason);
                }

                return Task.CompletedTask;
            },
            OnAuthenticationFailed = context =>
            {
                new AuthenticationFailure(context.Exception is SecurityTokenInvalidLifetimeException or SecurityTokenExpiredException or SecurityTokenNoExpirationException
                    ? "The token has expired, or is not valid yet."
                    : "The token is not one that its provider signed for this API.").Tell(context.HttpContext);
                context.NoResult();
                return Task.CompletedTask;
            },
        };
    }

    private static void Page(OpenIdConnectOptions options, OpenIdProvider provider, SignInWay way, IServiceProvider services)
    {
        var protector = services.GetRequiredService<ISecretProtector>();
        var home = services.GetService<NotificationSource>()?.Address is { Scheme: "https" } address ? address : null;
        options.MetadataAddress = provider.Metadata.ToString();
        options.RequireHttpsMetadata = !provider.Metadata.IsLoopback;
        options.ClientId = provider.ClientId;
        options.ClientSecret = provider.ClientSecret;
        options.ResponseType = OpenIdConnectResponseType.Code;
        options.ResponseMode = OpenIdConnectResponseMode.Query;
        options.UsePkce = true;
        options.MapInboundClaims = false;
        options.SaveTokens = false;
        options.DisableTelemetry = true;
        options.Scope.Clear();
        foreach (var scope in provider.Scopes)
        {
            options.Scope.Add(scope);
        }

        options.CallbackPath = $"{way.Address}/callback";
        options.RemoteSignOutPath = default;
        options.SignedOutCallbackPath = default;
        options.SignInScheme = SessionHandler.SchemeName;
        options.StateDataFormat = new SealedProperties(new SealedText(protector, "state"));
        options.StringDataFormat = new SealedString(new SealedText(protector, "nonce"));
        foreach (var cookie in new[] { options.CorrelationCookie, options.NonceCookie })
        {
            // The provider's answer is a navigation, which Lax lets through.
            cookie.SameSite = SameSiteMode.Lax;
            cookie.SecurePolicy = home is null ? CookieSecurePolicy.SameAsRequest : CookieSecurePolicy.Always;
        }

        options.CorrelationCookie.Name = "modelflow-state.";
        options.NonceCookie.Name = "modelflow-nonce.";
        options.TokenValidationParameters = Validation(provider, [provider.ClientId!], services.GetRequiredService<TimeProvider>()); // pages have a client
        options.Events = new OpenIdConnectEvents
        {
            OnRedirectToIdentityProvider = context =>
            {
                // Behind a proxy, and on Functions, a request does not say how the browser reached this host.
                context.ProtocolMessage.RedirectUri = home is null ? context.ProtocolMessage.RedirectUri : new Uri(home, options.CallbackPath.Value!.TrimStart('/')).ToString(); // set above
                return Task.CompletedTask;
            },
            OnTokenValidated = context =>
            {
                // The library lets pass what the provider itself sent without a signature, as the protocol allows (section 3.1.3.7). What says who somebody is, is signed here.
                if (context.SecurityToken.RawSignature.Length == 0)
                {
                    context.Fail("The token is not signed.");
                }
                else if (ProviderIdentity.TryMake(context.Principal!, provider, SessionHandler.SchemeName, until: null, out var user, out var reason)) // a validated token has a principal
                {
                    context.Principal = user;
                }
                else
                {
                    context.Fail(reason);
                    context.HttpContext.Features.Set(new AuthenticationFailure(reason));
                }

                return Task.CompletedTask;
            },
            OnRemoteFailure = SignInEndpoints.FailAsync,
        };
    }
}

/// <summary>A way to sign in on the page with a provider.</summary>
/// <param name="Scheme">Its authentication scheme.</param>
/// <param name="Title">What people are shown.</param>
/// <param name="Address">Where a browser begins.</param>
public sealed record SignInWay(string Scheme, string Title, string Address);

/// <summary>The ways to sign in on the page, beside tokens.</summary>
public sealed class SignInWays
{
    /// <summary>All of them.</summary>
    public IList<SignInWay> All { get; } = [];
}
