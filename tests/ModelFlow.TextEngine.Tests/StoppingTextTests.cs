using System.Text;
using ModelFlow.TextEngine.Model;

namespace ModelFlow.TextEngine.Tests;

public sealed class StoppingTextTests
{
    [Fact]
    public void Add_characterInPieces_comesWhole()
    {
        var text = new StoppingText([]);
        var bytes = "é€".AsSpan().ToString().Select(c => Encoding.UTF8.GetBytes(c.ToString())).SelectMany(b => b).ToArray();
        var pieces = bytes.Select(b => text.Add([b], out _)).ToList();
        Assert.Equal(["", "é", "", "", "€"], pieces);
        Assert.Equal("", text.Rest());
    }

    [Fact]
    public void Add_beginningOfAStop_isHeldBackUntilItIsDecided()
    {
        var text = new StoppingText(["END"]);
        Assert.Equal("a ", text.Add("a E"u8, out _));
        Assert.Equal("", text.Add("N"u8, out _));
        Assert.Equal("ENx", text.Add("x"u8, out var stopped));
        Assert.False(stopped);
        Assert.Equal("", text.Add("EN"u8, out _));
        Assert.Equal("", text.Add("D more"u8, out stopped));
        Assert.True(stopped);
        Assert.Equal("", text.Rest());
    }

    [Fact]
    public void Rest_halfACharacter_isMarkedAsBroken()
    {
        var text = new StoppingText([]);
        Assert.Equal("", text.Add([0xE2, 0x82], out _));
        Assert.Equal("\uFFFD", text.Rest());
    }
}
