using System.Buffers.Binary;
using System.Text;

namespace ModelFlow.Serving.Tests.Support;

/// <summary>
/// Writes small ONNX models byte by byte (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), so that tests have
/// models of every element type, and hostile ones.
/// </summary>
internal static class TinyOnnx
{
    public const int Float = 1, UInt8 = 2, Int8 = 3, UInt16 = 4, Int16 = 5, Int32 = 6, Int64 = 7, String = 8, Bool = 9, Float16 = 10, Double = 11, UInt32 = 12, UInt64 = 13, BFloat16 = 16;

    /// <summary><c>y = x</c> for any element type. Null dimensions take any size.</summary>
    public static byte[] Identity(int elementType, params long?[] shape) =>
        Model(Graph([Node("Identity", ["x"], ["y"])], [], [Tensor("x", elementType, shape)], [Tensor("y", elementType, shape)]));

    /// <summary><c>y = a + b</c> over FP32; the model names the size of both <c>n</c>, or says nothing about shapes.</summary>
    public static byte[] Add(bool sized)
    {
        long?[]? shape = sized ? [null] : null;
        return Model(Graph([Node("Add", ["a", "b"], ["y"])], [], [Tensor("a", Float, shape), Tensor("b", Float, shape)], [Tensor("y", Float, shape)]));
    }

    /// <summary>Works for as long as <c>shape</c> ([n, n]) asks: a chain of <paramref name="steps"/> products of n × n matrices of zeros.</summary>
    public static byte[] Slow(int steps)
    {
        var nodes = new List<byte[]> { Node("ConstantOfShape", ["shape"], ["m0"]) };
        for (var i = 0; i < steps; i++)
        {
            nodes.Add(Node("MatMul", [$"m{i}", "m0"], [$"m{i + 1}"]));
        }

        nodes.Add(Node("ReduceSum", [$"m{steps}"], ["sum"]));
        return Model(Graph(nodes, [], [Tensor("shape", Int64, 2)], [Tensor("sum", Float, 1, 1)]));
    }

    /// <summary><c>y = x + w</c> where <c>w</c> (4 × FP32) lies in another file.</summary>
    public static byte[] AddExternal(string location) =>
        Model(Graph([Node("Add", ["x", "w"], ["y"])], [ExternalTensor("w", 4, location)], [Tensor("x", Float, 4)], [Tensor("y", Float, 4)]));

    /// <summary><c>y = x + w</c> with <c>w</c> of <paramref name="floats"/> values inside the file: a model of any size.</summary>
    public static byte[] AddLarge(int floats)
    {
        var data = new byte[4L * floats];
        for (var i = 0; i < floats; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(data.AsSpan(4 * i), i % 1000);
        }

        var tensor = Message(Varint(1, floats), Varint(2, Float), Text(8, "w"), Bytes(9, data));
        return Model(Graph([Node("Add", ["x", "w"], ["s"]), Node("ReduceMax", ["s"], ["y"])], [tensor], [Tensor("x", Float, 1)], [Tensor("y", Float, 1)]));
    }

    /// <summary>Asks for <paramref name="elements"/> × FP32 of memory when it runs.</summary>
    public static byte[] HugeConstant(long elements)
    {
        var size = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(size, elements);
        var shape = Message(Varint(1, 1), Varint(2, Int64), Text(8, "shape"), Bytes(9, size));
        return Model(Graph([Node("ConstantOfShape", ["shape"], ["c"]), Node("Add", ["x", "c"], ["y"])], [shape], [Tensor("x", Float, 1)], [Tensor("y", Float, [null])]));
    }

    /// <summary>A node whose operator does not exist.</summary>
    public static byte[] UnknownOperator() => Model(Graph([Node("Exfiltrate", ["x"], ["y"])], [], [Tensor("x", Float, 1)], [Tensor("y", Float, 1)]));

    /// <summary>Two nodes that wait for each other.</summary>
    public static byte[] Cycle() => Model(Graph([Node("Add", ["x", "b"], ["a"]), Node("Add", ["x", "a"], ["b"])], [], [Tensor("x", Float, 1)], [Tensor("b", Float, 1)]));

    /// <summary>A model whose output is a sequence of tensors.</summary>
    public static byte[] Sequence() =>
        Model(Graph([Node("SequenceConstruct", ["x"], ["y"])], [], [Tensor("x", Float, 1)], [Value("y", Message(Bytes(4, Message(Bytes(1, TensorType(Float, [1]))))))]));

    private static byte[] Model(byte[] graph) => Message(Varint(1, 8), Bytes(7, graph), Bytes(8, Message(Text(1, ""), Varint(2, 17))));

    private static byte[] Graph(IEnumerable<byte[]> nodes, IEnumerable<byte[]> initializers, IEnumerable<byte[]> inputs, IEnumerable<byte[]> outputs) =>
        Message([.. nodes.Select(n => Bytes(1, n)), Text(2, "g"), .. initializers.Select(i => Bytes(5, i)), .. inputs.Select(i => Bytes(11, i)), .. outputs.Select(o => Bytes(12, o))]);

    private static byte[] Node(string op, string[] inputs, string[] outputs) =>
        Message([.. inputs.Select(i => Text(1, i)), .. outputs.Select(o => Text(2, o)), Text(4, op)]);

    private static byte[] Tensor(string name, int elementType, params long?[]? shape) => Value(name, TensorType(elementType, shape));

    private static byte[] Value(string name, byte[] type) => Message(Text(1, name), Bytes(2, type));

    private static byte[] TensorType(int elementType, long?[]? shape) => shape is null
        ? Message(Bytes(1, Message(Varint(1, elementType))))
        : Message(Bytes(1, Message(Varint(1, elementType), Bytes(2, Message([.. shape.Select(d => Bytes(1, d is { } size ? Message(Varint(1, size)) : Message(Text(2, "n"))))])))));

    private static byte[] ExternalTensor(string name, int floats, string location) =>
        Message(Varint(1, floats), Varint(2, Float), Text(8, name), Bytes(13, Message(Text(1, "location"), Text(2, location))), Varint(14, 1));

    private static byte[] Message(params byte[][] fields)
    {
        var message = new byte[fields.Sum(f => f.Length)];
        var at = 0;
        foreach (var field in fields)
        {
            field.CopyTo(message, at);
            at += field.Length;
        }

        return message;
    }

    private static byte[] Varint(int field, long value) => [.. Varint((ulong)field << 3), .. Varint((ulong)value)];

    private static byte[] Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

    private static byte[] Bytes(int field, byte[] bytes) => [.. Varint(((ulong)field << 3) | 2), .. Varint((ulong)bytes.Length), .. bytes];

    private static List<byte> Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return bytes;
    }
}
