// Each test runs the whole product: two at once on a small machine would measure each other's hunger for processors, not the lease.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
