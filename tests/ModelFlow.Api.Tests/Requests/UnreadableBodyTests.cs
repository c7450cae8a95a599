using System.Text;
using ModelFlow.Api.Tests.Fuzz;
using ModelFlow.Api.Tests.Support;

namespace ModelFlow.Api.Tests.Requests;

/// <summary>Bodies that the server gives up on were answered as if the storage were away: 503, "try again", and an error in the log.</summary>
public sealed class UnreadableBodyTests : IAsyncLifetime
{
    private HostileSetup _setup = null!; // Set before each test.

    public async ValueTask InitializeAsync() => _setup = await HostileSetup.StartAsync();

    public ValueTask DisposeAsync() => _setup.DisposeAsync();

    [Theory]
    [InlineData("POST", "/api/freezes", "application/json")]
    [InlineData("PUT", "/api/policies/default", "application/yaml")]
    [InlineData("POST", "/api/gateway/reports", "application/json")]
    [InlineData("PUT", "/api/datasets/digits/a.csv", "text/csv")]
    public async Task Body_in_impossible_pieces_is_the_sender_s_fault(string method, string path, string type)
    {
        var answer = await SendAsync(method, path, type, "FFFFFFFFFFFFFFFF\r\n{}", "Transfer-Encoding: chunked", "Authorization: Bearer " + _setup.Everything);

        Assert.Equal(400, answer.Status);
        Assert.Contains("urn:modelflow:problem:invalid-request", answer.Body, StringComparison.Ordinal);
        _setup.CheckLog();
    }

    [Theory]
    [InlineData("--x")]
    [InlineData("--x\r\nContent-Disposition: form-data; name=\"link\"\r\n\r\nabc")]
    [InlineData("--x\r\nno header\r\n\r\n")]
    public async Task Form_in_parts_that_do_not_end_is_the_sender_s_fault(string body)
    {
        var answer = await SendAsync("POST", "/decide", "multipart/form-data; boundary=x", body, null);

        Assert.Equal((400, "text/html; charset=utf-8"), (answer.Status, answer.Header("Content-Type")));
        _setup.CheckLog();
    }

    private async Task<RawAnswer> SendAsync(string method, string path, string type, string body, string? framing, params string[] headers)
    {
        using var connection = new RawConnection(_setup.Port);
        var answer = await connection.SendAsync(new RawRequest { Method = method, Target = path, ContentType = type, Body = Encoding.UTF8.GetBytes(body), Framing = framing, Headers = headers }, Http.Cancel);
        Assert.NotNull(answer);
        return answer;
    }
}
