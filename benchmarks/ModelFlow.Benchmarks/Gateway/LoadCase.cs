namespace ModelFlow.Benchmarks.Gateway;

/// <summary>One kind of load.</summary>
/// <param name="Name">Its name in the table.</param>
/// <param name="Connections">How many there are at once.</param>
/// <param name="BodyBytes">The size of a request's body; the answer has the same.</param>
/// <param name="Operation">The end of the path.</param>
/// <param name="Keys">How many sticky keys take turns.</param>
internal sealed record LoadCase(string Name, int Connections, int BodyBytes, string Operation = "infer", int Keys = 256)
{
    public static readonly IReadOnlyList<LoadCase> All =
    [
        new("1 kB, 1 connection", 1, 1_024),
        new("1 kB, 64 connections", 64, 1_024),
        new("1 kB, 512 connections", 512, 1_024),
        new("1 MB, 1 connection", 1, 1_000_000, Keys: 1),
        new("1 MB, 64 connections", 64, 1_000_000, Keys: 1),
        new("streams of 20 events, 64 connections", 64, 1_024, Servers.Stream),
    ];

    /// <summary>What wrk runs. Requests are made beforehand: a text for each would cost wrk more than sending it.</summary>
    public string Script(string? bearer) => $$"""
        wrk.headers["Content-Type"] = "application/json"
        {{(bearer is null ? "" : $"wrk.headers[\"Authorization\"] = \"Bearer {bearer}\"")}}
        local body = string.rep("x", {{BodyBytes}})
        local requests = {}
        local at = 0
        init = function(args)
          for key = 1, {{Keys}} do
            wrk.headers["x-modelflow-key"] = "user-" .. key
            requests[key] = wrk.format("POST", nil, nil, body)
          end
        end
        request = function()
          at = at % {{Keys}} + 1
          return requests[at]
        end
        """;
}
