using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using ModelFlow.EvaluatorProcess;
using ModelFlow.LocalHost.Processes;

namespace ModelFlow.LocalHost.Tests.Processes;

/// <summary>Against real processes: small Node.js servers.</summary>
public sealed class ChildSupervisorTests : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("modelflow-supervisor-").FullName;
    private readonly List<ChildSupervisor> _supervisors = [];
    private readonly int _port = LoopbackPorts.Choose([]);
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(2) };

    [Fact]
    public async Task Child_is_ready_when_StartAsync_returns_and_gone_after_StopAsync()
    {
        var supervisor = Supervise();

        await supervisor.StartAsync(Server(), Cancel);

        var pid = await AskForPid();
        Assert.Equal(pid, supervisor.List().Single().ProcessId);
        await supervisor.StopAsync();
        Assert.Null(ProcessIdentity.Find(pid));
    }

    [Fact]
    public async Task Killed_child_is_started_again()
    {
        var supervisor = Supervise();
        await supervisor.StartAsync(Server(), Cancel);
        var first = await AskForPid();

        Kill(first);
        await Until(async () => await TryAskForPid() is { } pid && pid != first);

        Assert.Equal(2, supervisor.List().Single().Starts);
    }

    [Fact]
    public async Task Child_outlives_its_supervisor_and_the_next_one_adopts_it()
    {
        var first = Supervise();
        await first.StartAsync(Server(), Cancel);
        var pid = await AskForPid();
        await first.DisposeAsync();
        Assert.Equal(pid, await AskForPid());

        var second = Supervise();
        await second.StartAsync(Server(), Cancel);

        Assert.Equal(new ChildStatus("server", pid, 0), second.List().Single());
        await second.StopAsync();
        Assert.Null(ProcessIdentity.Find(pid));
    }

    [Fact]
    public async Task Adopted_child_that_dies_is_started_again()
    {
        var first = Supervise();
        await first.StartAsync(Server(), Cancel);
        var pid = await AskForPid();
        await first.DisposeAsync();
        var second = Supervise();
        await second.StartAsync(Server(), Cancel);

        Kill(pid);
        await Until(async () => await TryAskForPid() is { } now && now != pid);

        Assert.Equal(1, second.List().Single().Starts);
    }

    [Fact]
    public async Task Child_left_behind_with_other_settings_is_replaced()
    {
        var first = Supervise();
        await first.StartAsync(Server(), Cancel);
        var pid = await AskForPid();
        await first.DisposeAsync();

        var second = Supervise();
        await second.StartAsync(Server(secret: "another"), Cancel);

        Assert.NotEqual(pid, await AskForPid());
        Assert.Null(ProcessIdentity.Find(pid));
    }

    [Fact]
    public async Task Books_that_name_a_foreign_process_make_nobody_end_it()
    {
        // The process id of this very test with its true start time, as after a crash and a reused id: but the lock is free.
        Directory.CreateDirectory(Path.Combine(_folder, "run"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "run", "server.pid"), ProcessIdentity.Current.ToString(), Cancel);

        var supervisor = Supervise();
        await supervisor.StartAsync(Server(), Cancel);

        Assert.NotEqual(Environment.ProcessId, await AskForPid());
        Assert.Equal(1, supervisor.List().Single().Starts);
    }

    [Fact]
    public async Task Child_that_ignores_the_wish_to_end_is_killed_with_what_it_started()
    {
        var supervisor = Supervise();
        await supervisor.StartAsync(Server(before: "process.on('SIGTERM', () => {}); const c = require('child_process').spawn('sleep', ['1000']); require('fs').writeFileSync(process.env.NOTE, String(c.pid));") with { StopWithin = TimeSpan.FromMilliseconds(300) }, Cancel);
        var pid = await AskForPid();
        var grandchild = int.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, "note"), Cancel), CultureInfo.InvariantCulture);

        await supervisor.StopAsync();

        Assert.Null(ProcessIdentity.Find(pid));
        await Until(() => Task.FromResult(ProcessIdentity.Find(grandchild) is null));
    }

    [Fact]
    public async Task Child_that_hangs_is_started_again()
    {
        var supervisor = Supervise(new SupervisionOptions { CheckEvery = TimeSpan.FromMilliseconds(50), HungAfter = TimeSpan.FromMilliseconds(200) });
        await supervisor.StartAsync(Server() with { StopWithin = TimeSpan.FromMilliseconds(200) }, Cancel);
        var pid = await AskForPid();

        // Stopped, it lives and does not answer.
        Signal(pid, "STOP");
        await Until(async () => await TryAskForPid() is { } now && now != pid);

        Assert.Null(ProcessIdentity.Find(pid));
    }

    [Fact]
    public async Task Program_that_ends_at_its_start_is_reported_with_its_output()
    {
        var supervisor = Supervise();

        var error = await Assert.ThrowsAsync<ChildStartException>(() =>
            supervisor.StartAsync(Server(before: "console.error('the reason'); process.exit(3);"), Cancel));

        Assert.Contains("exit code 3", error.Message, StringComparison.Ordinal);
        Assert.Contains("the reason", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Taken_port_is_named_with_the_remedy()
    {
        using var other = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, _port);
        other.Start();

        var error = await Assert.ThrowsAsync<ChildStartException>(() => Supervise().StartAsync(Server(), Cancel));

        Assert.Contains($"Port {_port}", error.Message, StringComparison.Ordinal);
        Assert.Contains("--http-port", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Output_goes_to_a_log_that_is_moved_aside_when_large()
    {
        var supervisor = Supervise(new SupervisionOptions { CheckEvery = TimeSpan.FromMilliseconds(50), LogBytes = 2_000, LogFiles = 2 });
        await supervisor.StartAsync(Server(before: "setInterval(() => console.log('x'.repeat(200)), 5);"), Cancel);
        var log = Path.Combine(_folder, "logs", "server.log");

        await Until(() => Task.FromResult(File.Exists(log + ".2")));

        Assert.False(File.Exists(log + ".3"));
        Assert.StartsWith("xxx", await File.ReadAllTextAsync(log + ".2", Cancel), StringComparison.Ordinal);
        Assert.NotNull(await TryAskForPid());
    }

    [Fact]
    public async Task Stop_during_a_start_leaves_nothing_behind()
    {
        for (var i = 0; i < 10; i++)
        {
            var supervisor = Supervise();
            var starting = supervisor.StartAsync(Server(), Cancel);
            await Task.Delay(i * 8, Cancel);

            await supervisor.StopAsync();

            await Record.ExceptionAsync(() => starting);
            // The kernel lets go of a lock when the last thread is gone, a moment after the process counts as ended.
            var files = new ChildFiles(Path.Combine(_folder, "run"), Path.Combine(_folder, "logs"), "server");
            await Until(() => Task.FromResult(!files.IsLocked()));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var supervisor in _supervisors)
        {
            await supervisor.DisposeAsync();
        }

        await ChildSupervisor.EndLeftBehindAsync(Path.Combine(_folder, "run"), Path.Combine(_folder, "logs"), ["server"], TimeSpan.FromSeconds(1), TimeProvider.System);
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static void Kill(int pid) => Signal(pid, "KILL");

    private static void Signal(int pid, string signal)
    {
        using var kill = System.Diagnostics.Process.Start("/bin/kill", ["-" + signal, pid.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private static async Task Until(Func<Task<bool>> condition)
    {
        var deadline = DateTime.UtcNow.AddSeconds(30);
        while (!await condition())
        {
            Assert.True(DateTime.UtcNow < deadline, "the condition did not come true");
            await Task.Delay(20, Cancel);
        }
    }

    private ChildSupervisor Supervise(SupervisionOptions? options = null)
    {
        var supervisor = new ChildSupervisor(
            Path.Combine(_folder, "run"),
            Path.Combine(_folder, "logs"),
            (options ?? new SupervisionOptions()) with { Poll = TimeSpan.FromMilliseconds(20), FirstBackoff = TimeSpan.FromMilliseconds(20) },
            TimeProvider.System,
            NullLogger<ChildSupervisor>.Instance);
        _supervisors.Add(supervisor);
        return supervisor;
    }

    private ChildSpec Server(string secret = "one", string before = "") => new()
    {
        Name = "server",
        FileName = Programs.Find("node"),
        Arguments = ["-e", $"{before} require('http').createServer((q, a) => a.end(String(process.pid))).listen({_port}, '127.0.0.1')"],
        Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["SECRET"] = secret, ["NOTE"] = Path.Combine(_folder, "note") },
        Ports = new Dictionary<string, int>(StringComparer.Ordinal) { ["--http-port"] = _port },
        IsHealthyAsync = async cancel => (await _http.GetAsync(new Uri($"http://127.0.0.1:{_port}/"), cancel)).IsSuccessStatusCode,
        ReadyWithin = TimeSpan.FromSeconds(20),
    };

    private async Task<int> AskForPid() => int.Parse(await _http.GetStringAsync(new Uri($"http://127.0.0.1:{_port}/"), Cancel), CultureInfo.InvariantCulture);

    private async Task<int?> TryAskForPid()
    {
        try
        {
            return await AskForPid();
        }
        catch (HttpRequestException)
        {
            return null;
        }
        catch (TaskCanceledException)
        {
            return null;
        }
    }
}
