using ModelFlow.Api.Access;

namespace ModelFlow.Api.Tests.Access;

/// <summary>Every route of the API with the role it needs: the written-down truth that the code is held to.</summary>
public static class RoutesAndRoles
{
    public const string Everybody = "everybody";
    public const string AnyToken = "any token";

    public static IReadOnlyList<(string Method, string Pattern, string Rule)> All { get; } =
    [
        ("GET", "/api/models", "reader"),
        ("GET", "/api/models/{model}", "reader"),
        ("GET", "/api/models/{model}/versions", "reader"),
        ("GET", "/api/models/{model}/versions/{version}", "reader"),
        ("GET", "/api/models/{model}/compare", "reader"),
        ("POST", "/api/models/{model}/versions/{version}/revoke", "operator"),
        ("POST", "/api/models/{model}/versions/{version}/pin", "operator"),
        ("POST", "/api/models/{model}/versions/{version}/unpin", "operator"),
        ("POST", "/api/models/{model}/versions/{version}/restore", "operator"),
        ("GET", "/api/models/{model}/route", "reader"),
        ("GET", "/api/models/{model}/route/history", "reader"),
        ("GET", "/api/models/{model}/route/history/{generation}", "reader"),
        ("POST", "/api/models/{model}/rollback", "operator"),
        ("GET", "/api/models/{model}/policy", "reader"),
        ("PUT", "/api/models/{model}/policy", "admin"),
        ("GET", "/api/releases", "reader"),
        ("POST", "/api/releases", "operator"),
        ("GET", "/api/releases/{id}", "reader"),
        ("GET", "/api/releases/{id}/events", "reader"),
        ("GET", "/api/releases/{id}/events/verify", "reader"),
        ("GET", "/api/releases/{id}/reports", "reader"),
        ("GET", "/api/releases/{id}/reports/{name}", "reader"),
        ("GET", "/api/releases/{id}/analysis", "reader"),
        ("POST", "/api/releases/{id}/decisions", "approver"),
        ("GET", "/api/approvals", "reader"),
        ("GET", "/api/people", "reader"),
        ("PUT", "/api/people/{name}", "admin"),
        ("DELETE", "/api/people/{name}", "admin"),
        ("POST", "/api/releases/{id}/pause", "operator"),
        ("POST", "/api/releases/{id}/resume", "operator"),
        ("POST", "/api/releases/{id}/promote", "operator"),
        ("POST", "/api/releases/{id}/abort", "operator"),
        ("POST", "/api/uploads/grants", "uploader"),
        ("GET", "/api/uploads/refused", "reader"),
        ("PUT", "/api/datasets/{path}", "uploader"),
        ("POST", "/api/policies/check", "reader"),
        ("POST", "/api/policies/test", "reader"),
        ("GET", "/api/policies/default", "reader"),
        ("PUT", "/api/policies/default", "admin"),
        ("GET", "/api/policies/{digest}", "reader"),
        ("GET", "/api/freezes", "reader"),
        ("POST", "/api/freezes", "operator"),
        ("DELETE", "/api/freezes/{scope}", "operator"),
        ("GET", "/api/retention/plan", "reader"),
        ("POST", "/api/retention/apply", "operator"),
        ("POST", "/api/lists/rebuild", "admin"),
        ("GET", "/api/whoami", AnyToken),
        ("GET", "/api/session", Everybody),
        ("POST", "/api/session", Everybody),
        ("DELETE", "/api/session", Everybody),
        ("GET", "/api/tokens", "admin"),
        ("POST", "/api/tokens", "admin"),
        ("DELETE", "/api/tokens/{name}", "admin"),
        ("GET", "/api/subscriptions", "admin"),
        ("POST", "/api/subscriptions", "admin"),
        ("GET", "/api/subscriptions/{name}", "admin"),
        ("DELETE", "/api/subscriptions/{name}", "admin"),
        ("POST", "/api/subscriptions/{name}/pause", "admin"),
        ("POST", "/api/subscriptions/{name}/resume", "admin"),
        ("POST", "/api/subscriptions/{name}/key", "admin"),
        ("POST", "/api/subscriptions/{name}/test", "admin"),
        ("GET", "/api/subscriptions/{name}/deliveries", "admin"),
        ("POST", "/api/subscriptions/{name}/deliveries/{id}/redeliver", "admin"),
        ("GET", "/api/audit/live", "reader"),
        ("GET", "/api/audit/approvals", "reader"),
        ("GET", "/api/audit/person", "reader"),
        ("GET", "/api/audit/export", "reader"),
        ("GET", "/api/audit/keys", "reader"),
        ("POST", "/api/audit/erasures", "admin"),
        ("GET", "/api/audit/{scope}", "reader"),
        ("GET", "/api/audit/{scope}/verify", "reader"),
        ("GET", "/api/gateway/routes", "gateway"),
        ("POST", "/api/gateway/reports", "gateway"),
        ("GET", "/api/health", "reader"),
        ("GET", "/api/health/live", Everybody),
        ("GET", "/api/health/ready", Everybody),
    ];

    /// <summary>Where a route names the models that a bound role must reach, if it is not <c>{model}</c> or <c>{id}</c> in the route: the written-down truth of this too.</summary>
    public static IReadOnlyDictionary<(string Method, string Pattern), string> Reach { get; } = new Dictionary<(string, string), string>
    {
        [("GET", "/api/models")] = "filtered",
        [("GET", "/api/releases")] = "filtered",
        [("POST", "/api/releases")] = "body",
        [("GET", "/api/approvals")] = "filtered",
        [("GET", "/api/people")] = "none",
        [("PUT", "/api/people/{name}")] = "all",
        [("DELETE", "/api/people/{name}")] = "all",
        [("POST", "/api/uploads/grants")] = "body",
        [("GET", "/api/uploads/refused")] = "filtered",
        [("PUT", "/api/datasets/{path}")] = "all",
        [("POST", "/api/policies/check")] = "none",
        [("POST", "/api/policies/test")] = "query",
        [("GET", "/api/policies/default")] = "none",
        [("PUT", "/api/policies/default")] = "all",
        [("GET", "/api/policies/{digest}")] = "none",
        [("GET", "/api/freezes")] = "filtered",
        [("POST", "/api/freezes")] = "body",
        [("DELETE", "/api/freezes/{scope}")] = "{scope}",
        [("GET", "/api/retention/plan")] = "query",
        [("POST", "/api/retention/apply")] = "body",
        [("POST", "/api/lists/rebuild")] = "all",
        [("GET", "/api/tokens")] = "all",
        [("POST", "/api/tokens")] = "all",
        [("DELETE", "/api/tokens/{name}")] = "all",
        [("GET", "/api/subscriptions")] = "all",
        [("POST", "/api/subscriptions")] = "all",
        [("GET", "/api/subscriptions/{name}")] = "all",
        [("DELETE", "/api/subscriptions/{name}")] = "all",
        [("POST", "/api/subscriptions/{name}/pause")] = "all",
        [("POST", "/api/subscriptions/{name}/resume")] = "all",
        [("POST", "/api/subscriptions/{name}/key")] = "all",
        [("POST", "/api/subscriptions/{name}/test")] = "all",
        [("GET", "/api/subscriptions/{name}/deliveries")] = "all",
        [("POST", "/api/subscriptions/{name}/deliveries/{id}/redeliver")] = "all",
        [("GET", "/api/audit/live")] = "query",
        [("GET", "/api/audit/approvals")] = "query",
        [("GET", "/api/audit/person")] = "all",
        [("GET", "/api/audit/export")] = "query",
        [("GET", "/api/audit/keys")] = "none",
        [("POST", "/api/audit/erasures")] = "all",
        [("GET", "/api/audit/{scope}")] = "{scope}",
        [("GET", "/api/audit/{scope}/verify")] = "{scope}",
        [("GET", "/api/gateway/routes")] = "all",
        [("POST", "/api/gateway/reports")] = "all",
        [("GET", "/api/health")] = "all",
    };

    /// <summary>Where a route names its models.</summary>
    public static string ReachOf(string method, string pattern) => Reach.GetValueOrDefault((method, pattern)) ?? (pattern.Contains("{model}", StringComparison.Ordinal) ? "{model}" : "{id}");

    /// <summary>Whether docs/http-api.md lets a token of one role in.</summary>
    public static bool Allows(string rule, Role held) => rule switch
    {
        Everybody or AnyToken => true,
        "gateway" => held == Role.Gateway,
        "reader" => held != Role.Gateway,
        _ => held == Role.Admin || string.Equals(held.ToText(), rule, StringComparison.Ordinal),
    };

    /// <summary>The media type a route's body has.</summary>
    public static string BodyType(string pattern) => pattern.Contains("/polic", StringComparison.Ordinal) ? "application/yaml" : "application/json";

    /// <summary>A path with a value for every parameter that parses and names nothing that exists.</summary>
    public static string Fill(string pattern) => pattern
        .Replace("{model}", "nosuch").Replace("{version}", "v9.9.9").Replace("{id}", "nosuch-v9.9.9-1").Replace("{generation}", "7")
        .Replace("{digest}", new string('0', 64)).Replace("{scope}", "nosuch").Replace("{name}", "nosuch").Replace("{path}", "nosuch/eval.csv");
}
