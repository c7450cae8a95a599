using System.Text.Encodings.Web;
using System.Text.Json;

namespace ModelFlow.TextEngine.Http;

/// <summary>Errors as OpenAI's clients read them: <c>{"error":{"message","type","param","code"}}</c>.</summary>
internal static class OpenAiErrors
{
    // The answers are read as JSON, never as HTML: quotes and apostrophes stay readable.
    public static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task WriteAsync(HttpContext context, int status, string message, string code, string? field = null)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(Json(status, message, code, field), context.RequestAborted);
    }

    public static byte[] Json(int status, string message, string code, string? field)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, Plain))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("error"u8);
            writer.WriteString("message"u8, message);
            writer.WriteString("type"u8, status < 500 ? "invalid_request_error"u8 : "server_error"u8);
            writer.WriteString("param"u8, field);
            writer.WriteString("code"u8, code);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return bytes.ToArray();
    }
}
