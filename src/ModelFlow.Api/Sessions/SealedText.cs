using System.Security.Cryptography;
using ModelFlow.Core.Ports;

namespace ModelFlow.Api.Sessions;

/// <summary>
/// Text that browsers keep for this host and cannot read or change: sealed by <see cref="ISecretProtector"/>. What it is for is sealed with it,
/// so that nothing sealed for one purpose passes for another.
/// </summary>
internal sealed class SealedText(ISecretProtector protector, string purpose)
{
    private readonly string _start = $"modelflow {purpose}\n";

    public string Seal(string text) => protector.Protect(_start + text);

    /// <summary>What was sealed; null if the text was changed, sealed with a key that is gone, or for another purpose.</summary>
    public string? Open(string text)
    {
        try
        {
            var opened = protector.Unprotect(text);
            return opened.StartsWith(_start, StringComparison.Ordinal) ? opened[_start.Length..] : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
