using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using ModelFlow.LocalHost.Folder;
using ModelFlow.LocalHost.Leasing;

namespace ModelFlow.LocalHost.Running;

/// <summary>Reads the host's configuration: the data folder's <c>settings.json</c>, then environment variables <c>MODELFLOW_…</c>, then the command line.</summary>
internal static class HostSettings
{
    private const string EnvironmentPrefix = "MODELFLOW_";

    /// <summary>All settings, and the checked options of the host itself.</summary>
    /// <param name="commandLine">For example <c>Host:ApiPort</c> → <c>0</c>.</param>
    /// <exception cref="HostStartException">Something in them is wrong.</exception>
    public static (IConfigurationRoot Configuration, HostOptions Options) Read(IReadOnlyDictionary<string, string?> commandLine)
    {
        var first = new ConfigurationBuilder().AddEnvironmentVariables(EnvironmentPrefix).AddInMemoryCollection(commandLine).Build();
        var folder = new DataFolder(first[$"{HostOptions.Section}:{nameof(HostOptions.Data)}"] ?? new HostOptions().Data);
        IConfigurationRoot all;
        try
        {
            all = new ConfigurationBuilder()
                .AddJsonFile(System.IO.Path.Combine(folder.Path, "settings.json"), optional: true)
                .AddEnvironmentVariables(EnvironmentPrefix)
                .AddInMemoryCollection(commandLine)
                .AddInMemoryCollection([new($"{HostOptions.Section}:{nameof(HostOptions.Data)}", folder.Path)])
                .Build();
        }
        catch (InvalidDataException e)
        {
            throw new HostStartException($"{e.Message} {e.InnerException?.Message}");
        }

        var errors = new List<string>();
        var options = Bind<HostOptions>(all, HostOptions.Section, errors);
        Bind<LeaseOptions>(all, LeaseSection, errors);
        if (all[LegalHolds] is { } holds && !bool.TryParse(holds, out _))
        {
            errors.Add($"{LegalHolds} is true or false, not '{holds}'.");
        }

        return errors.Count == 0 ? (all, options) : throw new HostStartException(string.Join('\n', errors));
    }

    /// <summary>The section of <see cref="LeaseOptions"/>.</summary>
    public const string LeaseSection = "Lease";

    /// <summary>The one setting of the storage that is not the host's own business: legal holds, with a storage of one's own.</summary>
    public const string LegalHolds = "Storage:LegalHolds";

    private static T Bind<T>(IConfiguration configuration, string section, List<string> errors)
        where T : class, new()
    {
        var options = new T();
        try
        {
            configuration.GetSection(section).Bind(options, b => b.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException e)
        {
            errors.Add($"{section}: {e.InnerException?.Message ?? e.Message}");
            return options;
        }

        var found = new List<ValidationResult>();
        Validator.TryValidateObject(options, new ValidationContext(options), found, validateAllProperties: true);
        errors.AddRange(found.Select(f => $"{section}: {f.ErrorMessage}"));
        return options;
    }
}
