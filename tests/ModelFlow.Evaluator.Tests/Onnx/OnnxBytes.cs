using System.Text;

namespace ModelFlow.Evaluator.Tests.Onnx;

/// <summary>Writes ONNX files byte by byte, sound ones and such as no exporter would.</summary>
internal static class OnnxBytes
{
    public static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return [.. bytes];
    }

    public static byte[] Number(int field, long value) => [.. Varint((ulong)field << 3), .. Varint((ulong)value)];

    public static byte[] Message(int field, params byte[][] parts)
    {
        var content = parts.SelectMany(p => p).ToArray();
        return [.. Varint(((ulong)field << 3) | 2), .. Varint((ulong)content.Length), .. content];
    }

    public static byte[] Text(int field, string text) => Message(field, Encoding.UTF8.GetBytes(text));

    /// <summary>A model with the graph's parts given; without any, one that gives its input back.</summary>
    public static byte[] Model(params byte[][] graph) => ModelWith([], graph);

    /// <summary>The same with further fields of the model.</summary>
    public static byte[] ModelWith(byte[] more, params byte[][] graph) =>
    [
        .. Number(1, 8),
        .. Text(2, "test"),
        .. Message(7, graph.Length > 0 ? graph : [Node("Identity"), Value(11, "x"), Value(12, "y"), Text(2, "g")]),
        .. Message(8, Number(2, 13)),
        .. more,
    ];

    public static byte[] Node(string op, string domain = "", params byte[][] attributes) =>
        Message(1, [Text(1, "x"), Text(2, "y"), Text(4, op), .. attributes, .. domain.Length > 0 ? new[] { Text(7, domain) } : []]);

    /// <summary>An input (field 11) or output (12): FP32[-1,4] unless told otherwise.</summary>
    public static byte[] Value(int field, string name, int type = 1, params long[] shape) => Message(
        field,
        Text(1, name),
        Message(2, Message(1, Number(1, type), Message(2, [.. (shape.Length > 0 ? shape : [-1, 4]).Select(d => d < 0 ? Message(1, Text(2, "N")) : Message(1, Number(1, d)))]))));

    /// <summary>A tensor with its data in another file (field 5 of a graph, 5 of an attribute).</summary>
    public static byte[] External(int field, string location, string offset = "0", string length = "16") => Message(
        field,
        Number(1, 4),
        Number(2, 1),
        Text(8, "w"),
        Message(13, Text(1, "location"), Text(2, location)),
        Message(13, Text(1, "offset"), Text(2, offset)),
        Message(13, Text(1, "length"), Text(2, length)),
        Number(14, 1));
}
