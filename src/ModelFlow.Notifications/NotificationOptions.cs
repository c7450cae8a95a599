using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace ModelFlow.Notifications;

/// <summary>How messages are sent; configuration section <c>Notifications</c>.</summary>
public sealed class NotificationOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Notifications";

    /// <summary>How many bytes a protection key has.</summary>
    public const int ProtectionKeyBytes = 32;

    /// <summary>The address under which people reach this ModelFlow, for example <c>https://modelflow.example.com/</c>: the source of messages and what their links begin with. The host's own address by default.</summary>
    public Uri? PublicAddress { get; set; }

    /// <summary>
    /// Keys that addresses and signing keys are protected with in the tables, base64 of 32 bytes each; the first protects, all unprotect, so that keys can be changed.
    /// The embedded host makes one; on Azure it comes from Key Vault. Without one, no subscription can be made.
    /// </summary>
    public IList<string> ProtectionKeys { get; } = [];

    /// <summary>Whether receivers may be at loopback and private addresses (10/8, 172.16/12, 192.168/16, fc00::/7), and at addresses without TLS; false by default. Link-local addresses, where clouds keep their metadata, are never sent to.</summary>
    public bool AllowPrivateAddresses { get; set; }

    /// <summary>How long a receiver may take, in seconds, 1 to 60; 10 by default.</summary>
    [Range(1, 60)]
    public int TimeoutSeconds { get; set; } = 10;
}

/// <summary>Checks <see cref="NotificationOptions"/> at start.</summary>
[OptionsValidator]
public sealed partial class NotificationAnnotations : IValidateOptions<NotificationOptions>;

/// <summary>Checks what annotations cannot say.</summary>
public sealed class NotificationOptionsValidator : IValidateOptions<NotificationOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, NotificationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var errors = new ValidateOptionsResultBuilder();
        if (options.PublicAddress is { } address && (!address.IsAbsoluteUri || address.Scheme is not ("https" or "http") || address.Query.Length > 0))
        {
            errors.AddError("must be an absolute http or https address without a query.", $"{NotificationOptions.Section}:{nameof(options.PublicAddress)}");
        }

        for (var i = 0; i < options.ProtectionKeys.Count; i++)
        {
            if (!IsKey(options.ProtectionKeys[i]))
            {
                errors.AddError($"must be base64 of {NotificationOptions.ProtectionKeyBytes} bytes; 'openssl rand -base64 {NotificationOptions.ProtectionKeyBytes}' makes one.", $"{NotificationOptions.Section}:{nameof(options.ProtectionKeys)}:{i}");
            }
        }

        return errors.Build();
    }

    private static bool IsKey(string text)
    {
        Span<byte> bytes = stackalloc byte[NotificationOptions.ProtectionKeyBytes];
        return Convert.TryFromBase64String(text, bytes, out var written) && written == bytes.Length;
    }
}
