using System.Reflection;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using ModelFlow.Api.Problems;

namespace ModelFlow.Api.Requests;

/// <summary>A body of YAML text in UTF-8.</summary>
internal sealed class YamlBody : IEndpointParameterMetadataProvider
{
    private static readonly string[] MediaTypes = ["application/yaml", "text/yaml", "text/plain", "application/x-yaml", "text/x-yaml"];
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private YamlBody(string text) => Text = text;

    /// <summary>The text, without a byte order mark.</summary>
    public string Text { get; }

    public static async ValueTask<YamlBody> BindAsync(HttpContext context)
    {
        var type = context.Request.ContentType;
        if (!string.IsNullOrEmpty(type)
            && !(MediaTypeHeaderValue.TryParse(type, out var parsed) && MediaTypes.Contains(parsed.MediaType.Value, StringComparer.OrdinalIgnoreCase)))
        {
            throw new RequestRefusedException(Problem.UnsupportedMediaType(string.Join(", ", MediaTypes.Take(3))));
        }

        var bytes = await BodyBytes.ReadAsync(context, context.RequestServices.GetRequiredService<IOptions<ApiOptions>>().Value.MaxYamlBytes);
        if (bytes.IsEmpty)
        {
            throw new RequestRefusedException(Problem.Malformed("The body is empty; send the policy's YAML."));
        }

        try
        {
            return new YamlBody(Utf8.GetString(bytes.Span).TrimStart('\uFEFF'));
        }
        catch (DecoderFallbackException e)
        {
            throw new RequestRefusedException(Problem.Malformed($"The body is not UTF-8: byte {e.Index + 1}."));
        }
    }

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) => builder.Metadata.Add(new AcceptsMetadata(MediaTypes, typeof(string)));
}
