using System.Text.Json;
using Microsoft.ML.OnnxRuntime;

namespace ModelFlow.Serving.Tensors;

/// <summary>Writes an inference response of the Open Inference Protocol V2 (REST).</summary>
internal static class InferenceAnswer
{
    /// <summary>Writes the whole response.</summary>
    /// <exception cref="NonFiniteException">An output has a value that is not finite.</exception>
    /// <exception cref="BufferFullException">The answer is larger than the buffer may grow.</exception>
    public static void Write(PooledBuffer buffer, string model, string version, InferenceRequest request, IReadOnlyList<TensorInfo> outputs, IReadOnlyList<OrtValue> tensors)
    {
        // The structure goes through the JSON writer and the elements past it; it is flushed before each array, and the
        // array then begins where the writer left off, right after the name.
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        writer.WriteStartObject();
        writer.WriteString("model_name"u8, model);
        writer.WriteString("model_version"u8, version);
        if (request.Id is not null)
        {
            writer.WriteString("id"u8, request.Id);
        }

        writer.WriteStartArray("outputs"u8);
        for (var i = 0; i < tensors.Count; i++)
        {
            var info = outputs[request.Outputs[i]];
            var shape = tensors[i].GetTensorTypeAndShape();
            writer.WriteStartObject();
            writer.WriteString("name"u8, info.Name);
            writer.WriteString("datatype"u8, info.Datatype);
            writer.WriteStartArray("shape"u8);
            foreach (var dimension in shape.Shape)
            {
                writer.WriteNumberValue(dimension);
            }

            writer.WriteEndArray();
            writer.WritePropertyName("data"u8);
            writer.Flush();
            TensorWriter.Write(buffer, tensors[i], info.Type, checked((int)shape.ElementCount), info.Name);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.Flush();
    }
}
