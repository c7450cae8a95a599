using ModelFlow.Cli;

return await ModelFlowCommand.RunAsync(args, Surroundings.OfThisProcess(), CancellationToken.None);
