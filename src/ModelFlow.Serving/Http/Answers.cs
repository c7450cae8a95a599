using System.Text.Encodings.Web;
using System.Text.Json;
using ModelFlow.Core;

namespace ModelFlow.Serving.Http;

/// <summary>
/// Answers in the protocol's form: errors are <c>{"error": "…"}</c>, to which this server adds <c>field</c> (what the
/// error is about) and <c>reason</c> (a word for programs) where there is one.
/// </summary>
internal static class Answers
{
    /// <summary>The header that names the version that answered.</summary>
    public const string VersionHeader = "x-modelflow-version";

    // The answers are read as JSON, never as HTML: quotes and apostrophes stay readable.
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Task ErrorAsync(this HttpContext context, int status, string message, string? reason = null, string? field = null) =>
        context.JsonAsync(status, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("error"u8, message);
            if (field is not null)
            {
                writer.WriteString("field"u8, field);
            }

            if (reason is not null)
            {
                writer.WriteString("reason"u8, reason);
            }

            writer.WriteEndObject();
        });

    public static Task ErrorAsync(this HttpContext context, FieldError error) => context.ErrorAsync(StatusCodes.Status400BadRequest, error.ToString(), field: error.Path);

    /// <summary>Answers with what <paramref name="write"/> writes.</summary>
    public static async Task JsonAsync(this HttpContext context, int status, Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream();
        await using (var writer = new Utf8JsonWriter(bytes, Plain))
        {
            write(writer);
        }

        context.Response.StatusCode = status;
        await context.Response.SendJsonAsync(bytes.GetBuffer().AsMemory(0, (int)bytes.Length), context.RequestAborted);
    }

    public static Task SendJsonAsync(this HttpResponse response, ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        response.ContentType = "application/json";
        response.ContentLength = json.Length;
        return response.Body.WriteAsync(json, cancellationToken).AsTask();
    }
}
