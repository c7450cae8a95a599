using System.Text.Json;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Storage.Tests.Contracts;

/// <summary>Compares values by their JSON: their collections have no equality of their own.</summary>
internal static class Same
{
    public static void Json<T>(T expected, T actual) =>
        Assert.Equal(JsonSerializer.Serialize(expected, CoreJson.Options), JsonSerializer.Serialize(actual, CoreJson.Options));
}
