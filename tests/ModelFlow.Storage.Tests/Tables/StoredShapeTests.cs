using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using ModelFlow.Core.Serialization;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Tests.Tables;

/// <summary>
/// Samples of every value in every shape it was ever written in: <c>Shapes/{schema}.json</c>. They are never edited, only added to.
/// When one can no longer be read without loss, the document needs a next schema and an upgrade to it.
/// </summary>
public sealed class StoredShapeTests
{
    private static readonly Dictionary<string, Func<TableEntity, JsonNode?>> Readers = new(StringComparer.Ordinal)
    {
        ["state"] = r => Node(Documents.State.Read(r)),
        ["event"] = r => Node(Documents.Event.Read(r)),
        ["signal"] = r => Node(Documents.Signal.Read(r)),
        ["result"] = r => Node(Documents.Result.Read(r)),
        ["summary"] = r => Node(Documents.Summary.Read(r)),
        ["route"] = r => Node(Documents.Route.Read(r)),
        ["version"] = r => Node(Documents.Version.Read(r)),
        ["grants"] = r => Node(Documents.Grants.Read(r)),
        ["deployment"] = r => Node(Documents.Deployment.Read(r)),
        ["freeze"] = r => Node(Documents.Freeze.Read(r)),
        ["token"] = r => Node(Documents.Token.Read(r)),
        ["entry"] = r => Node(Documents.AuditEntry.Read(r)),
        ["subscription"] = r => Node(Documents.Subscription.Read(r)),
        ["delivery"] = r => Node(Documents.Delivery.Read(r)),
        ["person"] = r => Node(Documents.Person.Read(r)),
        ["policy"] = r => Node(Documents.Policy.Read(r)),
    };

    public static TheoryData<int, string> Samples
    {
        get
        {
            var samples = new TheoryData<int, string>();
            foreach (var file in Directory.GetFiles(Folder, "*.json"))
            {
                foreach (var (document, _) in JsonNode.Parse(File.ReadAllText(file))!.AsObject())
                {
                    samples.Add(int.Parse(Path.GetFileNameWithoutExtension(file)), document);
                }
            }

            return samples;
        }
    }

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Tables", "Shapes");

    [Theory]
    [MemberData(nameof(Samples))]
    public void Value_that_was_stored_once_is_read_without_loss(int schema, string document)
    {
        var samples = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, $"{schema}.json")))![document]!.AsArray();
        Assert.NotEmpty(samples);
        foreach (var sample in samples)
        {
            var row = new TableEntity("p", "r") { [document] = sample!.ToJsonString(), [document + "Schema"] = schema };

            AssertKept(sample, Readers[document](row), document);
        }
    }

    [Fact]
    public void Every_document_has_a_sample() => Assert.Equal(Readers.Keys.Order(StringComparer.Ordinal), JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "1.json")))!.AsObject().Select(d => d.Key).Order(StringComparer.Ordinal));

    // What was there must be there; what newer shapes add may be there, too.
    private static void AssertKept(JsonNode? old, JsonNode? now, string path)
    {
        switch (old)
        {
            case JsonObject members:
                foreach (var (name, value) in members)
                {
                    AssertKept(value, now?[name], $"{path}.{name}");
                }

                break;
            case JsonArray items:
                Assert.True(now is JsonArray array && array.Count == items.Count, $"{path} lost items");
                for (var i = 0; i < items.Count; i++)
                {
                    AssertKept(items[i], now![i], $"{path}[{i}]");
                }

                break;
            default:
                Assert.True(JsonNode.DeepEquals(old, now), $"{path} was {old?.ToJsonString()} and is {now?.ToJsonString()}");
                break;
        }
    }

    private static JsonNode? Node<T>(T value) => JsonSerializer.SerializeToNode(value, CoreJson.Options);
}
