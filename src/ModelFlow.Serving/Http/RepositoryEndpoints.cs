using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using ModelFlow.Core;
using ModelFlow.Core.Naming;
using ModelFlow.Serving.Repository;

namespace ModelFlow.Serving.Http;

/// <summary>
/// Triton's model repository extension, with the version in the path of load and unload, and in the body of load the
/// files: <c>{"files":[{"path","size","sha256","url"}]}</c>. Every call needs <c>Authorization: Bearer {ControlSecret}</c>.
/// A load answers 200; 400 (malformed); 409 (loaded with other bytes); 422 with <c>reason</c> <c>load</c> or
/// <c>digest</c> (these bytes cannot be served, ever); 502 (<c>download</c>: not fetched now); 507 (<c>space</c>).
/// </summary>
internal sealed class RepositoryEndpoints(ModelRepository repository, IOptions<ServingOptions> options, IHostApplicationLifetime lifetime)
{
    private const int MaxBodyBytes = 4 << 20;

    private readonly byte[] _secret = SHA256.HashData(Encoding.UTF8.GetBytes(options.Value.ControlSecret));

    /// <summary>Lets a caller with the secret through.</summary>
    public RequestDelegate Guarded(RequestDelegate next) => context =>
    {
        const string Scheme = "Bearer ";
        var given = context.Request.Headers.Authorization.ToString();
        if (given.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(given[Scheme.Length..])), _secret))
        {
            return next(context);
        }

        context.Response.Headers.WWWAuthenticate = "Bearer";
        return context.ErrorAsync(StatusCodes.Status401Unauthorized, "Loading and unloading need the server's control secret: Authorization: Bearer … .", "unauthorized");
    };

    public async Task IndexAsync(HttpContext context)
    {
        using var body = await RequestBody.ReadAsync(context, MaxBodyBytes, context.RequestAborted);
        if (!TryReadReady(body.WrittenMemory, out var onlyReady))
        {
            await context.ErrorAsync(new FieldError("ready", "true or false is needed, in a JSON object."));
            return;
        }

        await context.JsonAsync(StatusCodes.Status200OK, writer =>
        {
            writer.WriteStartArray();
            foreach (var listing in repository.List().Where(l => !onlyReady || l.Loaded is not null))
            {
                Write(writer, listing);
            }

            writer.WriteEndArray();
        });
    }

    public async Task LoadAsync(HttpContext context)
    {
        if (await NamesAsync(context) is not var (model, version))
        {
            return;
        }

        using var body = await RequestBody.ReadAsync(context, MaxBodyBytes, context.RequestAborted);
        if (LoadRequest.Parse(body.WrittenSpan, out var errors) is not { } request)
        {
            await context.ErrorAsync(StatusCodes.Status400BadRequest, string.Join(' ', errors), field: errors[0].Path);
            return;
        }

        context.Response.Headers[Answers.VersionHeader] = version.Value;
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        await (await repository.LoadAsync(model, version, request, cancel.Token) switch
        {
            LoadOutcome.Ready ready => context.JsonAsync(StatusCodes.Status200OK, writer => Write(writer, new Listing(model, version, SlotState.Ready, "", ready.Version))),
            LoadOutcome.Refused refused => context.ErrorAsync(StatusCodes.Status422UnprocessableEntity, refused.Message, refused.Reason),
            LoadOutcome.Conflict conflict => context.ErrorAsync(StatusCodes.Status409Conflict, conflict.Message, "conflict"),
            LoadOutcome.NotFetched failed => context.ErrorAsync(StatusCodes.Status502BadGateway, failed.Message, "download"),
            LoadOutcome.NoRoom full => context.ErrorAsync(StatusCodes.Status507InsufficientStorage, full.Message, "space"),
            var other => throw new InvalidOperationException(other.ToString()),
        });
    }

    public async Task UnloadAsync(HttpContext context)
    {
        if (await NamesAsync(context) is not var (model, version))
        {
            return;
        }

        context.Response.Headers[Answers.VersionHeader] = version.Value;
        var unloaded = await repository.UnloadAsync(model, version, context.RequestAborted);
        await context.JsonAsync(StatusCodes.Status200OK, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, model.Value);
            writer.WriteString("version"u8, version.Value);
            writer.WriteBoolean("was_loaded"u8, unloaded);
            writer.WriteEndObject();
        });
    }

    private static async Task<(ModelName Model, VersionName Version)?> NamesAsync(HttpContext context)
    {
        if (!ModelName.TryParse((string?)context.Request.RouteValues["model"], out var model, out var error))
        {
            await context.ErrorAsync(new FieldError("model", error));
            return null;
        }

        if (!VersionName.TryParse((string?)context.Request.RouteValues["version"], out var version, out error))
        {
            await context.ErrorAsync(new FieldError("version", error));
            return null;
        }

        return (model, version);
    }

    private static void Write(Utf8JsonWriter writer, Listing listing)
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, listing.Model.Value);
        writer.WriteString("version"u8, listing.Version.Value);
        writer.WriteString("state"u8, listing.State.ToString().ToUpperInvariant());
        writer.WriteString("reason"u8, listing.Reason);
        if (listing.Loaded is { } loaded)
        {
            writer.WriteString("digest"u8, loaded.Files.Digest.ToString());
            writer.WriteNumber("file_bytes"u8, loaded.Files.TotalBytes);
            writer.WriteNumber("memory_bytes"u8, loaded.MemoryBytes);
            writer.WriteNumber("load_ms"u8, Math.Round(loaded.LoadTime.TotalMilliseconds, 1));
            writer.WriteString("loaded_at"u8, loaded.LoadedAt);
            if (loaded.Text is { } text)
            {
                writer.WriteString("served_model"u8, text.Name);
            }
        }

        writer.WriteEndObject();
    }

    private static bool TryReadReady(ReadOnlyMemory<byte> body, out bool ready)
    {
        ready = false;
        if (body.IsEmpty)
        {
            return true;
        }

        try
        {
            using var json = JsonDocument.Parse(body);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
            {
                return false;
            }

            if (!json.RootElement.TryGetProperty("ready"u8, out var value))
            {
                return true;
            }

            ready = value.ValueKind == JsonValueKind.True;
            return ready || value.ValueKind == JsonValueKind.False;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
