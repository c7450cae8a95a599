using Xunit;

// Each test starts the whole product: one at a time is as much as a small machine carries.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
