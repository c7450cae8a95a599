using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using ModelFlow.Core.Serialization;
using ModelFlow.Orchestration.Auditing;

namespace ModelFlow.Api.Audit;

/// <summary>An export as JSON Lines, sent while it is read: a failure in its middle leaves it without its last line.</summary>
internal sealed class AuditStream(ExportAudit export, AuditSelection selection) : IResult
{
    public const string MediaType = "application/jsonl";

    private const int FlushBytes = 64 * 1024;
    private static readonly byte[] LineEnd = "\n"u8.ToArray();

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (response, gone) = (httpContext.Response, httpContext.RequestAborted);
        await using var lines = export.ReadAsync(selection, gone).GetAsyncEnumerator(gone);

        // What fails before the first line is answered as any other failure.
        var more = await lines.MoveNextAsync();
        response.ContentType = MediaType;
        using var buffer = new MemoryStream();
        for (; more; more = await lines.MoveNextAsync())
        {
            Write(buffer, lines.Current);
            if (buffer.Length >= FlushBytes)
            {
                await SendAsync();
            }
        }

        await SendAsync();

        async Task SendAsync()
        {
            await response.Body.WriteAsync(buffer.GetBuffer().AsMemory(0, (int)buffer.Length), gone);
            buffer.SetLength(0);
        }
    }

    private static void Write(MemoryStream buffer, JsonObject line)
    {
        using (var writer = new System.Text.Json.Utf8JsonWriter(buffer))
        {
            line.WriteTo(writer, CoreJson.Options);
        }

        buffer.Write(LineEnd);
    }
}
