using Xunit.Sdk;
using Xunit.v3;

// Each test starts the whole product: one at a time is as much as a small machine carries.
[assembly: Parallelization(Mode = ParallelMode.None)]
