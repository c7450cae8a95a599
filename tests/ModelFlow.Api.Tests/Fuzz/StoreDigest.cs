using System.Collections;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Serialization;
using ModelFlow.Testing.InMemory;

namespace ModelFlow.Api.Tests.Fuzz;

/// <summary>One digest over everything that a host's stores hold, and over what it did to gateways, model servers and the drivers of releases.</summary>
public sealed class StoreDigest
{
    private readonly ApiHost _host;
    private readonly List<object> _stores;

    public StoreDigest(ApiHost host, IServiceCollection services)
    {
        _host = host;
        _stores =
        [
            .. services.Where(s => s.Lifetime == ServiceLifetime.Singleton && (s.ImplementationType ?? s.ImplementationInstance?.GetType() ?? s.ServiceType).Namespace == typeof(InMemoryBlobs).Namespace)
                .Select(s => host.Services.GetRequiredService(s.ServiceType)).Distinct(ReferenceEqualityComparer.Instance),
        ];
        Assert.True(_stores.Count >= 20, $"only {_stores.Count} stores were found");
    }

    /// <summary>The digest now.</summary>
    public string Now()
    {
        var text = new StringBuilder();
        foreach (var store in _stores)
        {
            WriteFields(text.Append(store.GetType().Name), store);
        }

        text.Append($"{_host.Router.Pushed.Count} {_host.Server.Loaded.Count} {_host.Doorbell.Rings.Count}");
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static void Write(StringBuilder text, object? value)
    {
        text.Append('|');
        switch (value)
        {
            case null or Lock or Delegate or TimeProvider:
                break;
            case var store when store.GetType() is { Namespace: var space, IsNested: false } && space == typeof(InMemoryBlobs).Namespace:
                // A store that another one uses is gone through by itself.
                break;
            case string or ValueType:
                text.Append(value);
                break;
            case IDictionary entries:
                foreach (var key in entries.Keys.Cast<object>().OrderBy(k => k.ToString(), StringComparer.Ordinal))
                {
                    Write(text, key);
                    Write(text, entries[key]);
                }

                break;
            case IEnumerable items and not JsonNode:
                foreach (var item in items)
                {
                    Write(text, item);
                }

                break;
            case var parts when parts.GetType().IsNestedPrivate:
                WriteFields(text, parts);
                break;
            default:
                text.Append(JsonSerializer.Serialize(value, value.GetType(), CoreJson.Options));
                break;
        }
    }

    // What counts calls counts reads, too.
    private static void WriteFields(StringBuilder text, object of)
    {
        foreach (var field in of.GetType().GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public).Where(f => !f.Name.StartsWith("<Calls>", StringComparison.Ordinal) || f.FieldType != typeof(int)))
        {
            Write(text.Append(field.Name), field.GetValue(of));
        }
    }
}
