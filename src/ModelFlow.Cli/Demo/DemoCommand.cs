using System.CommandLine;
using System.CommandLine.Parsing;
using ModelFlow.Cli.Commands;

namespace ModelFlow.Cli.Demo;

/// <summary><c>demo</c>: the main job on real models, with live traffic, each outcome checked.</summary>
internal static class DemoCommand
{
    public static CliCommand Create(Surroundings surroundings)
    {
        var keep = new Option<bool>("--keep") { Description = "Leave everything running at the end and say where." };
        var data = new Option<string?>("--data") { Description = "The folder of the demo's own host. Default: a new one, removed at the end unless --keep.", HelpName = "FOLDER" };
        var against = new Option<Uri?>("--against") { CustomParser = Address, Description = "Play against this host instead of starting one. Needs --gateway, --storage and an admin's token.", HelpName = "URL" };
        var gateway = new Option<Uri?>("--gateway") { CustomParser = Address, Description = "With --against: where live requests go.", HelpName = "URL" };
        var storage = new Option<string?>("--storage") { Description = "With --against: where uploads go.", HelpName = "CONNECTION STRING" };
        var key = new Option<string?>("--inference-key") { Description = "With --against: a client's key for the gateway.", HelpName = "KEY" };
        var model = new Option<string>("--model") { Description = "The model's name; one that has no version yet.", HelpName = "MODEL", DefaultValueFactory = _ => "digits" };
        return new CliCommand(
            "demo",
            "Release real models on this machine under live traffic: good ones, bad ones, a rollback. Exit code 0 only if all went as it should.",
            "modelflow demo\nmodelflow demo --keep",
            surroundings,
            [keep, data, against, gateway, storage, key, model],
            async call =>
            {
                await using var place = call.Get(against) is { } url
                    ? DemoPlace.Given(call, url, call.Get(gateway), call.Get(storage), call.Get(key))
                    : await DemoPlace.StartAsync(call, call.Get(data), call.Get(keep));
                var checks = new Checks();
                var story = new DemoStory(call, place, call.Get(model)!, checks);
                try
                {
                    await story.PlayAsync();
                }
                catch (CommandFailedException e)
                {
                    checks.Add("the story", "played to its end", e.Message, holds: false);
                }

                checks.Write(call.Screen);
                if (call.Get(keep))
                {
                    place.SayWhereItIs(call.Screen);
                }

                return checks.AllAsExpected ? ExitCode.Ok : ExitCode.Refused;
            });
    }

    private static Uri? Address(ArgumentResult result)
    {
        if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var address) && (address.Scheme is "http" or "https"))
        {
            return address;
        }

        result.AddError($"'{result.Tokens[0].Value}' is not an address: http://HOST:PORT or https://HOST is needed.");
        return null;
    }
}
