using System.Reflection;
using ModelFlow.Core.Naming;
using ModelFlow.Serving.Repository;
using ModelFlow.Serving.Tensors;

namespace ModelFlow.Serving.Http;

/// <summary>Health and metadata of the Open Inference Protocol V2 (REST).</summary>
internal sealed class ModelEndpoints(ModelRepository repository, ReloadAtStart reload)
{
    private static readonly string ServerVersion = typeof(ModelEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    public static Task ServerAsync(HttpContext context) => context.JsonAsync(StatusCodes.Status200OK, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, "modelflow-serving"u8);
        writer.WriteString("version"u8, ServerVersion);
        writer.WriteStartArray("extensions"u8);
        writer.WriteStringValue("model_repository"u8);
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    public static Task LiveAsync(HttpContext context) => context.JsonAsync(StatusCodes.Status200OK, writer =>
    {
        writer.WriteStartObject();
        writer.WriteBoolean("live"u8, true);
        writer.WriteEndObject();
    });

    public Task ReadyAsync(HttpContext context) => context.JsonAsync(reload.Done ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, writer =>
    {
        writer.WriteStartObject();
        writer.WriteBoolean("ready"u8, reload.Done);
        writer.WriteBoolean("live"u8, true);
        writer.WriteEndObject();
    });

    public Task ModelReadyAsync(HttpContext context)
    {
        if (Find(context) is not { } loaded)
        {
            return NotLoadedAsync(context);
        }

        var ready = loaded.IsReady;
        return context.JsonAsync(ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, loaded.Model.Value);
            writer.WriteString("version"u8, loaded.Version.Value);
            writer.WriteBoolean("ready"u8, ready);
            writer.WriteEndObject();
        });
    }

    public Task MetadataAsync(HttpContext context)
    {
        if (Find(context) is not { } loaded)
        {
            return NotLoadedAsync(context);
        }

        return context.JsonAsync(StatusCodes.Status200OK, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, loaded.Model.Value);
            writer.WriteStartArray("versions"u8);
            foreach (var version in repository.VersionsOf(loaded.Model))
            {
                writer.WriteStringValue(version.Value);
            }

            writer.WriteEndArray();
            writer.WriteString("platform"u8, loaded.Text is null ? OnnxModel.Platform : TextModel.Platform);
            WriteTensors("inputs", loaded.Onnx?.Inputs ?? []);
            WriteTensors("outputs", loaded.Onnx?.Outputs ?? []);
            writer.WriteEndObject();

            void WriteTensors(string name, IReadOnlyList<TensorInfo> tensors)
            {
                writer.WriteStartArray(name);
                foreach (var tensor in tensors)
                {
                    writer.WriteStartObject();
                    writer.WriteString("name"u8, tensor.Name);
                    writer.WriteString("datatype"u8, tensor.Datatype);
                    writer.WriteStartArray("shape"u8);
                    Array.ForEach(tensor.Shape, d => writer.WriteNumberValue(d));
                    writer.WriteEndArray();
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            }
        });
    }

    /// <summary>A path without a version: the protocol lets a server choose one, and this server does not.</summary>
    public static Task NoVersionAsync(HttpContext context)
    {
        var model = context.Request.RouteValues["model"];
        return context.ErrorAsync(StatusCodes.Status400BadRequest, $"Name a version: /v2/models/{model}/versions/{{version}}/… . This server does not choose one, because what \"latest\" means would change under you.", field: "version");
    }

    public static Task NotLoadedAsync(HttpContext context) =>
        NotLoadedAsync(context, (string)context.Request.RouteValues["model"]!, (string)context.Request.RouteValues["version"]!);

    /// <summary>400 where a name is no name, 404 where it is.</summary>
    public static Task NotLoadedAsync(HttpContext context, string model, string version)
    {
        if (!ModelName.TryParse(model, out _, out var error))
        {
            return context.ErrorAsync(new Core.FieldError("model", error));
        }

        return VersionName.TryParse(version, out _, out error)
            ? context.ErrorAsync(StatusCodes.Status404NotFound, $"{model} {version} is not loaded on this server.", "not-loaded")
            : context.ErrorAsync(new Core.FieldError("version", error));
    }

    private LoadedVersion? Find(HttpContext context)
    {
        var (model, version) = ((string)context.Request.RouteValues["model"]!, (string)context.Request.RouteValues["version"]!);
        var loaded = repository.Find(model, version);
        if (loaded is not null)
        {
            context.Response.Headers[Answers.VersionHeader] = version;
        }

        return loaded;
    }
}
