using System.Net;
using System.Net.Sockets;
using ModelFlow.LocalHost.Folder;

namespace ModelFlow.LocalHost.Tests.Folder;

public sealed class PortPlanTests
{
    private static readonly HostOptions AnyFree = new() { ApiPort = 0, GatewayPort = 0 };

    [Fact]
    public void Chosen_ports_are_kept_at_the_next_start()
    {
        var first = PortPlan.Choose(AnyFree, before: null, _ => false);

        Assert.Equal(first, PortPlan.Choose(AnyFree, first, _ => false));
    }

    [Fact]
    public void All_ports_differ()
    {
        var all = PortPlan.Choose(AnyFree, before: null, _ => false);

        Assert.Distinct([all.Api.Port, all.Gateway.Port, all.GatewayControl.Port, all.Serving.Port, all.Blob!.Port, all.Queue!.Port, all.Table!.Port]);
    }

    [Fact]
    public void Wished_ports_win_over_the_kept_ones()
    {
        var first = PortPlan.Choose(AnyFree, before: null, _ => false);

        var second = PortPlan.Choose(new HostOptions { ApiPort = first.Gateway.Port, GatewayPort = 0 }, first, _ => false);

        Assert.Equal(first.Gateway.Port, second.Api.Port);
        Assert.NotEqual(first.Gateway.Port, second.Gateway.Port);
    }

    [Fact]
    public void Kept_port_that_a_stranger_took_is_given_up_and_one_that_an_own_child_holds_is_not()
    {
        var first = PortPlan.Choose(AnyFree, before: null, _ => false);
        using var holder = new TcpListener(IPAddress.Loopback, first.Serving.Port);
        holder.Start();

        Assert.NotEqual(first.Serving, PortPlan.Choose(AnyFree, first, _ => false).Serving);
        Assert.Equal(first.Serving, PortPlan.Choose(AnyFree, first, name => name == "serving").Serving);
    }

    [Fact]
    public void Storage_of_ones_own_needs_no_storage_ports()
    {
        Assert.Null(PortPlan.Choose(new HostOptions { Storage = "UseDevelopmentStorage=true" }, before: null, _ => false).Blob);
    }
}
