namespace ModelFlow.Core.Ports;

/// <summary>A list that holds nothing of its own: it is made from what it lists, and can be made again from it while everything runs.</summary>
public interface IProjectedList
{
    /// <summary>What it lists, for example <c>releases</c>.</summary>
    string Name { get; }

    /// <summary>
    /// Compares the list with what it lists, enters what is missing or wrong, and takes out what is not there. Writes nothing where
    /// nothing is wrong; what others create, change or end meanwhile is not lost. Can be cut off and run again at any time.
    /// </summary>
    Task<RebuiltList> RebuildAsync(CancellationToken cancellationToken);
}

/// <summary>What a rebuild did.</summary>
/// <param name="Name">The list.</param>
/// <param name="Entries">How many it should have: what was found to be listed.</param>
/// <param name="Entered">How many of them were missing or wrong and are right now.</param>
/// <param name="Removed">How many were taken out because what they list is not there, or is listed elsewhere.</param>
public sealed record RebuiltList(string Name, int Entries, int Entered, int Removed);
