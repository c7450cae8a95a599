namespace ModelFlow.Core.Inspection;

/// <summary>How a version's signature stands to the stable version's.</summary>
public enum SignatureChange
{
    /// <summary>Equal.</summary>
    Same,

    /// <summary>Different, but every request that stable takes is taken and answered with what its clients read.</summary>
    Compatible,

    /// <summary>A client of the stable version may fail.</summary>
    Breaking,
}

/// <summary>Two signatures compared, from the view of a client written for the stable one.</summary>
/// <param name="Change">The worst of the differences.</param>
/// <param name="Differences">Each difference in words; empty when there is none.</param>
public sealed record SignatureComparison(SignatureChange Change, IReadOnlyList<string> Differences)
{
    /// <summary>The whole story; for a breaking version with what it needs to go live.</summary>
    public string Message => Change switch
    {
        SignatureChange.Same => "inputs and outputs are the stable version's",
        SignatureChange.Compatible => $"inputs and outputs are compatible with the stable version's: {string.Join("; ", Differences)}",
        _ => $"inputs and outputs break with the stable version's: {string.Join("; ", Differences)}. "
            + "A breaking version needs a policy with 'signature.breaking: cutOver', and goes live by a cut-over in one step "
            + "(one step of 100 % under 'ramp.steps') instead of a ramp, because clients must switch with it",
    };

    /// <summary>
    /// Compares by name; the order of inputs and outputs does not matter. An input may become more general and an output more
    /// definite (-1 takes or is any size); new outputs are compatible; new inputs and anything gone, of another data type,
    /// rank or size are breaking. Of language models a smaller context and a chat template that is gone are breaking: requests that
    /// were answered would not be. Another tokenizer is told and is compatible: clients send text and get text.
    /// </summary>
    public static SignatureComparison Compare(ModelSignature stable, ModelSignature candidate)
    {
        if (stable.Equals(candidate))
        {
            return new SignatureComparison(SignatureChange.Same, []);
        }

        var differences = new List<string>();
        var breaking = CompareTensors("input", stable.Inputs, candidate.Inputs, differences, static (was, now) => now == was || now == -1, newIsBreaking: true);
        breaking |= CompareTensors("output", stable.Outputs, candidate.Outputs, differences, static (was, now) => now == was || was == -1, newIsBreaking: false);
        breaking |= CompareText(stable.Text, candidate.Text, differences);
        if (differences.Count == 0)
        {
            differences.Add("the order of inputs or outputs is another; clients name them");
        }

        return new SignatureComparison(breaking ? SignatureChange.Breaking : SignatureChange.Compatible, differences);
    }

    private static bool CompareTensors(
        string kind,
        IReadOnlyList<TensorSignature> stable,
        IReadOnlyList<TensorSignature> candidate,
        List<string> differences,
        Func<long, long, bool> fits,
        bool newIsBreaking)
    {
        var breaking = false;
        foreach (var was in stable)
        {
            var now = Find(candidate, was.Name);
            if (now is null)
            {
                differences.Add($"{kind} {was} is gone");
                breaking = true;
            }
            else if (!was.Equals(now))
            {
                differences.Add($"{kind} {was} is now {now}");
                breaking |= !string.Equals(was.Datatype, now.Datatype, StringComparison.Ordinal)
                    || was.Shape.Count != now.Shape.Count
                    || !was.Shape.Zip(now.Shape).All(d => fits(d.First, d.Second));
            }
        }

        foreach (var added in candidate.Where(c => Find(stable, c.Name) is null))
        {
            differences.Add($"{kind} {added} is new");
            breaking |= newIsBreaking;
        }

        return breaking;
    }

    private static bool CompareText(TextSignature? stable, TextSignature? candidate, List<string> differences)
    {
        if (stable is null || candidate is null)
        {
            if (stable is not null || candidate is not null)
            {
                differences.Add(candidate is null ? "it is no language model any more" : "it is a language model now");
            }

            return stable is not null || candidate is not null;
        }

        if (stable.ContextLength != candidate.ContextLength)
        {
            differences.Add($"the context has {candidate.ContextLength} tokens instead of {stable.ContextLength}");
        }

        if (stable.ChatTemplate != candidate.ChatTemplate)
        {
            differences.Add(candidate.ChatTemplate is null ? "the chat template is gone" : stable.ChatTemplate is null ? "a chat template is new" : "the chat template is another");
        }

        if (stable.Tokenizer != candidate.Tokenizer)
        {
            differences.Add($"the tokenizer is another (vocabulary of {candidate.VocabularySize} instead of {stable.VocabularySize}): the same text has other tokens, so counts of tokens and perplexities do not compare, bits per byte do");
        }

        return candidate.ContextLength < stable.ContextLength || (stable.ChatTemplate is not null && candidate.ChatTemplate is null);
    }

    private static TensorSignature? Find(IReadOnlyList<TensorSignature> tensors, string name) =>
        tensors.FirstOrDefault(t => string.Equals(t.Name, name, StringComparison.Ordinal));
}
