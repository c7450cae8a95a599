using System.Net;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Access;
using ModelFlow.Api.Tests.Support;

namespace ModelFlow.Api.Tests.Fuzz;

public sealed class SecretTests
{
    [Fact]
    public async Task Secrets_of_requests_and_answers_are_never_logged_nor_told_to_others()
    {
        await using var host = await ApiHost.StartAsync();
        var secret = await host.AddTokenAsync("admin", Role.Admin, Role.Gateway);
        var admin = host.With(secret);
        var made = await admin.SendAsync("POST", "/api/tokens", """{"name":"made","roles":["reader"]}""").JsonAsync(HttpStatusCode.Created);
        var grant = await admin.SendAsync("POST", "/api/uploads/grants", """{"model":"digits","version":"v1.0.0","files":["model.onnx"]}""").JsonAsync(HttpStatusCode.Created);
        const string Hook = "/hooks/CANARYPATH?code=CANARYCODE";
        var subscribed = await admin.SendAsync("POST", "/api/subscriptions", $$"""{"name":"ops","address":"https://hooks.example.com{{Hook}}"}""").JsonAsync(HttpStatusCode.Created);
        const string Wrong = "mf_CANARYCANARYCANARYCANARYCANARYCANARYCANARYCA";
        using (await host.With(Wrong).SendAsync("GET", "/api/models"))
        {
        }

        string[] secrets = [secret, (string)made["token"]!, (string)subscribed["key"]!, "CANARYPATH", "CANARYCODE", Wrong, new Uri((string)grant["files"]![0]!["url"]!).PathAndQuery, new Uri((string)grant["manifest"]!["url"]!).PathAndQuery];
        var answers = new List<string>();
        foreach (var (method, pattern, _) in RoutesAndRoles.All)
        {
            using var response = await admin.SendAsync(method, RoutesAndRoles.Fill(pattern), method is "GET" or "DELETE" ? null : "{}", RoutesAndRoles.BodyType(pattern));
            answers.Add(await response.Content.ReadAsStringAsync(Http.Cancel) + response.Headers);
        }

        Assert.NotEmpty(host.Log.Lines);
        foreach (var canary in secrets)
        {
            Assert.DoesNotContain(host.Log.Lines, line => line.Contains(canary, StringComparison.Ordinal));
            Assert.DoesNotContain(answers, answer => answer.Contains(canary, StringComparison.Ordinal));
        }
    }
}
