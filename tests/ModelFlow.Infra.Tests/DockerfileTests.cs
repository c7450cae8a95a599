using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using ModelFlow.EngineProcess;
using ModelFlow.Testing;

namespace ModelFlow.Infra.Tests;

/// <summary>Images cannot be built where no registry is: what a build would trip over first is checked here.</summary>
public sealed partial class DockerfileTests
{
    private static readonly string Root = RepositoryRoot.Find();

    public static TheoryData<string> Files => [.. Directory.GetFiles(Path.Combine(Bicep.Folder, "docker"), "*.Dockerfile").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    /// <summary>Instructions with their lines joined, without comments.</summary>
    private static IReadOnlyList<string> Read(string file) =>
        [.. string.Join('\n', File.ReadLines(Path.Combine(Bicep.Folder, "docker", file)).Where(l => !l.StartsWith('#')))
            .Replace("\\\n", " ", StringComparison.Ordinal)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    private static IReadOnlyList<string> Stage(IReadOnlyList<string> lines, bool last)
    {
        var from = lines.Select((line, i) => (line, i)).Where(l => l.line.StartsWith("FROM ", StringComparison.Ordinal)).Select(l => l.i).ToList();
        return last ? [.. lines.Skip(from[^1])] : [.. lines.Take(from[^1])];
    }

    /// <summary>The projects that it publishes: a loop's variable is written out.</summary>
    private static IReadOnlyList<string> Projects(IReadOnlyList<string> lines) =>
        [.. lines.Where(l => l.Contains("dotnet publish", StringComparison.Ordinal)).SelectMany(line =>
        {
            var path = Project().Match(line).Groups["path"].Value;
            var loop = Loop().Match(line);
            return loop.Success ? loop.Groups["names"].Value.Split(' ').Select(n => path.Replace("$project", n, StringComparison.Ordinal)) : [path];
        })];

    private static IEnumerable<string> Copied(IReadOnlyList<string> lines) =>
        lines.Where(l => l.StartsWith("COPY ", StringComparison.Ordinal) && !l.Contains("--from=", StringComparison.Ordinal)).SelectMany(l => l.Split(' ')[1..^1]);

    [Fact]
    public void Programs_every_hasAnImage() =>
        Assert.Equal(["evaluator.Dockerfile", "gateway.Dockerfile", "host.Dockerfile", "serving.Dockerfile"], Files.Select(f => f.Data));

    [Theory]
    [MemberData(nameof(Files))]
    public void Copies_every_isThere(string file)
    {
        var copied = Copied(Read(file)).ToList();

        Assert.NotEmpty(copied);
        Assert.All(copied, c => Assert.True(Path.Exists(Path.Combine(Root, c)), $"{c} is not in the repository"));
        var ignored = File.ReadAllLines(Path.Combine(Root, ".dockerignore"));
        Assert.DoesNotContain(copied, c => ignored.Contains(c.Split('/')[0], StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Projects_everyWithThoseItNeeds_areCopied(string file)
    {
        var lines = Read(file);
        var copied = Copied(lines).ToList();
        var needed = new Queue<string>(Projects(lines).Select(p => Path.Combine(Root, p)));
        var seen = new HashSet<string>(StringComparer.Ordinal);

        Assert.NotEmpty(needed);
        while (needed.TryDequeue(out var project))
        {
            Assert.True(File.Exists(project), $"{project} is not there");
            Assert.Contains(copied, c => Path.GetRelativePath(Root, project).StartsWith(c, StringComparison.Ordinal));
            foreach (var reference in XDocument.Load(project).Descendants("ProjectReference").Select(r => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(project)!, r.Attribute("Include")!.Value))))
            {
                if (seen.Add(reference))
                {
                    needed.Enqueue(reference);
                }
            }
        }

        string[] build = ["global.json", "Directory.Build.props", "Directory.Packages.props", "BannedSymbols.txt", ".editorconfig"];
        Assert.All(build, b => Assert.Contains(b, copied));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Entrypoint_program_isOneOfTheProjects(string file)
    {
        var program = Entrypoint().Match(string.Join('\n', Stage(Read(file), last: true))).Groups["program"].Value;
        var made = Projects(Read(file)).Select(p => XDocument.Load(Path.Combine(Root, p)).Descendants("AssemblyName").Single().Value);

        Assert.Contains(program, made);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Bases_every_isOfficialWithATag(string file)
    {
        var lines = Read(file);
        var arguments = lines.Where(l => l.StartsWith("ARG ", StringComparison.Ordinal)).Select(l => l[4..].Split('=', 2)).ToDictionary(a => '$' + a[0], a => a[1], StringComparer.Ordinal);
        var bases = lines.Where(l => l.StartsWith("FROM ", StringComparison.Ordinal)).Select(l => l.Split(' ')[1]).Select(b => arguments.GetValueOrDefault(b, b)).ToList();

        Assert.All(bases, b =>
        {
            Assert.Matches(@"^(mcr\.microsoft\.com/dotnet/(sdk|aspnet|runtime)|nvidia/cuda|node):[0-9][\w.-]*$", b);
            Assert.DoesNotContain("latest", b);
        });
        var dotnet = bases.Where(b => b.StartsWith("mcr.", StringComparison.Ordinal)).Select(b => b.Split(':')[1].Split('-')[0]);
        Assert.All(dotnet, version => Assert.Equal($"{Environment.Version.Major}.0", version));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Image_user_isNobodyWithRights(string file)
    {
        var user = Stage(Read(file), last: true).Last(l => l.StartsWith("USER ", StringComparison.Ordinal))[5..];

        Assert.Contains(user, new[] { "$APP_UID", "1654" });
        Assert.NotEmpty(Stage(Read(file), last: false));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Image_secrets_areNone(string file) =>
        Assert.DoesNotContain(Read(file), l => Secret().IsMatch(l));

    [Theory]
    [MemberData(nameof(Files))]
    public void Engine_forLanguageModels_isWhereTheProgramsLookForIt(string file)
    {
        var lines = Read(file);
        var needed = Projects(lines).Any(p => Needs(Path.Combine(Root, p), "ModelFlow.EngineProcess.csproj"));
        var engine = lines.Where(l => l.Contains("ModelFlow.TextEngine.csproj", StringComparison.Ordinal)).ToList();

        Assert.Equal(needed ? 1 : 0, engine.Count);
        if (needed)
        {
            Assert.Contains($"{Output().Match(engine[0]).Groups["folder"].Value}/{EngineCommand.OwnProgram}", EngineCommand.OwnBeside("/app"));
            Assert.Equal(EngineCommand.OwnProgram, XDocument.Load(Path.Combine(Root, "src/ModelFlow.TextEngine/ModelFlow.TextEngine.csproj")).Descendants("AssemblyName").Single().Value);

            // What llama.cpp links to, and what the engine's host is, is in the image as well.
            Assert.Contains(Stage(lines, last: true), l => l.Contains("apt-get install", StringComparison.Ordinal) && l.Contains("libgomp1", StringComparison.Ordinal));
            Assert.Contains(lines, l => l.StartsWith("FROM mcr.microsoft.com/dotnet/aspnet:", StringComparison.Ordinal));
        }
    }

    /// <summary>The native files that the engine's project publishes are those of the package, each with what it links to beside it.</summary>
    [Fact]
    public void Engine_nativeFiles_areInThePackageForEveryKindOfProcessor()
    {
        var assets = JsonNode.Parse(File.ReadAllText(Path.Combine(Root, "src/ModelFlow.TextEngine/packages.lock.json")))!["dependencies"]!["net10.0"]!;
        var version = (string)assets["LLamaSharp.Backend.Cpu"]!["resolved"]!;
        var package = Path.Combine(Packages(), "llamasharp.backend.cpu", version, "LLamaSharpRuntimes", "linux-x64", "native");
        Assert.SkipUnless(Directory.Exists(package), $"{package} was not restored");

        var kinds = Directory.GetDirectories(package).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(["avx", "avx2", "avx512", "noavx"], kinds);
        Assert.All(kinds, kind => Assert.Subset(
            Directory.GetFiles(Path.Combine(package, kind)).Select(f => Path.GetFileName(f)!).ToHashSet(StringComparer.Ordinal),
            new HashSet<string>(["libllama.so", "libggml.so", "libggml-base.so", "libggml-cpu.so"], StringComparer.Ordinal)));
        Assert.Contains(
            XDocument.Load(Path.Combine(Root, "src/ModelFlow.TextEngine/ModelFlow.TextEngine.csproj")).Descendants("Content"),
            c => c.Attribute("Include")!.Value.Contains("LLamaSharpRuntimes/$(EngineRuntime)/**", StringComparison.Ordinal));
    }

    [Fact]
    public void Evaluator_package_isTheOneForCudaAndOnlyThere()
    {
        var project = XDocument.Load(Path.Combine(Root, "src/ModelFlow.Evaluator/ModelFlow.Evaluator.csproj"));
        var packages = project.Descendants("PackageReference")
            .Where(p => p.Attribute("Include")!.Value.StartsWith("Microsoft.ML.OnnxRuntime", StringComparison.Ordinal))
            .ToDictionary(p => p.Attribute("Include")!.Value, p => p.Attribute("Condition")?.Value, StringComparer.Ordinal);

        Assert.Equal("'$(OnnxRuntimeGpu)' != 'true'", packages["Microsoft.ML.OnnxRuntime"]);
        Assert.Equal("'$(OnnxRuntimeGpu)' == 'true'", packages["Microsoft.ML.OnnxRuntime.Gpu"]);
        var versions = XDocument.Load(Path.Combine(Root, "Directory.Packages.props")).Descendants("PackageVersion")
            .Where(p => p.Attribute("Include") is { } included && packages.ContainsKey(included.Value))
            .Select(p => p.Attribute("Version")!.Value)
            .ToList();
        Assert.Equal(2, versions.Count);
        Assert.Single(versions.Distinct(StringComparer.Ordinal));
        Assert.Contains(Read("evaluator.Dockerfile"), l => l.Contains("-p:OnnxRuntimeGpu=true", StringComparison.Ordinal));
        Assert.DoesNotContain(Files.Select(f => f.Data).Where(f => f != "evaluator.Dockerfile").SelectMany(Read), l => l.Contains("OnnxRuntimeGpu", StringComparison.Ordinal));
    }

    private static bool Needs(string project, string reference) => XDocument.Load(project).Descendants("ProjectReference")
        .Any(r => r.Attribute("Include")!.Value.EndsWith(reference, StringComparison.Ordinal));

    private static string Packages() =>
        Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    [GeneratedRegex(@" -o (?<folder>\S+)", RegexOptions.None, 5000)]
    private static partial Regex Output();

    [GeneratedRegex(@"dotnet publish (?<path>\S+\.csproj)", RegexOptions.None, 5000)]
    private static partial Regex Project();

    [GeneratedRegex(@"for project in (?<names>[\w ]+);", RegexOptions.None, 5000)]
    private static partial Regex Loop();

    [GeneratedRegex("ENTRYPOINT \\[\"/app/(?<program>[\\w-]+)\"(?:, \"[^\"]+\")*\\]", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Entrypoint();

    [GeneratedRegex("(?:secret|password|token|key)\\w*=", RegexOptions.IgnoreCase, 5000)]
    private static partial Regex Secret();
}
