using System.Diagnostics;
using ModelFlow.Testing;

namespace ModelFlow.EndToEnd;

/// <summary>The main job, as a newcomer runs it: real models, live traffic, a slow version caught, bad ones refused, a rollback.</summary>
public sealed class DemoTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(6);

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Demo_onThisMachine_observesAllThatIsExpected()
    {
        var root = RepositoryRoot.Find();
        var start = new ProcessStartInfo(Path.Combine(root, "src", "ModelFlow.Cli", "bin", "Release", "net10.0", "modelflow"), ["demo"])
        {
            UseShellExecute = false,
            WorkingDirectory = root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["MODELFLOW_HOME"] = root;
        using var demo = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Longest);
        var said = demo.StandardOutput.ReadToEndAsync(limit.Token);
        var complained = demo.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await demo.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!demo.HasExited)
            {
                demo.Kill(entireProcessTree: true);
            }
        }

        output.WriteLine(await said);
        output.WriteLine(await complained);
        Assert.Equal(0, demo.ExitCode);
        Assert.Contains("as expected.", await said, StringComparison.Ordinal);
        Assert.DoesNotContain("NOT SO", await said, StringComparison.Ordinal);
    }
}
