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
    private const string Everybody = "/api/health/";

    private static readonly string[] Nasty =
    [
        "", " ", "a", "digits", "DIGITS", "digits ", "v1.0.0", "v1.0.0-x", "V1.0.0", "v01.0.0", "v1.0.0+b", "latest", "stable", "*", "digits*", "**", "_system", "..", "../..",
        "digits-v1.0.0-1", "digits-v1.0.0-0", "digits-v1.0.0-99999999999", "-1", "0", "1", "9223372036854775807", "9223372036854775808", "1e3", "NaN", "true", "false", "null",
        "2026-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "9999-12-31T23:59:59.9999999+14:00", "0001-01-01T00:00:00-14:00", "0s", "31s", "-5s", "99999999999999999999d", "10675199.02:48:05.4775808",
        "'; DROP TABLE x; --", "' or PartitionKey ne '", "<script>", "${jndi:x}", "%n%s", "a\u0000b", "\uFEFFx", "\uD83D\uDE00", "ß", "ａ", "\u202Etxt", "a/b", "a\\b", "a?b", "a#b", "C:\\x", "eval.csv", "d/eval.csv", "d/eval.jsonl",
        "0000000000000000000000000000000000000000000000000000000000000000", "sha256:00", new('x', 41), new('9', 400), new('a', 5_000),
    ];

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
            var path = Regex.Replace(pattern, @"\{\w+\}", _ => Uri.EscapeDataString(Pick(random).Replace("\0", "", StringComparison.Ordinal)), RegexOptions.None, TimeSpan.FromSeconds(1)) + Query(random);
            using var request = new HttpRequestMessage(new HttpMethod(random.Next(20) == 0 ? "PATCH" : method), path) { Content = method == "GET" && random.Next(4) > 0 ? null : Content(random) };
            if (random.Next(4) == 0)
            {
                request.Headers.TryAddWithoutValidation("Idempotency-Key", Regex.Replace(Pick(random), @"[^ -~]", "?", RegexOptions.None, TimeSpan.FromSeconds(1)));
            }

            using var response = await client.SendAsync(request, Http.Cancel);
            var text = await response.Content.ReadAsStringAsync(Http.Cancel);

            seen[response.StatusCode] = seen.GetValueOrDefault(response.StatusCode) + 1;
            if ((int)response.StatusCode >= 500)
            {
                Assert.Fail($"{request.Method} {path} answers {(int)response.StatusCode}: {text}\n{string.Join('\n', host.Log.Lines.Where(l => l.StartsWith("Error", StringComparison.Ordinal)).TakeLast(2))}");
            }

            AssertProblem(request, response, text);
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
            foreach (var (what, request) in Malformed(method, pattern))
            {
                using var response = await client.SendAsync(request, Http.Cancel);
                var text = await response.Content.ReadAsStringAsync(Http.Cancel);

                // A check of a policy changes nothing and answers what is wrong.
                Assert.True((int)response.StatusCode is >= 400 and < 500 || pattern == "/api/policies/check", $"{method} {pattern} with {what} answers {(int)response.StatusCode}: {text}");
                AssertProblem(request, response, text);
                Assert.True(before == await FingerprintAsync(host), $"{method} {pattern} with {what} changed something.");
                sent++;
            }
        }

        Assert.True(sent > 500, $"only {sent} were sent");
    }

    private static IEnumerable<(string What, HttpRequestMessage Request)> Malformed(string method, string pattern)
    {
        var path = pattern.Replace("{model}", "digits").Replace("{version}", "v1.1.0").Replace("{id}", "digits-v1.1.0-1").Replace("{scope}", "digits").Replace("{name}", "reader").Replace("{path}", "digits/new.csv");
        var valid = ValidBody(pattern);
        yield return ("an unknown query parameter", Request(method, path + "?dryRun=true", valid, pattern));
        foreach (var key in new[] { "a b", new string('k', 65), "ä", "a/b" })
        {
            var request = Request(method, path, valid, pattern);
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
            if (key != "ä" && !pattern.Contains("/gateway/", StringComparison.Ordinal) && pattern != "/api/policies/check")
            {
                yield return ($"the key '{key}'", request);
            }
        }

        foreach (var parameter in Regex.Matches(pattern, @"\{\w+\}", RegexOptions.None, TimeSpan.FromSeconds(1)).Select(m => m.Value))
        {
            foreach (var value in new[] { "A B", "%00x", "..%2f..", "%F0%9F%98%80", "latest", "stable", new string('x', 300), "x'y", "_" }.Where(v => !v.Contains("%00", StringComparison.Ordinal)))
            {
                if (parameter is "{scope}" or "{name}" && value is "latest" or "stable" or "_")
                {
                    continue;
                }

                yield return ($"{parameter} = {value}", Request(method, pattern.Replace(parameter, value).Replace("{model}", "digits").Replace("{version}", "v1.1.0"), valid, pattern));
            }
        }

        if (pattern.Contains("/datasets/", StringComparison.Ordinal) || method == "DELETE")
        {
            yield break;
        }

        foreach (var body in new[] { "{", "[]", "null", "1", "\"x\"", "{\"a\":1}", "{\"requestId\":5}", "{\"requestId\":\"a b\"}", "\u0000", "{}{}", "{\"reason\":{\"a\":1}}", new string('[', 100), "{\"comment\":\"\\u0007\",\"reason\":\"\\u0007\"}" })
        {
            if (pattern.Contains("/gateway/", StringComparison.Ordinal) && body.StartsWith("{\"", StringComparison.Ordinal))
            {
                continue;
            }

            yield return ($"the body {body}", Request(method, path, body, pattern));
        }

        if (pattern == "/api/gateway/reports")
        {
            const string Beat = """{"gateway":"g","at":"2026-01-01T00:00:00Z","control":"http://127.0.0.1:1","generations":{}}""";
            const string Window = """ "gateway":"g","model":"digits","generation":1,"start":"2026-01-01T00:00:00Z","length":"00:00:05","number":1 """;
            string[] reports =
            [
                "{}", """{"heartbeat":null,"windows":[]}""", $$"""{"heartbeat":{{Beat}}}""", $$"""{"heartbeat":{{Beat}},"windows":null}""", $$"""{"heartbeat":{{Beat}},"windows":[null]}""",
                $$"""{"heartbeat":{{Beat}},"windows":[{}]}""", $$"""{"heartbeat":{{Beat}},"windows":[{{{Window}},"cells":null}]}""", $$"""{"heartbeat":{{Beat}},"windows":[{{{Window}},"cells":[null]}]}""",
                $$"""{"heartbeat":{{Beat}},"windows":[{{{Window.Replace("digits", "")}},"cells":[]}]}""", $$"""{"heartbeat":{{Beat}},"windows":[{{{Window}},"cells":[{}]}]}""",
                $$"""{"heartbeat":{{Beat.Replace("http://127.0.0.1:1", "relative")}},"windows":[]}""", $$"""{"heartbeat":{{Beat.Replace("{}", "null")}},"windows":[]}""",
                $$"""{"heartbeat":{{Beat.Replace("\"g\"", "\"a/b#?\"")}},"windows":[]}""", $$"""{"heartbeat":{{Beat.Replace("\"g\"", $"\"{new string('g', 2_000)}\"")}},"windows":[]}""",
                $$"""{"heartbeat":{{Beat.Replace("{}", """{"":1}""")}},"windows":[]}""", $$"""{"heartbeat":{{Beat.Replace("http://127.0.0.1:1", "file:///etc/passwd")}},"windows":[]}""",
            ];
            foreach (var report in reports)
            {
                yield return ($"the report {report}", Request(method, path, report, pattern));
            }
        }
        else if (RoutesAndRoles.BodyType(pattern) == "application/json")
        {
            var fields = JsonNode.Parse(valid)!.AsObject();
            foreach (var name in fields.Select(f => f.Key).ToList())
            {
                foreach (var value in new[] { "[]", "{}", "12", "\"\\u0000\"" })
                {
                    var changed = fields.DeepClone().AsObject();
                    changed[name] = JsonNode.Parse(value);
                    if (name is not ("roles" or "load" or "events") || value is not ("[]" or "12"))
                    {
                        yield return ($"{name} = {value}", Request(method, path, changed.ToJsonString(), pattern));
                    }
                }
            }

            yield return ("another media type", Request(method, path, valid, pattern, "text/html"));
            yield return ("a field twice", Request(method, path, "{\"requestId\":\"a\",\"requestId\":\"b\"," + valid[1..], pattern));
        }
    }

    private static string ValidBody(string pattern) => pattern switch
    {
        "/api/releases" => """{"model":"digits","version":"v1.1.0"}""",
        "/api/releases/{id}/decisions" => """{"decision":"approve","comment":"x"}""",
        "/api/tokens" => """{"name":"new","roles":["reader"],"expiresIn":"1d"}""",
        "/api/subscriptions" => """{"name":"new","address":"https://hooks.example.com/x","models":"*","events":["ended"]}""",
        "/api/freezes" => """{"scope":"*","reason":"x"}""",
        "/api/uploads/grants" => """{"model":"digits","version":"v2.0.0","files":["model.onnx"],"validFor":"1h"}""",
        "/api/models/{model}/rollback" => """{"to":"v1.0.0","load":true,"reason":"x"}""",
        "/api/models/{model}/versions/{version}/revoke" => """{"reason":"x"}""",
        "/api/retention/apply" => """{"model":"digits","digest":"sha256:00"}""",
        _ when pattern.Contains("/polic", StringComparison.Ordinal) => "smoke: 5",
        _ => """{"comment":5,"reason":5}""",
    };

    private static HttpRequestMessage Request(string method, string path, string body, string pattern, string? type = null) => new(new HttpMethod(method), path)
    {
        Content = method == "DELETE" ? null : new StringContent(body, Encoding.UTF8, type ?? RoutesAndRoles.BodyType(pattern)),
    };

    private static string Pick(Random random) => random.Next(10) == 0
        ? new string([.. Enumerable.Range(0, random.Next(30)).Select(_ => (char)random.Next(1, 0xD7FF))])
        : Nasty[random.Next(Nasty.Length)];

    private static string Query(Random random)
    {
        string[] names = ["model", "running", "limit", "continuation", "a", "b", "at", "after", "reason", "digest", "x"];
        var count = random.Next(3) == 0 ? random.Next(1, 4) : 0;
        return count == 0 ? "" : "?" + string.Join('&', Enumerable.Range(0, count).Select(_ => $"{names[random.Next(names.Length)]}={Uri.EscapeDataString(Pick(random))}"));
    }

    private static ByteArrayContent Content(Random random)
    {
        var bytes = random.Next(6) switch
        {
            0 => RandomBytes(random),
            1 => Encoding.UTF8.GetBytes(Pick(random)),
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
        3 or 4 => JsonSerializer.Serialize(random.Next(3) == 0 ? "approve" : Pick(random)),
        5 => "[" + string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => RandomValue(random, depth + 1))) + "]",
        _ => RandomObject(random, depth + 1),
    };

    private static void AssertProblem(HttpRequestMessage request, HttpResponseMessage response, string text)
    {
        if ((int)response.StatusCode < 400 || request.RequestUri!.OriginalString.StartsWith(Everybody, StringComparison.Ordinal))
        {
            return;
        }

        Assert.True(response.Content.Headers.ContentType?.MediaType == "application/problem+json", $"{request.Method} {request.RequestUri} answers {(int)response.StatusCode} as {response.Content.Headers.ContentType}: {text}");
        var problem = JsonNode.Parse(text)!;
        Assert.All(["type", "title", "detail", "remedy"], member => Assert.False(string.IsNullOrWhiteSpace((string?)problem[member]), $"{member} is missing in {text}"));
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", text, StringComparison.Ordinal);
    }

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
