using ModelFlow.Core.Ports;

namespace ModelFlow.Testing.InMemory;

/// <summary>Protects nothing: for worlds whose secrets are made up.</summary>
public sealed class PlainProtector : ISecretProtector
{
    /// <inheritdoc/>
    public bool CanProtect => true;

    /// <inheritdoc/>
    public string Protect(string secret) => $"1.plain.{Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(secret))}";

    /// <inheritdoc/>
    public string Unprotect(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(text[(text.LastIndexOf('.') + 1)..]));
    }
}
