namespace ModelFlow.Api.Problems;

/// <summary>
/// Ends the reading of a request that is not valid. Only what reads requests throws it, because model binding has no other way
/// out, and only <see cref="ProblemMiddleware"/> catches it.
/// </summary>
internal sealed class RequestRefusedException(Problem problem) : Exception(problem.Detail)
{
    public Problem Problem { get; } = problem;
}
