using System.ComponentModel.DataAnnotations;
using Azure.Core;
using Azure.Core.Pipeline;

namespace ModelFlow.Storage;

/// <summary>Where ModelFlow keeps its data: a connection string, or the two services' addresses with a credential.</summary>
public sealed class StorageOptions : IValidatableObject
{
    /// <summary>The section of the configuration these are read from.</summary>
    public const string Section = "Storage";

    /// <summary>An Azure Storage or Azurite connection string with the account's key. Leave it out to use <see cref="BlobServiceUri"/> and <see cref="TableServiceUri"/>.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>The blob service, for example <c>https://account.blob.core.windows.net</c>.</summary>
    public Uri? BlobServiceUri { get; set; }

    /// <summary>The table service, for example <c>https://account.table.core.windows.net</c>.</summary>
    public Uri? TableServiceUri { get; set; }

    /// <summary>Who asks, with the addresses; set in code. Needs the roles Storage Blob Data Contributor, Storage Blob Delegator and Storage Table Data Contributor.</summary>
    public TokenCredential? Credential { get; set; }

    /// <summary>Put before the names of containers and tables, so that several installations can share an account. Up to 20 lower-case letters and digits, a letter first; empty by default.</summary>
    [RegularExpression("^([a-z][a-z0-9]{0,19})?$", ErrorMessage = "Storage:Prefix has up to 20 lower-case letters and digits and begins with a letter.")]
    public string Prefix { get; set; } = "";

    /// <summary>How often a call is tried again after a failure that may pass, 0 to 20; 4 by default.</summary>
    [Range(0, 20)]
    public int Retries { get; set; } = 4;

    /// <summary>The wait before the first retry, doubled with each; 1 millisecond to 1 minute, 200 milliseconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long one answer is waited for, 1 second to 10 minutes; 30 seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Up to this size a file is copied in one request, which the service does within itself; 1 MiB to 256 MiB (Azure's limit), the default.</summary>
    [Range(1 << 20, 256 << 20)]
    public int SingleCopyBytes { get; set; } = 256 << 20;

    /// <summary>The bytes that a larger copied file is split into, 1 MiB to 100 MiB; 32 MiB by default.</summary>
    [Range(1 << 20, 100 << 20)]
    public int CopyBlockBytes { get; set; } = 32 << 20;

    /// <summary>How many blocks of a file are copied at a time, 1 to 64; 8 by default.</summary>
    [Range(1, 64)]
    public int CopyParallelism { get; set; } = 8;

    /// <summary>
    /// Whether versions that are in service or can be rolled back to carry a legal hold: nobody can delete or overwrite their files. False by default. Needs a
    /// container <c>models</c> with version-level immutability, and the role Storage Blob Data Owner on it. Turning it off lifts nothing.
    /// </summary>
    public bool LegalHolds { get; set; }

    /// <summary>Carries every request; null for the SDK's own. Set in code, for tests that break it.</summary>
    public HttpPipelineTransport? Transport { get; set; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (string.IsNullOrWhiteSpace(ConnectionString))
        {
            if (BlobServiceUri is null || TableServiceUri is null)
            {
                yield return new ValidationResult("Storage needs a ConnectionString, or a BlobServiceUri and a TableServiceUri.", [nameof(ConnectionString)]);
            }
            else if (Credential is null)
            {
                yield return new ValidationResult("Storage is given by its addresses: a Credential is needed, too.", [nameof(Credential)]);
            }
        }
        else if (BlobServiceUri is not null || TableServiceUri is not null)
        {
            yield return new ValidationResult("Storage has a ConnectionString and addresses: leave one out.", [nameof(ConnectionString)]);
        }
    }
}
