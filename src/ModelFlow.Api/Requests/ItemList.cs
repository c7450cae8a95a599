namespace ModelFlow.Api.Requests;

/// <summary>A list as it is answered.</summary>
/// <param name="Items">The items.</param>
/// <param name="Continuation">Asks for the next page; null on the last one.</param>
public sealed record ItemList<T>(IReadOnlyList<T> Items, string? Continuation = null);
