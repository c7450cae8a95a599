using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ModelFlow.Api.Tests.Access;

namespace ModelFlow.Api.Tests.Fuzz;

/// <summary>For each route that changes something: a request that is right, and many that are wrong in one place.</summary>
internal static class MalformedRequests
{
    /// <summary>Requests that must be refused.</summary>
    public static IEnumerable<(string What, HttpRequestMessage Request)> Of(string method, string pattern)
    {
        var path = RightPath(pattern);
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
                    if (name is not ("roles" or "load" or "events" or "identities" or "groups") || value is not ("[]" or "12"))
                    {
                        yield return ($"{name} = {value}", Request(method, path, changed.ToJsonString(), pattern));
                    }
                }
            }

            yield return ("another media type", Request(method, path, valid, pattern, "text/html"));
            yield return ("a field twice", Request(method, path, "{\"requestId\":\"a\",\"requestId\":\"b\"," + valid[1..], pattern));
        }
    }

    /// <summary>The path of a right request.</summary>
    public static string RightPath(string pattern) => pattern
        .Replace("{model}", "digits").Replace("{version}", "v1.1.0").Replace("{id}", "digits-v1.1.0-1").Replace("{scope}", "digits").Replace("{name}", "reader").Replace("{path}", "digits/new.csv")
        .Replace("{generation}", "1").Replace("{digest}", new string('0', 64));

    /// <summary>The body of a right request.</summary>
    public static string ValidBody(string pattern) => pattern switch
    {
        "/api/releases" => """{"model":"digits","version":"v1.1.0"}""",
        "/api/releases/{id}/decisions" => """{"decision":"approve","comment":"x"}""",
        "/api/tokens" => """{"name":"new","roles":["reader"],"expiresIn":"1d"}""",
        "/api/subscriptions" => """{"name":"new","address":"https://hooks.example.com/x","models":"*","events":["ended"]}""",
        "/api/freezes" => """{"scope":"*","reason":"x"}""",
        "/api/uploads/grants" => """{"model":"digits","version":"v2.0.0","files":["model.onnx"],"validFor":"1h"}""",
        "/api/models/{model}/rollback" => """{"to":"v1.0.0","load":true,"reason":"x"}""",
        "/api/models/{model}/versions/{version}/revoke" => """{"reason":"x"}""",
        "/api/retention/apply" => $$"""{"model":"digits","digest":"sha256:{{new string('0', 64)}}"}""",
        "/api/people/{name}" => """{"identities":["reader-laptop"],"groups":["heads"]}""",
        "/api/audit/erasures" => """{"name":"nobody-here","reason":"x"}""",
        "/api/gateway/reports" => """{"heartbeat":{"gateway":"g","at":"2026-01-01T00:00:00Z","control":"http://127.0.0.1:1","generations":{}},"windows":[]}""",
        "/api/releases/{id}/pause" or "/api/releases/{id}/resume" or "/api/releases/{id}/promote" or "/api/releases/{id}/abort" => """{"comment":"x"}""",
        _ when pattern.Contains("/polic", StringComparison.Ordinal) => "smoke: 5",
        _ => """{"reason":"x"}""",
    };

    private static HttpRequestMessage Request(string method, string path, string body, string pattern, string? type = null) => new(new HttpMethod(method), path)
    {
        Content = method == "DELETE" ? null : new StringContent(body, Encoding.UTF8, type ?? RoutesAndRoles.BodyType(pattern)),
    };
}
