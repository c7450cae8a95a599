using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Tests.Support;

namespace ModelFlow.Cli.Tests.Connecting;

public sealed class ConnectionTests : IAsyncLifetime
{
    private FakeHost _host = null!;
    private readonly Support.Cli _cli = new();

    public async ValueTask InitializeAsync()
    {
        _host = await FakeHost.StartAsync();
        _host.On("GET /api/models", """{"items":[]}""");
    }

    public async ValueTask DisposeAsync()
    {
        _cli.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Credentials_fileOfTheHost_namesHostAndToken()
    {
        Credentials(".modelflow/credentials.json", _host.Address, "mf_file");
        Assert.Equal(0, (await _cli.RunAsync("models")).Exit);
        Assert.Equal("Bearer mf_file", _host.Requests.Single().Authorization);
    }

    [Theory]
    [InlineData("MODELFLOW_HOME", "home", "home/.modelflow/credentials.json")]
    [InlineData("XDG_CONFIG_HOME", "config", "config/modelflow/credentials.json")]
    [InlineData("HOME", "me", "me/.config/modelflow/credentials.json")]
    [InlineData("MODELFLOW_CREDENTIALS", "some/file.json", "some/file.json")]
    public async Task Credentials_otherPlaces_areFound(string variable, string value, string file)
    {
        Credentials(file, _host.Address, "mf_there");
        _cli.Environment[variable] = Path.Combine(_cli.Folder, value);
        Assert.Equal(0, (await _cli.RunAsync("models")).Exit);
        Assert.Equal("Bearer mf_there", _host.Requests.Single().Authorization);
    }

    [Fact]
    public async Task Token_optionBeforeEnvironmentBeforeFile()
    {
        Credentials(".modelflow/credentials.json", _host.Address, "mf_file");
        _cli.Environment["MODELFLOW_TOKEN"] = "mf_environment";
        await _cli.RunAsync("models");
        await _cli.RunAsync("models", "--token", "mf_option");
        Assert.Equal(["Bearer mf_environment", "Bearer mf_option"], _host.Requests.Select(r => r.Authorization));
    }

    [Fact]
    public async Task Token_ofTheFile_neverGoesToAnotherHost()
    {
        Credentials(".modelflow/credentials.json", "http://127.0.0.1:1", "mf_file");
        await _cli.RunAsync("models", "--server", _host.Address);
        Assert.Equal("", _host.Requests.Single().Authorization);
    }

    [Fact]
    public async Task Credentials_thatOthersCanRead_areRefused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "File modes are Unix's.");
        var file = Credentials(".modelflow/credentials.json", _host.Address, "mf_file");
#pragma warning disable CA1416 // Skipped on Windows above.
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
#pragma warning restore CA1416
        var run = await _cli.RunAsync("models");
        Assert.Equal(5, run.Exit);
        Assert.Contains("chmod 600", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{}")]
    [InlineData("""{"api":7}""")]
    public async Task Credentials_damaged_saysWhichFile(string content)
    {
        var file = Credentials(".modelflow/credentials.json", "", "");
        await File.WriteAllTextAsync(file, content, TestContext.Current.CancellationToken);
        var run = await _cli.RunAsync("models");
        Assert.Equal(5, run.Exit);
        Assert.Contains("credentials.json", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("localhost:7600")]
    [InlineData("ftp://x")]
    [InlineData("nonsense")]
    public async Task Server_noAddress_isUsage(string server) => Assert.Equal(2, (await _cli.RunAsync("models", "--server", server)).Exit);

    [Fact]
    public void Path_valuesFromOutside_cannotLeaveTheirSegment() =>
        Assert.Equal("api/models/..%2F..%2Ftokens%3Fx%23y/versions", ApiClient.Path($"api/models/{"../../tokens?x#y"}/versions"));

    private string Credentials(string name, string api, string token)
    {
        var file = _cli.Write(name, $$"""{"api":"{{api}}","token":"{{token}}","storageConnectionString":"x","gateway":"http://127.0.0.1:7601/"}""");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return file;
    }
}
