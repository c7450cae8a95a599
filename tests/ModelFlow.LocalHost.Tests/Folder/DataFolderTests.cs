using ModelFlow.LocalHost.Folder;

namespace ModelFlow.LocalHost.Tests.Folder;

public sealed class DataFolderTests : IDisposable
{
    private readonly DataFolder _folder = new(Path.Combine(Directory.CreateTempSubdirectory("modelflow-folder-").FullName, "data"));

    public DataFolderTests() => _folder.Create();

    [Fact]
    public void Folder_and_secrets_are_their_owners_only()
    {
        HostSecrets.LoadOrCreate(_folder);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder.Path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.SecretsFile));
    }

    [Fact]
    public void Secrets_are_made_once()
    {
        Assert.Equal(HostSecrets.LoadOrCreate(_folder), HostSecrets.LoadOrCreate(_folder));
    }

    [Fact]
    public void Damaged_secrets_are_said_with_the_file_and_not_replaced()
    {
        File.WriteAllText(_folder.SecretsFile, "{ oops");

        var error = Assert.Throws<HostStartException>(() => HostSecrets.LoadOrCreate(_folder));

        Assert.Contains(_folder.SecretsFile, error.Message, StringComparison.Ordinal);
        Assert.Equal("{ oops", File.ReadAllText(_folder.SecretsFile));
    }

    [Fact]
    public void Only_one_at_a_time_has_the_lock()
    {
        using (var held = _folder.TryLock())
        {
            Assert.NotNull(held);
            Assert.Null(_folder.TryLock());
        }

        using var again = _folder.TryLock();
        Assert.NotNull(again);
    }

    [Fact]
    public void Living_hosts_are_listed_and_dead_ones_forgotten()
    {
        File.WriteAllText(Path.Combine(_folder.Hosts, "999999.host"), "999999 1");
        using (_folder.Enter(standby: true))
        {
            Assert.Equal([(Environment.ProcessId, true)], _folder.ListHosts().Select(h => (h.Process.Id, h.Standby)));
            _folder.Enter(standby: false);
            Assert.Equal([(Environment.ProcessId, false)], _folder.ListHosts().Select(h => (h.Process.Id, h.Standby)));
        }

        Assert.Empty(_folder.ListHosts());
        Assert.Empty(Directory.EnumerateFiles(_folder.Hosts));
    }

    [Fact]
    public void Folder_that_cannot_be_made_is_said_with_the_remedy()
    {
        var file = Path.Combine(_folder.Path, "file");
        File.WriteAllText(file, "");

        var error = Assert.Throws<HostStartException>(() => new DataFolder(Path.Combine(file, "below")).Create());

        Assert.Contains("--data", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_folder.Path)!, recursive: true);
}
