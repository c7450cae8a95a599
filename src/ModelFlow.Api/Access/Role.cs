namespace ModelFlow.Api.Access;

/// <summary>What an identity may do. A token may have several.</summary>
public enum Role
{
    /// <summary>Read everything but tokens.</summary>
    Reader,

    /// <summary>Ask for upload grants, add data sets; and read.</summary>
    Uploader,

    /// <summary>Approve and reject; and read.</summary>
    Approver,

    /// <summary>Steer releases, traffic and storage; and read.</summary>
    Operator,

    /// <summary>All of the above, policies and tokens.</summary>
    Admin,

    /// <summary>A gateway: report traffic and fetch routes, nothing else. Not part of <see cref="Admin"/>, so that no person's token feeds the numbers that convict a version.</summary>
    Gateway,
}

/// <summary>Roles as text and what they include.</summary>
public static class Roles
{
    /// <summary>All of them, for messages.</summary>
    public const string Listed = "reader, uploader, approver, operator, admin or gateway";

    /// <summary>The role's text, for example <c>approver</c>.</summary>
#pragma warning disable CA1308 // Role names are lower case by definition.
    public static string ToText(this Role role) => role.ToString().ToLowerInvariant();
#pragma warning restore CA1308

    /// <summary>Parses a role's exact text.</summary>
    public static bool TryParse(string? text, out Role role)
    {
        foreach (var candidate in Enum.GetValues<Role>())
        {
            if (string.Equals(candidate.ToText(), text, StringComparison.Ordinal))
            {
                role = candidate;
                return true;
            }
        }

        role = default;
        return false;
    }

    /// <summary>Whether somebody with the role <paramref name="held"/> may do what needs <paramref name="needed"/>.</summary>
    public static bool Includes(this Role held, Role needed) => held == needed || (held, needed) switch
    {
        (Role.Gateway, _) or (_, Role.Gateway) => false,
        (Role.Admin, _) or (_, Role.Reader) => true,
        _ => false,
    };
}
