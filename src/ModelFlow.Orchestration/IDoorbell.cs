using ModelFlow.Core.Naming;

namespace ModelFlow.Orchestration;

/// <summary>Tells whoever drives a release that something new lies in its partition. The tables are the truth: a lost ring only delays.</summary>
public interface IDoorbell
{
    /// <summary>Rings for a release; never blocks, never fails; nobody may be listening.</summary>
    void Ring(ReleaseId id);
}
