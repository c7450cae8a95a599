using ModelFlow.Pages.Tests.Support;
using Xunit.Sdk;
using Xunit.v3;

// One browser and one product for all tests: one at a time is as much as a small machine carries.
[assembly: Parallelization(Mode = ParallelMode.None)]
[assembly: AssemblyFixture(typeof(Chromium))]
[assembly: AssemblyFixture(typeof(RunningProduct))]
