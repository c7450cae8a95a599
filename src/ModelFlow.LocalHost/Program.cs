using System.CommandLine;
using ModelFlow.LocalHost.Folder;
using ModelFlow.LocalHost.Processes;
using ModelFlow.LocalHost.Running;

try
{
    // The host has signal handling of its own, and takes as long to end as its children need.
    var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
    return await HostCommand.Create().Parse(args).InvokeAsync(invocation);
}
catch (Exception e) when (e is HostStartException or ChildStartException)
{
    foreach (var line in e.Message.Split('\n'))
    {
        await Console.Error.WriteLineAsync($"modelflow-host: {line}");
    }

    return HostCommand.CannotStart;
}
