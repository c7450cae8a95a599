using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ModelFlow.Cli.Commands;
using ModelFlow.Cli.Connecting;

namespace ModelFlow.Cli.Demo;

/// <summary>
/// Two people approve as people do: one by the personal link on the card that was sent to her, the other by signing in on the page that the channel's card leads to.
/// </summary>
internal sealed partial class CardApprovals : IAsyncDisposable
{
    private const string Channel = "channel";
    private const string Personal = "ada";
    private const string LinkButton = "Decide";
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly Call _call;
    private readonly DemoPlace _place;
    private readonly CardReceiver _receiver;
    private readonly string _signInToken;

    private CardApprovals(Call call, DemoPlace place, CardReceiver receiver, string signInToken) => (_call, _place, _receiver, _signInToken) = (call, place, receiver, signInToken);

    /// <summary>How many approvals were given by a personal link.</summary>
    public int ByLink { get; private set; }

    /// <summary>How many were given after signing in.</summary>
    public int BySignIn { get; private set; }

    /// <summary>The cards that arrived.</summary>
    public IEnumerable<Card> Cards => _receiver.Cards;

    /// <summary>Has cards sent to a receiver of its own; null if the host sends nothing to this machine's addresses.</summary>
    /// <param name="call">The command.</param>
    /// <param name="place">The host.</param>
    /// <param name="model">The model whose releases are told of.</param>
    /// <param name="suffix">Tells this demo's names from others'.</param>
    /// <param name="signInToken">The token that the second person signs in with.</param>
    public static async Task<CardApprovals?> StartAsync(Call call, DemoPlace place, string model, string suffix, string signInToken)
    {
        var receiver = CardReceiver.Start();
        try
        {
            var person = $"{Personal}-{suffix}";
            await place.Admin.SendAsync(HttpMethod.Put, ApiClient.Path($"api/people/{person}"), new JsonObject(), call.CancellationToken);
            await SubscribeAsync(Channel, person: null);
            await SubscribeAsync(Personal, person);
            return new CardApprovals(call, place, receiver, signInToken);
        }
        catch (CommandFailedException e) when (e.Message.Contains("private address", StringComparison.Ordinal))
        {
            await receiver.DisposeAsync();
            return null;
        }

        Task SubscribeAsync(string to, string? person) => place.Admin.SendAsync(
            HttpMethod.Post,
            "api/subscriptions",
            SignalCommands.WithoutNulls(new JsonObject { ["name"] = $"demo-{to}-{suffix}", ["address"] = new Uri(receiver.Address, to).ToString(), ["models"] = model, ["format"] = "teams", ["person"] = person }),
            call.CancellationToken);
    }

    /// <summary>Approves a release twice. False if no card about it arrived in time.</summary>
    public async Task<bool> ApproveAsync(string release)
    {
        if (await WaitAsync(Personal, release) is not { } personal || await WaitAsync(Channel, release) is not { } shared)
        {
            return false;
        }

        await ByLinkAsync(personal.Buttons[LinkButton]);
        await BySignInAsync(shared.Buttons.Single().Value);
        return true;
    }

    public ValueTask DisposeAsync() => _receiver.DisposeAsync();

    private async Task<Card?> WaitAsync(string to, string release)
    {
        var since = _call.Surroundings.Time.GetTimestamp();
        while (_call.Surroundings.Time.GetElapsedTime(since) < LongestWait)
        {
            if (_receiver.Cards.FirstOrDefault(c => c.To == to && c.Asks(release)) is { } card)
            {
                return card;
            }

            await Task.Delay(Poll, _call.Surroundings.Time, _call.CancellationToken);
        }

        return null;
    }

    // As a browser does it: the page is opened, and its form sent.
    private async Task ByLinkAsync(Uri link)
    {
        using var browser = Browser();
        var page = await browser.GetStringAsync(link, _call.CancellationToken);
        var fields = Hidden().Matches(page).ToDictionary(m => m.Groups["name"].Value, m => WebUtility.HtmlDecode(m.Groups["value"].Value), StringComparer.Ordinal);
        fields["decision"] = "approve";
        fields["comment"] = "the numbers are good";
        using var form = new FormUrlEncodedContent(fields);
        using var answer = await browser.PostAsync(new Uri(link, "decide"), form, _call.CancellationToken);
        Check(answer, "the personal link");
        ByLink++;
    }

    private async Task BySignInAsync(Uri page)
    {
        using var browser = Browser();
        browser.DefaultRequestHeaders.Add("x-modelflow-request", "1");
        using var session = await browser.PostAsJsonAsync(new Uri(page, "api/session"), new { token = _signInToken }, _call.CancellationToken);
        Check(session, "signing in");

        var release = Uri.UnescapeDataString(page.Fragment[(page.Fragment.LastIndexOf('/') + 1)..]);
        var seen = JsonNode.Parse(await browser.GetStringAsync(new Uri(page, ApiClient.Path($"api/releases/{release}")), _call.CancellationToken))!;
        var decision = new JsonObject { ["decision"] = "approve", ["evidence"] = (string?)seen["approval"]?["evidence"], ["comment"] = "I looked at the slices" };
        using var answer = await browser.PostAsync(new Uri(page, ApiClient.Path($"api/releases/{release}/decisions")), JsonContent.Create(decision), _call.CancellationToken);
        Check(answer, "the page");
        BySignIn++;
    }

    private HttpClient Browser() => new(new SocketsHttpHandler { CookieContainer = new CookieContainer(), AllowAutoRedirect = false, UseProxy = !_place.At.Api.IsLoopback });

    private static void Check(HttpResponseMessage answer, string what)
    {
        if (!answer.IsSuccessStatusCode)
        {
            throw new CommandFailedException(ExitCode.Refused, $"An approval by {what} was answered with {(int)answer.StatusCode}.");
        }
    }

    [GeneratedRegex("<input type=\"hidden\" name=\"(?<name>[a-z]+)\" value=\"(?<value>[^\"]*)\">", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Hidden();
}
