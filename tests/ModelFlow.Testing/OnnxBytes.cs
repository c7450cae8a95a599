using System.Text;

namespace ModelFlow.Testing;

/// <summary>Writes ONNX files byte by byte, sound ones and such as no exporter would.</summary>
public static class OnnxBytes
{
    /// <summary>A number in seven-bit groups.</summary>
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

    /// <summary>A field with a number.</summary>
    public static byte[] Number(int field, long value) => [.. Varint((ulong)field << 3), .. Varint((ulong)value)];

    /// <summary>A field with a message of these parts.</summary>
    public static byte[] Message(int field, params byte[][] parts)
    {
        var content = parts.SelectMany(p => p).ToArray();
        return [.. Varint(((ulong)field << 3) | 2), .. Varint((ulong)content.Length), .. content];
    }

    /// <summary>A field with a text.</summary>
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

    /// <summary>A node that makes <c>y</c> of <c>x</c>.</summary>
    public static byte[] Node(string op, string domain = "", params byte[][] attributes) => Node(op, ["x"], ["y"], domain, attributes);

    /// <summary>A node.</summary>
    public static byte[] Node(string op, string[] inputs, string[] outputs, string domain = "", params byte[][] attributes) => Message(
        1,
        [.. inputs.Select(i => Text(1, i)), .. outputs.Select(o => Text(2, o)), Text(4, op), .. attributes, .. domain.Length > 0 ? new[] { Text(7, domain) } : []]);

    /// <summary>A graph as a node's attribute.</summary>
    public static byte[] GraphAttribute(string name, params byte[][] graph) => Message(5, Text(1, name), Message(6, graph), Number(20, 5));

    /// <summary>A tensor with its data in the file: whole numbers (type 7) or truth values (type 9).</summary>
    public static byte[] Initializer(string name, int type, long[] shape, params long[] values) => Message(
        5,
        [.. shape.Select(d => Number(1, d)), Number(2, type), .. values.Select(v => Number(type == 7 ? 7 : 5, v)), Text(8, name)]);

    /// <summary>A sound file whose one node never ends: a loop of 2⁶² rounds.</summary>
    public static byte[] Endless() => Model(
        Node(
            "Loop",
            ["rounds", "on", "x"],
            ["y"],
            "",
            GraphAttribute(
                "body",
                Text(2, "body"),
                Node("Identity", ["on_in"], ["on_out"]),
                Node("Neg", ["v_in"], ["v_out"]),
                Scalar(11, "round", 7),
                Scalar(11, "on_in", 9),
                Value(11, "v_in"),
                Scalar(12, "on_out", 9),
                Value(12, "v_out"))),
        Text(2, "g"),
        Initializer("rounds", 7, [], 1L << 62),
        Initializer("on", 9, [], 1),
        Value(11, "x"),
        Value(12, "y"));

    /// <summary>A file of a few bytes that asks for a tensor of <paramref name="gibibytes"/> when it runs.</summary>
    public static byte[] Greedy(int gibibytes) => Model(
        Node("Shape", ["x"], ["s"]),
        Node("Gather", ["s", "zero"], ["rows"]),
        Node("Concat", ["rows", "many"], ["shape"], "", Message(5, Text(1, "axis"), Number(3, 0), Number(20, 2))),
        Node("ConstantOfShape", ["shape"], ["huge"]),
        Node("Exp", ["huge"], ["large"]),
        Node("ReduceMean", ["large"], ["y"], "", Message(5, Text(1, "axes"), Number(8, 1), Number(20, 7))),
        Text(2, "g"),
        Initializer("zero", 7, [1], 0),
        Initializer("many", 7, [1], gibibytes * (1L << 28)),
        Value(11, "x"),
        Value(12, "y", 1, -1, 1));

    /// <summary>An input (field 11) or output (12): FP32[-1,4] unless told otherwise.</summary>
    public static byte[] Value(int field, string name, int type = 1, params long[] shape) => Message(
        field,
        Text(1, name),
        Message(2, Message(1, Number(1, type), Message(2, [.. (shape.Length > 0 ? shape : [-1, 4]).Select(d => d < 0 ? Message(1, Text(2, "N")) : Message(1, Number(1, d)))]))));

    /// <summary>An input or output without dimensions.</summary>
    public static byte[] Scalar(int field, string name, int type) =>
        Message(field, Text(1, name), Message(2, Message(1, Number(1, type), Message(2, []))));

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
