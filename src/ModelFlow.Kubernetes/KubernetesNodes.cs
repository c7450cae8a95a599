namespace ModelFlow.Kubernetes;

/// <summary>The nodes that a kind of job runs on.</summary>
/// <param name="Gpus">How many of a node's GPUs it gets.</param>
/// <param name="Selector">Labels of the nodes; all when empty.</param>
internal sealed record KubernetesNodes(int Gpus, IDictionary<string, string> Selector);
