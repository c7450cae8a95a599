using System.ComponentModel.DataAnnotations;

namespace ModelFlow.Azure.Identity;

/// <summary>Sign-in with Microsoft Entra ID; configuration section <c>EntraId</c>.</summary>
public sealed class EntraIdOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "EntraId";

    /// <summary>The tenant whose tokens are accepted: its id.</summary>
    [Required]
    [RegularExpression("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", ErrorMessage = "EntraId:TenantId is the tenant's id, a GUID.")]
    public string TenantId { get; set; } = "";

    /// <summary>The API's app registration: its application (client) id. Tokens are for it or for <c>api://{ClientId}</c>.</summary>
    [Required]
    [RegularExpression("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", ErrorMessage = "EntraId:ClientId is the application's id, a GUID.")]
    public string ClientId { get; set; } = "";

    /// <summary>The application's secret; with one, people sign in on the page too.</summary>
    public string? ClientSecret { get; set; }

    /// <summary>Where tokens come from; <c>https://login.microsoftonline.com</c> by default, others in sovereign clouds.</summary>
    [Required]
    public Uri Instance { get; set; } = new("https://login.microsoftonline.com");

    /// <summary>Stands before the role in an app role's value; <c>ModelFlow.</c> by default, so that <c>ModelFlow.Approver</c> is the role <c>approver</c>.</summary>
    public string RolePrefix { get; set; } = "ModelFlow.";
}
