using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace ModelFlow.Api.Audit;

/// <summary>Anchors of the audit; configuration section <c>Audit</c>. See <c>docs/audit.md</c>. Checked at start.</summary>
public sealed class AuditOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Audit";

    /// <summary>The time between two anchors, 1 minute to 1 day; 1 hour by default. What was written since the newest anchor can still be changed unseen by who can write the storage.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")]
    public TimeSpan AnchorEvery { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Private keys that anchors are signed with: ECDSA on P-256, base64 of PKCS #8 in DER form. The first signs; all are trusted, so that keys can be changed. The embedded host makes
    /// one; on Azure it comes from Key Vault. Without one nothing is anchored, and health says so.
    /// </summary>
    public IList<string> SigningKeys { get; } = [];

    /// <summary>Public keys of former days whose private keys are gone: base64 of SubjectPublicKeyInfo in DER form. None by default.</summary>
    public IList<string> TrustedKeys { get; } = [];
}

/// <summary>Checks <see cref="AuditOptions"/> by their annotations.</summary>
[OptionsValidator]
internal sealed partial class AuditAnnotations : IValidateOptions<AuditOptions>;

/// <summary>Checks what annotations cannot say.</summary>
internal sealed class AuditOptionsValidator : IValidateOptions<AuditOptions>
{
    public ValidateOptionsResult Validate(string? name, AuditOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        Check(options.SigningKeys, nameof(options.SigningKeys), isPrivate: true, "base64 of a private key on P-256 (PKCS #8, DER); docs/audit.md shows how to make one.");
        Check(options.TrustedKeys, nameof(options.TrustedKeys), isPrivate: false, "base64 of a public key on P-256 (SubjectPublicKeyInfo, DER): the lines between BEGIN and END of 'modelflow audit key'.");
        return errors.Build();

        void Check(IList<string> keys, string field, bool isPrivate, string needed)
        {
            for (var i = 0; i < keys.Count; i++)
            {
                if (!EcdsaAnchorSigner.IsKey(keys[i], isPrivate))
                {
                    errors.AddError("must be " + needed, $"{AuditOptions.Section}:{field}:{i}");
                }
            }
        }
    }
}
