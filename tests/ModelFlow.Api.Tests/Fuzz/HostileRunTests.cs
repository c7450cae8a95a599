using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ModelFlow.Api.Tests.Support;

namespace ModelFlow.Api.Tests.Fuzz;

/// <summary>
/// Ten thousand hostile requests, as bytes on a socket of the real server: no error of the server, nothing changed, nothing let out, and every refusal in words.
/// MODELFLOW_FUZZ_SEED and MODELFLOW_FUZZ_REQUESTS in the environment choose others.
/// </summary>
public sealed class HostileRunTests(ITestOutputHelper output)
{
    private const int UsualSeed = 20_261_126;
    private const int UsualRequests = 10_000;
    private const int MostFailures = 20;

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Hostile_requests_change_nothing_break_nothing_and_learn_nothing()
    {
        var seed = Setting("MODELFLOW_FUZZ_SEED", UsualSeed);
        var requests = Setting("MODELFLOW_FUZZ_REQUESTS", UsualRequests);
        output.WriteLine($"seed {seed}, {requests} requests");
        await using var setup = await HostileSetup.StartAsync();
        var hostile = new HostileRequests(setup, new Random(seed));
        using var connection = new RawConnection(setup.Port);
        var seen = new SortedDictionary<int, int>();
        var began = Stopwatch.GetTimestamp();
        var (before, wrong) = (setup.Stores.Now(), new List<string>());
        for (var i = 0; i < requests && wrong.Count < MostFailures; i++)
        {
            var next = hostile.Next();
            setup.Host.Time.Advance(TimeSpan.FromMilliseconds(10));
            var answer = await connection.SendAsync(next.Request, Http.Cancel);
            var after = setup.Stores.Now();
            try
            {
                Check(next, answer, setup.Canaries);
                Assert.True(before == after, "It changed something.");
                setup.CheckLog();
            }
            catch (Exception e) when (e is Xunit.Sdk.XunitException or JsonException)
            {
                wrong.Add($"Request {i}, {next.What}:\n{next.Request}\nis answered {answer?.Status}\n{answer?.Text}\n{e.Message}");
            }

            before = after;
            seen[answer?.Status ?? 0] = seen.GetValueOrDefault(answer?.Status ?? 0) + 1;
        }

        output.WriteLine($"{Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s; answers by status: {JsonSerializer.Serialize(seen)}");

        Assert.True(wrong.Count == 0, $"Of seed {seed}:\n\n{string.Join("\n\n", wrong)}");

        // It would prove nothing if all died at the same check, or if what is held to be right were not.
        Assert.All([200, 302, 400, 401, 403, 404, 405, 410, 413, 415], status => Assert.True(requests < UsualRequests || seen.GetValueOrDefault(status) > 3, JsonSerializer.Serialize(seen)));
        Assert.InRange(await RightOnesThatChangeAsync(setup, hostile), 20, int.MaxValue);
    }

    private static void Check(HostileRequest sent, RawAnswer? answer, List<string> canaries)
    {
        if (answer is null)
        {
            Assert.True(sent.Unreadable && sent.Request.Breaks, "There is no answer.");
            return;
        }

        Assert.All(canaries, c => Assert.DoesNotContain(c, answer.Text, StringComparison.Ordinal));
        Assert.DoesNotContain(answer.Headers, h => h.Key.StartsWith("x-injected", StringComparison.OrdinalIgnoreCase));
        var type = answer.Header("Content-Type")?.Split(';')[0];
        var decide = type == "text/html" && sent.Request.Target.StartsWith("/decide", StringComparison.Ordinal);
        if (answer is { Body: "", Closes: true, Status: 400 or 405 or 411 or 413 or 414 or 431 or 505 } && sent.Unreadable)
        {
            // The server could not read it as HTTP.
            return;
        }

        if (answer.Status < 400)
        {
            Assert.True(sent.MayRead, "It is no error.");
            Assert.False(answer.Header("Location")?.Contains("//evil", StringComparison.Ordinal) == true, "It leads elsewhere.");
        }
        else if (decide || sent.Request.IsHead)
        {
            Assert.InRange(answer.Status, 400, 499);
        }
        else if (!sent.Request.Target.StartsWith("/api/health", StringComparison.Ordinal))
        {
            Assert.True(answer.Status < 500, "It is an error of the server.");
            Answers.AssertProblem("It", answer.Status, type, answer.Body);
        }

        Assert.Equal("nosniff", answer.Header("X-Content-Type-Options"));
        Assert.Contains("default-src 'none'", answer.Header("Content-Security-Policy") ?? "", StringComparison.Ordinal);
        Assert.False(decide && answer.Body.Contains("<script", StringComparison.OrdinalIgnoreCase), "It has a script.");
    }

    private static async Task<int> RightOnesThatChangeAsync(HostileSetup setup, HostileRequests hostile)
    {
        var changing = 0;
        using var connection = new RawConnection(setup.Port);
        foreach (var right in hostile.RightOnes())
        {
            var before = setup.Stores.Now();
            var answer = await connection.SendAsync(right.Request, Http.Cancel);
            Assert.True(answer is { Status: < 500 and not (400 or 401 or 403 or 415) }, $"{right.What} is not right: {answer?.Status} {answer?.Body}");
            changing += before == setup.Stores.Now() ? 0 : 1;
        }

        return changing;
    }

    private static int Setting(string name, int usual) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : usual;
}
