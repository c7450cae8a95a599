using Microsoft.Extensions.Options;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Gateway;

/// <summary>Checks the annotations.</summary>
[OptionsValidator]
internal sealed partial class GatewayAnnotationsValidator : IValidateOptions<GatewayOptions>;

/// <summary>Checks what annotations cannot say; names every mistake.</summary>
internal sealed class GatewayOptionsValidator : IValidateOptions<GatewayOptions>
{
    public ValidateOptionsResult Validate(string? name, GatewayOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        if (!options.Anonymous && options.ClientKeys.Count == 0)
        {
            errors.AddError("no client could call: add a key's hash, or set Gateway:Anonymous=true to serve clients without one.", "Gateway:ClientKeys");
        }

        for (var i = 0; i < options.ClientKeys.Count; i++)
        {
            if (string.IsNullOrWhiteSpace(options.ClientKeys[i].Name))
            {
                errors.AddError("is needed.", $"Gateway:ClientKeys:{i}:Name");
            }

            if (!Sha256Digest.TryParse(options.ClientKeys[i].Sha256, out _, out _))
            {
                errors.AddError("must be 'sha256:' and 64 hexadecimal digits: the SHA-256 of the key, never the key itself.", $"Gateway:ClientKeys:{i}:Sha256");
            }
        }

        for (var i = 0; i < options.Shadow.Headers.Count; i++)
        {
            if (options.Shadow.Headers[i] is not { Length: > 0 } header || header.Equals("Authorization", StringComparison.OrdinalIgnoreCase) || header.Equals("Cookie", StringComparison.OrdinalIgnoreCase))
            {
                errors.AddError("must name a header, and no client's identity: those are never passed on.", $"Gateway:Shadow:Headers:{i}");
            }
        }

        CheckAddresses(options.Listen, "Gateway:Listen", errors);
        CheckAddresses(options.ControlListen ?? "", "Gateway:ControlListen", errors);

        if (options.SigningKey is { } key && !IsKey(key))
        {
            errors.AddError($"must be base64 of at least {RequestIdSigner.MinKeyBytes} bytes.", "Gateway:SigningKey");
        }

        if (options.ControlPlane is { } plane && plane is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
        {
            errors.AddError("must be an http or https address.", "Gateway:ControlPlane");
        }

        return errors.Build();
    }

    private static void CheckAddresses(string addresses, string path, ValidateOptionsResultBuilder errors)
    {
        foreach (var text in addresses.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            try
            {
                if (BindingAddress.Parse(text) is { Port: >= 0 and <= ushort.MaxValue, PathBase: "" })
                {
                    continue;
                }
            }
            catch (FormatException)
            {
                // Said below.
            }

            errors.AddError($"'{text}' is not an address to listen on; write for example http://127.0.0.1:7610.", path);
        }
    }

    private static bool IsKey(string text)
    {
        Span<byte> bytes = stackalloc byte[256];
        return Convert.TryFromBase64String(text, bytes, out var length) && length >= RequestIdSigner.MinKeyBytes;
    }
}
