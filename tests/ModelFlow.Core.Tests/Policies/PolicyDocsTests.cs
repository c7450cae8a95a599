using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Testing;

namespace ModelFlow.Core.Tests.Policies;

/// <summary>The reference page and the example of everything keep up with the records.</summary>
public sealed partial class PolicyDocsTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(RepositoryRoot.Find(), "docs", "policy-reference.md"));

    public static TheoryData<string> Fields => new(Leaves(typeof(Policy), "", Defaults()).Select(l => l.Path));

    [Theory]
    [MemberData(nameof(Fields))]
    public void Reference_everyField_isThereWithItsDefault(string path)
    {
        var row = Row().Matches(Page).SingleOrDefault(r => r.Groups["path"].Value == path);
        Assert.True(row is not null, $"docs/policy-reference.md has no row for '{path}'.");

        var value = Leaves(typeof(Policy), "", Defaults()).Single(l => l.Path == path).Value;
        var shown = row.Groups["default"].Value.Trim();
        if (path.StartsWith("ramp.steps[]", StringComparison.Ordinal))
        {
            return; // Four steps by default; the next test reads them.
        }

        var expected = path.Contains(".dataset.", StringComparison.Ordinal) ? "needed"
            : value is null ? (path.StartsWith("approval.also", StringComparison.Ordinal) ? "needed" : path.StartsWith("guardrails", StringComparison.Ordinal) || path.StartsWith("ramp.shadow", StringComparison.Ordinal) ? "`off`" : path.StartsWith("retention", StringComparison.Ordinal) ? "`never`" : "—")
            : $"`{Written(value)}`";
        Assert.Equal(expected, shown);
    }

    [Fact]
    public void Reference_defaultSteps_areThose()
    {
        var row = Row().Matches(Page).Single(r => r.Groups["path"].Value == "ramp.steps[].weight");
        Assert.Equal(string.Join(", ", new RampPolicy().Steps.Select(s => $"`{s.Weight}`")), row.Groups["default"].Value.Trim());
        Assert.All(new RampPolicy().Steps, s => Assert.Equal(TimeSpan.FromMinutes(10), s.Bake));
    }

    [Fact]
    public void Reference_rows_areFieldsOfTheRecords() =>
        Assert.Empty(Row().Matches(Page).Select(r => r.Groups["path"].Value).Except(Leaves(typeof(Policy), "", Defaults()).Select(l => l.Path), StringComparer.Ordinal));

    [Fact]
    public void Reader_exampleOfEverything_changesEveryField()
    {
        var full = Assert.IsType<ParsePolicy.Parsed>(PolicyReader.Read(PolicyReaderTests.Full)).Policy;
        var values = Leaves(typeof(Policy), "", full).Where(l => l.Path != "schema").ToList();
        foreach (var (before, after) in Leaves(typeof(Policy), "", Defaults()).Where(l => l.Path != "schema").Zip(values))
        {
            Assert.Equal(before.Path, after.Path);
            Assert.False(Same(before.Value, after.Value), $"'{after.Path}' has its default in PolicyReaderTests.Full, so nobody knows whether it is read.");
        }
    }

    internal static IEnumerable<(string Path, object? Value)> Leaves(Type type, string prefix, object? instance)
    {
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var path = prefix + char.ToLowerInvariant(property.Name[0]) + property.Name[1..];
            var value = instance is null ? null : property.GetValue(instance);
            var declared = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            if (declared == typeof(IReadOnlyList<RampStep>))
            {
                foreach (var leaf in Leaves(typeof(RampStep), $"{path}[].", ((IReadOnlyList<RampStep>)value!)[0]))
                {
                    yield return leaf;
                }
            }
            else if (declared == typeof(IReadOnlyList<ApprovalRule>))
            {
                // Its rules have the fields of 'approval', and say before what.
                yield return ("approval.also[].before", ((IReadOnlyList<ApprovalRule>)value!).Select(r => r.Before.ToString()).FirstOrDefault());
            }
            else if (declared == typeof(ApprovalPoint))
            {
                // 'approval' itself is about the ramp.
            }
            else if (declared.Namespace!.StartsWith("ModelFlow", StringComparison.Ordinal) && declared is { IsClass: true })
            {
                // Of a part that is optional as a whole: the defaults that it has when it is there.
                foreach (var leaf in Leaves(declared, path + ".", value ?? (declared == typeof(ShadowPolicy) ? new ShadowPolicy() : null)))
                {
                    yield return leaf;
                }
            }
            else
            {
                yield return (path, value);
            }
        }
    }

    // Other data sets than those of PolicyReaderTests.Full, which have no default.
    private static Policy Defaults() => Assert.IsType<ParsePolicy.Parsed>(PolicyReader.Read($$"""
        smoke: { dataset: { path: a.csv, sha256: {{new string('c', 64)}} } }
        evaluation: { dataset: { path: b.csv, sha256: {{new string('c', 64)}} } }
        """)).Policy;

    private static bool Same(object? a, object? b) => a is IEnumerable x and not string && b is IEnumerable y ? x.Cast<object>().SequenceEqual(y.Cast<object>()) : Equals(a, b);

    private static string Written(object value) => value switch
    {
        TimeSpan span => PolicyValues.Show(span),
        Weight weight => weight.ToString(),
        bool flag => flag ? "true" : "false",
        Enum word => char.ToLowerInvariant(word.ToString()[0]) + word.ToString()[1..],
        IEnumerable list and not string when !list.Cast<object>().Any() => "[]",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    [GeneratedRegex(@"^\| `(?<path>[A-Za-z0-9.\[\]]+)` \|[^|]*\|(?<default>[^|]*)\|", RegexOptions.CultureInvariant | RegexOptions.Multiline, 1000)]
    private static partial Regex Row();
}
