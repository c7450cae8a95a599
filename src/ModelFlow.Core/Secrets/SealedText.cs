using System.Security.Cryptography;
using System.Text.Json;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Secrets;

/// <summary>
/// Text that is given out (to browsers, in links) and comes back, and that nobody can read or change meanwhile: sealed by <see cref="ISecretProtector"/>. What it is for is sealed with it,
/// so that nothing sealed for one purpose passes for another.
/// </summary>
/// <param name="protector">Seals and opens.</param>
/// <param name="purpose">What the text is for, for example <c>session</c>.</param>
public sealed class SealedText(ISecretProtector protector, string purpose)
{
    private readonly string _start = $"modelflow {purpose}\n";

    /// <summary>Seals a text for this purpose.</summary>
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

    /// <summary>The value that was sealed as JSON; null where <see cref="Open"/> gives null, and if it has another shape: another version of ModelFlow sealed it.</summary>
    public T? OpenAs<T>(string text)
        where T : class
    {
        try
        {
            return Open(text) is { } json ? JsonSerializer.Deserialize<T>(json, CoreJson.Options) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
