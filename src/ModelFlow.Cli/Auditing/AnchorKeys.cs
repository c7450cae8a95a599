using System.Security.Cryptography;
using System.Text;

namespace ModelFlow.Cli.Auditing;

/// <summary>The public keys that anchors are believed under.</summary>
internal sealed class AnchorKeys
{
    private const int IdDigits = 16;
    private const string Label = "PUBLIC KEY";

    // What is signed, before the anchor's hash.
    private const string Purpose = "modelflow audit anchor 1\n";

    private readonly Dictionary<string, byte[]> _keys = new(StringComparer.Ordinal);

    /// <summary>Their ids, in the order they came.</summary>
    public IReadOnlyCollection<string> Ids => _keys.Keys;

    /// <summary>Every key of a PEM file.</summary>
    /// <exception cref="CommandFailedException">It holds none, or something else.</exception>
    public static AnchorKeys OfPem(string text, string file)
    {
        var keys = new AnchorKeys();
        var rest = text.AsSpan();
        while (PemEncoding.TryFind(rest, out var fields))
        {
            if (!rest[fields.Label].SequenceEqual(Label) || !keys.Add(rest[fields.Base64Data].ToString()))
            {
                throw new CommandFailedException(ExitCode.Usage, $"{file} holds something that is no public key on P-256.", "Give a file as 'modelflow audit key' prints it.");
            }

            rest = rest[fields.Location.End..];
        }

        return keys.Ids.Count > 0
            ? keys
            : throw new CommandFailedException(ExitCode.Usage, $"There is no public key in {file}.", "Give a file as 'modelflow audit key' prints it.");
    }

    /// <summary>A key in PEM form.</summary>
    public static string Pem(string base64) => PemEncoding.WriteString(Label, Convert.FromBase64String(base64));

    /// <summary>Adds a key in base64 of its SubjectPublicKeyInfo; false if it is none on P-256.</summary>
    public bool Add(string base64)
    {
        try
        {
            var bytes = Convert.FromBase64String(base64);
            using var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(bytes, out _);
            if (key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value != ECCurve.NamedCurves.nistP256.Oid.Value)
            {
                return false;
            }

            _keys[Convert.ToHexStringLower(SHA256.HashData(bytes))[..IdDigits]] = bytes;
            return true;
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            return false;
        }
    }

    /// <summary>Whether an anchor's hash was signed with the key; null if the key is not among these.</summary>
    public bool? HasSigned(string keyId, string hash, string signature)
    {
        if (!_keys.TryGetValue(keyId, out var bytes))
        {
            return null;
        }

        try
        {
            using var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(bytes, out _);
            return key.VerifyData(Encoding.ASCII.GetBytes(Purpose + hash), Convert.FromBase64String(signature), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            return false;
        }
    }
}
