using System.Runtime.InteropServices;
using ModelFlow.Core.Evaluation.Remote;
using ModelFlow.EvaluationAgent;

const int ExitDone = 0;
const int ExitUsage = 2;
const int ExitFailed = 3;
const int ExitEnded = 143;

if (AgentSettings.Read(args) is not { } settings)
{
    await Console.Error.WriteLineAsync($"usage: {AgentSettings.Usage}, with the job's address in {RemoteJob.AddressVariable}");
    return ExitUsage;
}

if (!Uri.TryCreate(Environment.GetEnvironmentVariable(RemoteJob.AddressVariable), UriKind.Absolute, out var address) || address.Scheme is not ("https" or "http"))
{
    await Console.Error.WriteLineAsync($"modelflow-evaluation-agent: {RemoteJob.AddressVariable} is not an address");
    return ExitUsage;
}

OwnMemory.Close();
OwnMemory.Wipe(RemoteJob.AddressVariable);
using var ended = new CancellationTokenSource();
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
var grants = new GrantClient(http, TimeProvider.System);
try
{
    switch (await new AgentRun(settings, http, grants, ClaimTiming.Default, TimeProvider.System, Console.Out).RunAsync(address, ended.Token))
    {
        case AgentEnd.Finished finished:
            Console.WriteLine($"done: {finished.Outcome.End} {finished.Outcome.Reason}");
            return ExitDone;
        case AgentEnd.NotMine notMine:
            Console.WriteLine($"nothing to do here: {notMine.Reason}");
            return ExitDone;
        case AgentEnd.Failed failed:
            await Console.Error.WriteLineAsync($"modelflow-evaluation-agent: {failed.Reason}");
            return ExitFailed;
    }
}
catch (OperationCanceledException) when (ended.IsCancellationRequested)
{
    Console.WriteLine("ended from outside; a later start takes the job over");
    return ExitEnded;
}

return ExitFailed;

void End(PosixSignalContext context)
{
    context.Cancel = true;
    ended.Cancel();
}
