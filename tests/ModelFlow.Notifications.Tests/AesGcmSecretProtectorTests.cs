using System.Security.Cryptography;
using Microsoft.Extensions.Options;

namespace ModelFlow.Notifications.Tests;

public sealed class AesGcmSecretProtectorTests
{
    private static readonly string One = Convert.ToBase64String(Enumerable.Repeat((byte)1, NotificationOptions.ProtectionKeyBytes).ToArray());
    private static readonly string Two = Convert.ToBase64String(Enumerable.Repeat((byte)2, NotificationOptions.ProtectionKeyBytes).ToArray());

    [Fact]
    public void Secret_is_read_again_with_its_key_and_with_that_key_among_others()
    {
        var text = With(One).Protect("https://hooks.example.com/größer");

        Assert.DoesNotContain("hooks", text, StringComparison.Ordinal);
        Assert.Equal("https://hooks.example.com/größer", With(One).Unprotect(text));
        Assert.Equal("https://hooks.example.com/größer", With(Two, One).Unprotect(text));
        Assert.Throws<CryptographicException>(() => With(Two).Unprotect(text));
    }

    [Fact]
    public void Same_secret_is_protected_differently_each_time() => Assert.NotEqual(With(One).Protect("x"), With(One).Protect("x"));

    [Fact]
    public void Changed_text_is_refused_wherever_it_was_changed()
    {
        var text = With(One).Protect("8 bytes!");
        for (var i = 0; i < text.Length; i++)
        {
            var changed = text[..i] + (text[i] == 'A' ? 'B' : 'A') + text[(i + 1)..];

            Assert.ThrowsAny<CryptographicException>(() => With(One).Unprotect(changed));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1.x.!")]
    [InlineData("2.x.AAAA")]
    public void Text_that_is_none_is_refused(string text) => Assert.ThrowsAny<CryptographicException>(() => With(One).Unprotect(text));

    [Fact]
    public void Without_a_key_nothing_is_protected() => Assert.False(With().CanProtect);

    [Theory]
    [InlineData("x")]
    [InlineData("AAAA")]
    public void Bad_key_is_refused_at_start_with_the_setting_and_the_remedy(string key)
    {
        var result = new NotificationOptionsValidator().Validate(null, new NotificationOptions { ProtectionKeys = { One, key } });

        Assert.Contains("Notifications:ProtectionKeys:1", result.FailureMessage, StringComparison.Ordinal);
        Assert.Contains("openssl", result.FailureMessage, StringComparison.Ordinal);
    }

    private static AesGcmSecretProtector With(params string[] keys)
    {
        var options = new NotificationOptions();
        foreach (var key in keys)
        {
            options.ProtectionKeys.Add(key);
        }

        return new AesGcmSecretProtector(Options.Create(options));
    }
}
