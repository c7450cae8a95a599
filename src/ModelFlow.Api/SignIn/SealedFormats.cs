using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using ModelFlow.Api.Sessions;
using ModelFlow.Core.Secrets;

namespace ModelFlow.Api.SignIn;

/// <summary>What a browser carries to the provider and back, sealed.</summary>
internal sealed class SealedProperties(SealedText seal) : ISecureDataFormat<AuthenticationProperties>
{
    public string Protect(AuthenticationProperties data) => seal.Seal(JsonSerializer.Serialize(data.Items));

    public string Protect(AuthenticationProperties data, string? purpose) => Protect(data);

    public AuthenticationProperties? Unprotect(string? protectedText) =>
        protectedText is not null && seal.Open(protectedText) is { } json ? new AuthenticationProperties(JsonSerializer.Deserialize<Dictionary<string, string?>>(json)!) : null; // sealed as one

    public AuthenticationProperties? Unprotect(string? protectedText, string? purpose) => Unprotect(protectedText);
}

/// <summary>The nonce that a browser keeps while its user is at the provider, sealed; it stands in a cookie's name.</summary>
internal sealed class SealedString(SealedText seal) : ISecureDataFormat<string>
{
    public string Protect(string data) => CookieText.Of(seal.Seal(data));

    public string Protect(string data, string? purpose) => Protect(data);

    public string? Unprotect(string? protectedText) => protectedText is null ? null : seal.Open(CookieText.Sealed(protectedText));

    public string? Unprotect(string? protectedText, string? purpose) => Unprotect(protectedText);
}
