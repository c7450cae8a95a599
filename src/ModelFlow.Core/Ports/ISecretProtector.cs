namespace ModelFlow.Core.Ports;

/// <summary>Keeps secrets that must be read again (addresses, keys) unreadable for who can read the tables.</summary>
public interface ISecretProtector
{
    /// <summary>Whether there is a key to protect with.</summary>
    bool CanProtect { get; }

    /// <summary>A text that only <see cref="Unprotect"/> makes readable.</summary>
    string Protect(string secret);

    /// <summary>The secret in a protected text.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">It was changed, or protected with a key that is not there.</exception>
    string Unprotect(string text);
}
