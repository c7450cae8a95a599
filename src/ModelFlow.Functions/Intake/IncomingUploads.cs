namespace ModelFlow.Functions.Intake;

/// <summary>What a blob's name in <c>incoming</c> says about its upload.</summary>
internal static class IncomingUploads
{
    /// <summary>Whether a blob of this name may complete an upload: <c>{model}/{version}/manifest.json</c>, or a single file <c>{model}/{version}.{extension}</c>.</summary>
    public static bool MayComplete(string name) => name.Split('/') switch
    {
        [_, _] => true,
        [_, _, "manifest.json"] => true,
        _ => false,
    };
}
