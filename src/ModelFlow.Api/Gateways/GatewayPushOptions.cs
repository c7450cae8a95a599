using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace ModelFlow.Api.Gateways;

/// <summary>How routes are pushed to gateways; configuration section <c>Gateways</c>.</summary>
public sealed class GatewayPushOptions
{
    /// <summary>Signs what is pushed; every gateway has it as <c>Gateway:ControlSecret</c>. Null pushes nothing: gateways poll.</summary>
    [MinLength(16)]
    public string? ControlSecret { get; set; }

    /// <summary>Control addresses of gateways that are always tried, also before their first report.</summary>
    public IList<Uri> Addresses { get; } = [];

    /// <summary>How long a gateway that is not heard of any more is still tried. 5 seconds to 1 hour; 2 minutes by default.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "01:00:00")]
    public TimeSpan KnownFor { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a push may take; a gateway that has not answered by then polls. 100 ms to 30 seconds; 2 seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:00:30")]
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(2);
}

/// <summary>Checks <see cref="GatewayPushOptions"/> at start.</summary>
[OptionsValidator]
public sealed partial class GatewayPushOptionsValidator : IValidateOptions<GatewayPushOptions>;
