using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Access;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;
using ModelFlow.Testing.InMemory;

namespace ModelFlow.Api.Tests.Fuzz;

/// <summary>Hostile requests over every route, sent by somebody who may do everything: none is an error of the server.</summary>
public sealed class FuzzTests
{
    [Fact]
    public async Task Random_requests_are_never_an_error_of_the_server()
    {
        await using var host = await StartAsync();
        var client = host.With(await host.AddTokenAsync("fuzzer", Enum.GetValues<Role>()));
        var random = new Random(20_261_123);
        var seen = new Dictionary<HttpStatusCode, int>();

        for (var i = 0; i < 6_000; i++)
        {
            var (method, pattern, _) = RoutesAndRoles.All[i % RoutesAndRoles.All.Count];
            var path = Regex.Replace(pattern, @"\{\w+\}", _ => Uri.EscapeDataString(HostileValues.Pick(random).Replace("\0", "", StringComparison.Ordinal)), RegexOptions.None, TimeSpan.FromSeconds(1)) + Query(random);
            using var request = new HttpRequestMessage(new HttpMethod(random.Next(20) == 0 ? "PATCH" : method), path) { Content = method == "GET" && random.Next(4) > 0 ? null : Content(random) };
            if (random.Next(4) == 0)
            {
                request.Headers.TryAddWithoutValidation("Idempotency-Key", Regex.Replace(HostileValues.Pick(random), @"[^ -~]", "?", RegexOptions.None, TimeSpan.FromSeconds(1)));
            }

            using var response = await client.SendAsync(request, Http.Cancel);
            var text = await response.Content.ReadAsStringAsync(Http.Cancel);

            seen[response.StatusCode] = seen.GetValueOrDefault(response.StatusCode) + 1;
            if ((int)response.StatusCode >= 500)
            {
                Assert.Fail($"{request.Method} {path} answers {(int)response.StatusCode}: {text}\n{string.Join('\n', host.Log.Lines.Where(l => l.StartsWith("Error", StringComparison.Ordinal)).TakeLast(2))}");
            }

            Answers.AssertProblem(request, response, text);
        }

        // It would prove nothing if every request died at the same check.
        Assert.True(seen.GetValueOrDefault(HttpStatusCode.OK) > 100 && seen.GetValueOrDefault(HttpStatusCode.NotFound) > 100 && seen.GetValueOrDefault(HttpStatusCode.BadRequest) > 500, JsonSerializer.Serialize(seen));
    }

    [Fact]
    public async Task Malformed_requests_are_refused_and_change_nothing()
    {
        await using var host = await StartAsync();
        var client = host.With(await host.AddTokenAsync("fuzzer", Enum.GetValues<Role>()));
        var before = await FingerprintAsync(host);
        var sent = 0;
        foreach (var (method, pattern, _) in RoutesAndRoles.All.Where(r => r.Method != "GET"))
        {
            foreach (var (what, request) in MalformedRequests.Of(method, pattern))
            {
                using var response = await client.SendAsync(request, Http.Cancel);
                var text = await response.Content.ReadAsStringAsync(Http.Cancel);

                // A check of a policy changes nothing and answers what is wrong.
                Assert.True((int)response.StatusCode is >= 400 and < 500 || pattern == "/api/policies/check", $"{method} {pattern} with {what} answers {(int)response.StatusCode}: {text}");
                Answers.AssertProblem(request, response, text);
                Assert.True(before == await FingerprintAsync(host), $"{method} {pattern} with {what} changed something.");
                sent++;
            }
        }

        Assert.True(sent > 500, $"only {sent} were sent");
    }

    private static string Query(Random random)
    {
        string[] names = ["model", "running", "limit", "continuation", "a", "b", "at", "after", "reason", "digest", "x"];
        var count = random.Next(3) == 0 ? random.Next(1, 4) : 0;
        return count == 0 ? "" : "?" + string.Join('&', Enumerable.Range(0, count).Select(_ => $"{names[random.Next(names.Length)]}={Uri.EscapeDataString(HostileValues.Pick(random))}"));
    }

    private static ByteArrayContent Content(Random random)
    {
        var bytes = random.Next(6) switch
        {
            0 => RandomBytes(random),
            1 => Encoding.UTF8.GetBytes(HostileValues.Pick(random)),
            2 => [.. Enumerable.Repeat((byte)'[', 3_000)],
            _ => Encoding.UTF8.GetBytes(RandomObject(random, 0)),
        };
        if (random.Next(5) == 0 && bytes.Length > 0)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        var content = new ByteArrayContent(bytes);
        string[] types = ["application/json", "application/json", "application/json; charset=utf-16", "application/yaml", "text/plain", "application/octet-stream", "nonsense", ""];
        var type = types[random.Next(types.Length)];
        if (type.Length > 0)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        return content;
    }

    private static byte[] RandomBytes(Random random)
    {
        var bytes = new byte[random.Next(200)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static string RandomObject(Random random, int depth)
    {
        string[] names =
        [
            "model", "version", "decision", "comment", "reason", "requestId", "to", "load", "scope", "name", "roles", "expiresIn", "validFor", "files", "digest",
            "heartbeat", "windows", "gateway", "control", "generations", "at", "cells", "generation", "number", "start", "length", "schema", "subBucket", "requests", "errors", "kind",
        ];
        return "{" + string.Join(',', Enumerable.Range(0, random.Next(5)).Select(_ => $"{JsonSerializer.Serialize(names[random.Next(names.Length)])}:{RandomValue(random, depth)}")) + "}";
    }

    private static string RandomValue(Random random, int depth) => random.Next(depth > 3 ? 5 : 8) switch
    {
        0 => "null",
        1 => random.Next(2) == 0 ? "true" : "false",
        2 => random.NextInt64(long.MinValue, long.MaxValue).ToString(),
        3 or 4 => JsonSerializer.Serialize(random.Next(3) == 0 ? "approve" : HostileValues.Pick(random)),
        5 => "[" + string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => RandomValue(random, depth + 1))) + "]",
        _ => RandomObject(random, depth + 1),
    };

    private static async Task<ApiHost> StartAsync()
    {
        var host = await ApiHost.StartAsync(settings: ("Api:RequestBurst", "100000"));
        await host.RegisterAsync("digits", "v1.0.0");
        await host.RegisterAsync("digits", "v1.1.0");
        await host.MakeStableAsync("digits", "v1.0.0");
        await host.MakeStableAsync("digits", "v1.1.0");
        await host.AddReleaseAsync("digits-v1.1.0-1");
        await host.AsAsync(Role.Reader);
        await host.Get<IPolicyStore>().SetAsync(null, PolicyText.Minimal, Http.Cancel);
        return host;
    }

    private static async Task<string> FingerprintAsync(ApiHost host)
    {
        var digits = ModelName.Parse("digits");
        var release = await host.Get<IReleaseStore>().LoadAsync(ReleaseId.Parse("digits-v1.1.0-1"), Http.Cancel);
        return JsonSerializer.Serialize(
            new object?[]
            {
                await host.Get<ITokenStore>().ListAsync(Http.Cancel).ToListAsync(Http.Cancel),
                await host.Get<IFreezeStore>().ListAsync(Http.Cancel),
                await host.Get<IVersionCatalog>().ListAsync(digits, Http.Cancel).ToListAsync(Http.Cancel),
                await host.Get<IRouteStore>().GetAsync(digits, Http.Cancel),
                await host.Get<IDeploymentStore>().ListAllAsync(Http.Cancel).ToListAsync(Http.Cancel),
                host.Get<InMemoryReleaseStore>().States(),
                release!.Signals,
                await host.Get<IPolicyStore>().FindForAsync(digits, Http.Cancel),
                await host.Get<IAuditLog>().ReadAsync("_system", Http.Cancel).ToListAsync(Http.Cancel),
                await host.Get<IAuditLog>().ReadAsync("model:digits", Http.Cancel).ToListAsync(Http.Cancel),
                host.Blobs.List(""),
            },
            CoreJson.Options);
    }
}
