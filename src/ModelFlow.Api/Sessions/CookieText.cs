namespace ModelFlow.Api.Sessions;

/// <summary>Sealed text in characters that may stand in a cookie, its name included, as they are: escaped, it would grow beyond what browsers keep.</summary>
internal static class CookieText
{
    public static string Of(string sealedText) => sealedText.Replace('+', '-').Replace('/', '_').Replace('=', '~');

    public static string Sealed(string text) => text.Replace('-', '+').Replace('_', '/').Replace('~', '=');
}
