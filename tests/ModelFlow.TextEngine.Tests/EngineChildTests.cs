using ModelFlow.EngineProcess;

namespace ModelFlow.TextEngine.Tests;

public sealed class EngineChildTests : IDisposable
{
    private readonly HttpClient _http = new();

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task Start_cutFile_isTheModelsFault()
    {
        var failed = Assert.IsType<EngineStart.Failed>(await StartAsync(EngineCommand.Own("ModelFlow.TextEngine"), "v1.4.0-truncated.gguf"));
        Assert.True(failed.ModelAtFault);
        Assert.Contains("llama.cpp cannot load it", failed.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_missingProgram_isNotTheModelsFault()
    {
        Assert.True(EngineCommand.TryParse(["/no/such/engine", "-m", "{model}", "--port", "{port}"], out var command, out _));
        var failed = Assert.IsType<EngineStart.Failed>(await StartAsync(command, "v1.0.0-small.gguf"));
        Assert.False(failed.ModelAtFault, failed.Reason);
    }

    [Fact]
    public async Task Dispose_endsTheEngineItself()
    {
        var ready = Assert.IsType<EngineStart.Ready>(await StartAsync(EngineCommand.Own("ModelFlow.TextEngine"), "v1.0.0-small.gguf"));
        await ready.Engine.DisposeAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => _http.GetAsync(ready.Engine.Address, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("{model} and no program|0")]
    [InlineData("llama-server|-m|{model}")]
    [InlineData("llama-server|--port|{port}")]
    public void TryParse_incomplete_isRefused(string parts) => Assert.False(EngineCommand.TryParse(parts.Split('|'), out _, out _));

    private Task<EngineStart> StartAsync(EngineCommand command, string file) => EngineChild.StartAsync(
        command, new EngineModel(Path.Combine(RunningEngine.Samples, file), "m", 1), TimeSpan.FromMinutes(2), _http, TimeProvider.System, TestContext.Current.CancellationToken);
}
