namespace ModelFlow.Storage.Tests;

/// <summary>Tests that measure the whole process and run by themselves.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
