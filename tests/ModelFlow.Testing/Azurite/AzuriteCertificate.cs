using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ModelFlow.Testing.Azurite;

/// <summary>A certificate for 127.0.0.1 that nobody else trusts, in PEM files.</summary>
/// <param name="CertificatePath">The certificate.</param>
/// <param name="KeyPath">Its private key.</param>
public sealed record AzuriteCertificate(string CertificatePath, string KeyPath)
{
    /// <summary>Makes one in <paramref name="folder"/>.</summary>
    public static async Task<AzuriteCertificate> CreateAsync(string folder, CancellationToken cancellationToken)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var files = new AzuriteCertificate(Path.Combine(folder, "certificate.pem"), Path.Combine(folder, "key.pem"));
        await File.WriteAllTextAsync(files.CertificatePath, certificate.ExportCertificatePem(), cancellationToken);
        await File.WriteAllTextAsync(files.KeyPath, key.ExportPkcs8PrivateKeyPem(), cancellationToken);
        return files;
    }
}
