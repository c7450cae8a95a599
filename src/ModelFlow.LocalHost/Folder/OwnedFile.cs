using System.Text.Json;
using ModelFlow.Core.Serialization;

namespace ModelFlow.LocalHost.Folder;

/// <summary>JSON files of the data folder, written whole (by a rename) and readable by their owner only.</summary>
internal static class OwnedFile
{
    /// <summary>Reads a file; null if it is not there.</summary>
    /// <exception cref="HostStartException">It is not what it should be.</exception>
    public static T? Read<T>(string path)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllText(path), CoreJson.Options);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException e)
        {
            throw new HostStartException($"{path} is damaged: {e.Message} Put it right, or delete it to have it made anew.");
        }
    }

    /// <summary>Writes a file with mode 600.</summary>
    public static void Write<T>(string path, T content)
    {
        var aside = path + ".new";
        File.Delete(aside);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using (var file = new FileStream(aside, options))
        {
            JsonSerializer.Serialize(file, content, CoreJson.Indented);
            file.Flush(flushToDisk: true);
        }

        File.Move(aside, path, overwrite: true);
    }
}
