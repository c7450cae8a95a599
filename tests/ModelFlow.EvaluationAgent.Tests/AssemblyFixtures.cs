using ModelFlow.Testing.Azurite;

[assembly: AssemblyFixture(typeof(AzuriteFixture))]
