namespace ModelFlow.Core.Documents;

/// <summary>The mistakes found so far, in the order found; no more than <see cref="Most"/> are kept.</summary>
internal sealed class Findings
{
    private const int Most = 100;
    private readonly List<FieldError> _errors = [];

    public bool Any => _errors.Count > 0;

    /// <summary>Whether looking for more is a waste.</summary>
    public bool Full => _errors.Count > Most;

    public IReadOnlyList<FieldError> Errors => _errors;

    public void Add(string path, string message, int line = 0)
    {
        if (_errors.Count < Most)
        {
            _errors.Add(new FieldError(path, line > 0 ? $"{message} (line {line})" : message));
        }
        else if (_errors.Count == Most)
        {
            _errors.Add(new FieldError("", $"There are more mistakes; these are the first {Most}."));
        }
    }
}
