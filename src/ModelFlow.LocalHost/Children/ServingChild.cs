using System.Globalization;
using ModelFlow.LocalHost.Folder;
using ModelFlow.LocalHost.Processes;

namespace ModelFlow.LocalHost;

/// <summary>The model server.</summary>
internal static class ServingChild
{
    public static ChildSpec Spec(DataFolder folder, Addresses addresses, HostSecrets secrets, IEnumerable<string> engine, HttpClient http)
    {
        var program = Programs.FindOwn("ModelFlow.Serving", "modelflow-serving");
        return new ChildSpec
        {
            Name = ChildNames.Serving,
            FileName = program,
            Environment = new Dictionary<string, string>(engine.Select((part, i) => KeyValuePair.Create(string.Create(CultureInfo.InvariantCulture, $"Serving__Engine__{i}"), part)), StringComparer.Ordinal)
            {
                ["Serving__Address"] = addresses.Serving.Host,
                ["Serving__Port"] = addresses.Serving.Port.ToString(CultureInfo.InvariantCulture),
                ["Serving__DataDirectory"] = folder.Serving,
                ["Serving__ControlSecret"] = secrets.ServingControl,
            },
            Builds = [program + ".dll"],
            Ports = new Dictionary<string, int>(StringComparer.Ordinal) { ["--serving-port"] = addresses.Serving.Port },
            IsHealthyAsync = async cancel =>
            {
                using var answer = await http.GetAsync(new Uri(addresses.Serving, "v2/health/live"), cancel);
                return answer.IsSuccessStatusCode;
            },
            StopWithin = TimeSpan.FromSeconds(40),
        };
    }
}
