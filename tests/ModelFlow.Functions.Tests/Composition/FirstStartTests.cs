using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using ModelFlow.Api.Access;
using ModelFlow.Core.Ports;
using ModelFlow.Functions.Composition;
using ModelFlow.Orchestration.Operations;
using ModelFlow.Storage;
using ModelFlow.Testing;
using ModelFlow.Testing.InMemory;

namespace ModelFlow.Functions.Tests.Composition;

public sealed class FirstStartTests
{
    private readonly InMemoryTokenStore _tokens = new();

    [Fact]
    public async Task FirstAdminToken_isMadeOnce_fromTheSetting()
    {
        var secret = TokenSecret.Create();

        await StartAsync(secret.Reveal());
        await StartAsync(TokenSecret.Create().Reveal());

        var token = Assert.Single(await _tokens.ListAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken));
        Assert.Equal(secret.Hash, token.SecretHash);
    }

    [Fact]
    public async Task FirstAdminToken_notSet_makesNone()
    {
        await StartAsync(null);

        Assert.Empty(await _tokens.ListAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task FirstAdminToken_thatIsNoToken_isRefusedWithoutSayingIt()
    {
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync("hunter2"));

        Assert.Contains("AzureHost:FirstAdminToken", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refused.Message, StringComparison.Ordinal);
    }

    private Task StartAsync(string? token)
    {
        var time = new FakeTimeProvider(Samples.Now);
        var first = new FirstAdminToken(_tokens, new ManageTokens(_tokens, new InMemoryAuditLog(), time), time);
        var storage = new StorageSetup(new StorageClients(new StorageOptions { ConnectionString = "UseDevelopmentStorage=true" }));
        return new FirstStart(storage, first, Options.Create(new AzureHostOptions { CreateStorage = false, FirstAdminToken = token }), NullLogger<FirstStart>.Instance)
            .StartAsync(TestContext.Current.CancellationToken);
    }
}
