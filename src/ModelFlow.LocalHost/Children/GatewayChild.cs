using System.Globalization;
using ModelFlow.Core.Naming;
using ModelFlow.LocalHost.Folder;
using ModelFlow.LocalHost.Processes;

namespace ModelFlow.LocalHost;

/// <summary>The gateway: the data plane.</summary>
internal static class GatewayChild
{
    public static ChildSpec Spec(DataFolder folder, Addresses addresses, HostSecrets secrets, HttpClient http)
    {
        var program = Programs.FindOwn("ModelFlow.Gateway", "modelflow-gateway");
        return new ChildSpec
        {
            Name = ChildNames.Gateway,
            FileName = program,
            Environment = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["Gateway__Name"] = "local",
                ["Gateway__Listen"] = Text(addresses.Gateway),
                ["Gateway__ControlListen"] = Text(addresses.GatewayControl),
                ["Gateway__ControlAddress"] = Text(addresses.GatewayControl),
                ["Gateway__ControlSecret"] = secrets.GatewayControl,
                ["Gateway__ControlPlane"] = Text(addresses.Api),
                ["Gateway__ControlPlaneToken"] = secrets.GatewayToken,
                ["Gateway__DataDirectory"] = folder.Gateway,
                ["Gateway__ClientKeys__0__Name"] = "local",
                ["Gateway__ClientKeys__0__Sha256"] = Sha256Digest.Of(secrets.InferenceKey).ToString(),
                ["Gateway__ClientKeys__0__MayPin"] = "true",
            },
            Builds = [program + ".dll"],
            Ports = new Dictionary<string, int>(StringComparer.Ordinal) { ["--gateway-port"] = addresses.Gateway.Port, ["--gateway-control-port"] = addresses.GatewayControl.Port },
            IsHealthyAsync = async cancel =>
            {
                using var answer = await http.GetAsync(new Uri(addresses.GatewayControl, "health/live"), cancel);
                return answer.IsSuccessStatusCode;
            },
            StopWithin = TimeSpan.FromSeconds(40),
        };
    }

    private static string Text(Uri address) => string.Create(CultureInfo.InvariantCulture, $"{address.Scheme}://{address.Host}:{address.Port}");
}
