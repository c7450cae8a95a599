using System.CommandLine;
using ModelFlow.Benchmarks.Analysis;
using ModelFlow.Benchmarks.Gateway;
using ModelFlow.Benchmarks.Pushing;
using ModelFlow.Benchmarks.Releases;
using ModelFlow.Benchmarks.Reporting;
using ModelFlow.Benchmarks.Rollback;

// The processes of the gateway benchmark that are not the product: they run in this program under another argument.
if (args is ["serve", var kind, var port, .. var upstream])
{
    await Servers.RunAsync(kind, int.Parse(port), upstream.FirstOrDefault());
    return 0;
}

var analysis = new AnalysisBenchmark();
var benchmarks = new Dictionary<string, IBenchmark>(StringComparer.Ordinal)
{
    ["gateway"] = new GatewayBenchmark(),
    ["push"] = new PushBenchmark(),
    ["rollback"] = new RollbackBenchmark(),
    ["releases"] = new ReleaseLoopBenchmark(),
    ["analysis"] = analysis,
};
var names = new Argument<string[]>("benchmark") { Description = $"Which to run: {string.Join(", ", benchmarks.Keys)}. All by default.", Arity = ArgumentArity.ZeroOrMore };
names.AcceptOnlyFromAmong([.. benchmarks.Keys]);
var rounds = new Option<int?>("--rounds") { Description = "How often each is repeated; more make a surer median. 'analysis' plays 20 ramps of each kind without it, a minute or two; 2,000 take an hour of two cores." };
rounds.Validators.Add(r =>
{
    if (r.GetValueOrDefault<int?>() is < 1)
    {
        r.AddError("--rounds is 1 or more.");
    }
});
var seed = new Option<string>("--seed") { Description = "Names the simulated ramps of 'analysis'; another one gives others.", DefaultValueFactory = _ => analysis.Seed };
var part = new Option<string?>("--part") { Description = "Only this part of 'analysis': parts may run at the same time, each as its own process. 'plots' only draws again what --plots holds." };
part.AcceptOnlyFromAmong([.. AnalysisBenchmark.Parts, "plots"]);
var plots = new Option<string?>("--plots") { Description = "A folder for the figures and pictures of 'analysis'; written after every part of it." };
var command = new RootCommand("Measures ModelFlow side by side with what others offer, and prints one table of ratios.") { names, rounds, seed, part, plots };
command.SetAction(async (parsed, cancellationToken) =>
{
    var chosen = parsed.GetValue(names) is { Length: > 0 } some ? some : [.. benchmarks.Keys];
    var report = new Report();
    (analysis.Seed, analysis.Part, analysis.PlotFolder) = (parsed.GetValue(seed)!, parsed.GetValue(part), parsed.GetValue(plots));
    foreach (var name in chosen)
    {
        var missing = benchmarks[name].Needs.Where(n => !DebianPrograms.IsThere(n)).ToList();
        if (missing.Count > 0)
        {
            await Console.Error.WriteLineAsync($"bench {name}: not run; missing: apt-get install {string.Join(' ', missing)}");
            report.LeftOut(name, missing);
            continue;
        }

        await Console.Error.WriteLineAsync($"bench {name}");
        await benchmarks[name].RunAsync(report, parsed.GetValue(rounds), cancellationToken);
    }

    report.Print();
    return 0;
});
return await command.Parse(args).InvokeAsync();
