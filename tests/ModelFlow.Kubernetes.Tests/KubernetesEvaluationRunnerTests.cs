using System.Text.Json.Nodes;
using k8s;
using Microsoft.Extensions.Logging.Abstractions;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Evaluation.Remote;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Evaluation;
using ModelFlow.Testing.Evaluation;
using WireMock.RequestBuilders;
using WireMock.ResponseBuilders;
using WireMock.Server;

namespace ModelFlow.Kubernetes.Tests;

/// <summary>The runner against what the Kubernetes API documents for Jobs and Secrets: shapes, codes, throttling, and calls that fail and take effect.</summary>
public sealed class KubernetesEvaluationRunnerTests : IDisposable
{
    private const string Jobs = "/apis/batch/v1/namespaces/modelflow/jobs";
    private const string Secrets = "/api/v1/namespaces/modelflow/secrets";

    private readonly WireMockServer _api = WireMockServer.Start();
    private readonly HandedOver _job = new();
    private readonly k8s.Kubernetes _cluster;

    public KubernetesEvaluationRunnerTests()
    {
        _cluster = new k8s.Kubernetes(new KubernetesClientConfiguration { Host = $"http://localhost:{_api.Port}" });
        Answer(Request.Create().WithPath(Secrets).UsingPost(), 201, """{ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "x" } }""");
        Answer(Request.Create().WithPath($"{Secrets}/*").UsingPatch(), 200, """{ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "x" } }""");
        Answer(Request.Create().WithPath(Jobs).UsingPost(), 201, """{ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "x", "uid": "the-uid" } }""");
        Answer(Request.Create().WithPath($"{Jobs}/*").UsingGet(), 404, Status(404, "NotFound"));
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Name(int start) => $"evaluation-{Sha256Digest.Of(HandedOver.Job.Id).Hex[..40]}-{start}";

    [Fact]
    public async Task First_call_makes_a_job_with_limits_and_a_secret_that_goes_with_it()
    {
        Assert.Equal(new EvaluationRun.Running(TimeSpan.FromSeconds(30)), await Runner().RunAsync(HandedOver.Job with { Mode = EvaluationMode.Evaluate }, Cancel));

        var job = Body(Jobs, "POST");
        var spec = job["spec"]!;
        var pod = spec["template"]!["spec"]!;
        var container = pod["containers"]![0]!;
        Assert.Equal(Name(1), $"{job["metadata"]!["name"]}");
        Assert.InRange(Name(1).Length, 1, 63);
        Assert.Equal(HandedOver.Job.Id, $"{job["metadata"]!["annotations"]!["modelflow/job"]}");
        Assert.Equal((0, 3600, 10 * 60 + 3600 + 1800), (spec["backoffLimit"]!.GetValue<int>(), spec["ttlSecondsAfterFinished"]!.GetValue<int>(), spec["activeDeadlineSeconds"]!.GetValue<int>()));
        Assert.Equal(("Never", false), ($"{pod["restartPolicy"]}", pod["automountServiceAccountToken"]!.GetValue<bool>()));
        Assert.Equal(HandedOver.Image, $"{container["image"]}");
        var limits = container["resources"]!["limits"]!;
        Assert.Equal(("1", "4", "16Gi", "2049Mi"), ($"{limits["nvidia.com/gpu"]}", $"{limits["cpu"]}", $"{limits["memory"]}", $"{limits["ephemeral-storage"]}"));
        Assert.Equal("nvidia.com/gpu", $"{pod["tolerations"]![0]!["key"]}");
        var variable = Assert.Single(container["env"]!.AsArray())!;
        Assert.Equal((RemoteJob.AddressVariable, Name(1)), ($"{variable["name"]}", $"{variable["valueFrom"]!["secretKeyRef"]!["name"]}"));
        Assert.DoesNotContain("memory://", job.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal($"memory://blobs/jobs/{HandedOver.Job.Id}/1/job.json", $"{Body(Secrets, "POST")["stringData"]!["address"]}");
        Assert.Equal("the-uid", $"{Body($"{Secrets}/{Name(1)}", "PATCH")["metadata"]!["ownerReferences"]![0]!["uid"]}");
    }

    [Theory]
    [InlineData(EvaluationMode.Inspect)]
    [InlineData(EvaluationMode.Smoke)]
    public async Task Inspection_and_smoke_test_take_no_gpu_and_their_own_nodes(EvaluationMode mode)
    {
        void Configure(KubernetesEvaluationOptions o)
        {
            o.NodeSelector["pool"] = "gpu";
            o.InspectionNodeSelector["pool"] = "cpu";
        }

        await Runner(Configure).RunAsync(HandedOver.Job with { Mode = mode }, Cancel);

        var pod = Body(Jobs, "POST")["spec"]!["template"]!["spec"]!;
        var resources = pod["containers"]![0]!["resources"]!;
        Assert.Equal(("4", "16Gi"), ($"{resources["limits"]!["cpu"]}", $"{resources["requests"]!["memory"]}"));
        Assert.DoesNotContain("gpu", pod.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("cpu", $"{pod["nodeSelector"]!["pool"]}");
    }

    [Theory]
    [InlineData(EvaluationMode.Smoke, "gpu", "2")]
    [InlineData(EvaluationMode.Evaluate, "gpu", "1")]
    public async Task Inspection_takes_gpus_where_it_is_told_to_and_the_nodes_of_evaluations_where_it_has_none(EvaluationMode mode, string pool, string gpus)
    {
        await Runner(o =>
        {
            o.NodeSelector["pool"] = "gpu";
            o.InspectionGpus = 2;
        }).RunAsync(HandedOver.Job with { Mode = mode }, Cancel);

        var pod = Body(Jobs, "POST")["spec"]!["template"]!["spec"]!;
        Assert.Equal((pool, gpus), ($"{pod["nodeSelector"]!["pool"]}", $"{pod["containers"]![0]!["resources"]!["limits"]!["nvidia.com/gpu"]}"));
        Assert.Equal("nvidia.com/gpu", $"{pod["tolerations"]![0]!["key"]}");
    }

    [Fact]
    public async Task Storage_class_gives_each_job_a_volume_of_the_size_it_needs()
    {
        await Runner(o => (o.StorageClass, o.Gpus, o.OutputMiB) = ("fast", 0, 4096)).RunAsync(HandedOver.Job with { Mode = EvaluationMode.Evaluate }, Cancel);

        var pod = Body(Jobs, "POST")["spec"]!["template"]!["spec"]!;
        var claim = pod["volumes"]![0]!["ephemeral"]!["volumeClaimTemplate"]!["spec"]!;
        Assert.Equal(("fast", "5121Mi"), ($"{claim["storageClassName"]}", $"{claim["resources"]!["requests"]!["storage"]}"));
        Assert.Null(pod["containers"]![0]!["resources"]!["limits"]!["nvidia.com/gpu"]);
        Assert.Null(pod["tolerations"]);
    }

    [Fact]
    public async Task Job_that_is_there_already_is_the_same_start()
    {
        Answer(Request.Create().WithPath(Secrets).UsingPost(), 409, Status(409, "AlreadyExists"), -1);
        Answer(Request.Create().WithPath(Jobs).UsingPost(), 409, Status(409, "AlreadyExists"), -1);

        Assert.IsType<EvaluationRun.Running>(await RunAsync());

        Assert.True((await _job.Handover.LookAsync(HandedOver.Job.Id, Cancel)).IsStarted);
    }

    [Theory]
    [InlineData(429, "7", 7)]
    [InlineData(500, null, 15)]
    [InlineData(503, "100000", 600)]
    public async Task Busy_cluster_is_asked_again_and_the_start_is_made_once(int status, string? retryAfter, int seconds)
    {
        var answer = Response.Create().WithStatusCode(status).WithBody(Status(status, "Busy"));
        _api.Given(Request.Create().WithPath(Jobs).UsingPost()).AtPriority(-1).RespondWith(retryAfter is null ? answer : answer.WithHeader("Retry-After", retryAfter));
        Assert.Equal(new EvaluationRun.Running(TimeSpan.FromSeconds(seconds)), await RunAsync());

        // It took effect all the same.
        JobIs(1, "{}");
        Assert.IsType<EvaluationRun.Running>(await RunAsync());

        Assert.Single(Calls(Jobs, "POST"));
    }

    [Theory]
    [InlineData(403, "rights that docs/evaluation-jobs.md lists")]
    [InlineData(422, "no")]
    public async Task Refused_start_is_a_fault_with_the_cluster_s_words(int status, string said)
    {
        Answer(Request.Create().WithPath(Jobs).UsingPost(), status, Status(status, "no"), -1);

        Assert.Contains(said, Assert.IsType<EvaluationRun.Faulted>(await RunAsync()).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_is_taken_and_kept_with_the_image_by_digest()
    {
        await RunAsync();
        JobIs(1, "{}");
        _job.Claim(1);
        Assert.IsType<EvaluationRun.Running>(await RunAsync());
        _job.Answer(1);

        Assert.Equal(new EvaluationRun.Completed(new EvaluatorOutput.SmokeTested("fine")), await RunAsync());
        Assert.Contains(HandedOver.Image, _job.Report($"smoke-{HandedOver.Job.Id}.run.json"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pod_that_was_evicted_is_started_again_under_another_name_when_its_claim_is_old()
    {
        await RunAsync();
        _job.Claim(1);
        JobIs(1, """{ "conditions": [ { "type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "evicted" } ] }""");
        _job.Time.Advance(RemoteClaim.StaleAfter);

        Assert.IsType<EvaluationRun.Running>(await RunAsync());

        Assert.Equal([Name(1), Name(2)], Calls(Jobs, "POST").Select(c => $"{JsonNode.Parse(c.RequestMessage!.Body!)!["metadata"]!["name"]}"));
    }

    [Fact]
    public async Task Job_that_never_claims_is_started_three_times_and_then_a_fault_with_its_condition()
    {
        await RunAsync();
        for (var start = 1; start <= 3; start++)
        {
            JobIs(start, """{ "conditions": [ { "type": "Failed", "status": "True", "reason": "DeadlineExceeded", "message": "no node" } ] }""");
            if (start < 3)
            {
                Assert.IsType<EvaluationRun.Running>(await RunAsync());
            }
        }

        Assert.Contains("Failed DeadlineExceeded no node", Assert.IsType<EvaluationRun.Faulted>(await RunAsync()).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stop_takes_the_claim_and_deletes_the_job_with_its_pods()
    {
        await RunAsync();
        Answer(Request.Create().WithPath($"{Jobs}/{Name(1)}").UsingDelete(), 200, """{ "apiVersion": "v1", "kind": "Status", "status": "Success" }""");

        await Runner().StopAsync(HandedOver.Job.Id, Cancel);

        var call = Assert.Single(Calls($"{Jobs}/{Name(1)}", "DELETE"));
        Assert.Equal("Background", call.RequestMessage!.GetParameter("propagationPolicy")![0]);
        Assert.True((await _job.Handover.LookAsync(HandedOver.Job.Id, Cancel)).Claim!.IsStopped);
    }

    [Fact]
    public void Options_without_an_image_are_refused()
    {
        Assert.True(new KubernetesEvaluationOptionsValidator().Validate(null, new KubernetesEvaluationOptions()).Failed);
        Assert.True(new KubernetesEvaluationOptionsValidator().Validate(null, new KubernetesEvaluationOptions { Image = HandedOver.Image, Namespace = "No Label" }).Failed);
        Assert.True(new KubernetesEvaluationOptionsValidator().Validate(null, new KubernetesEvaluationOptions { Image = HandedOver.Image }).Succeeded);
    }

    public void Dispose()
    {
        _cluster.Dispose();
        _api.Dispose();
    }

    private static string Status(int code, string reason) =>
        $$"""{ "apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "{{reason}}", "message": "{{reason}}", "code": {{code}} }""";

    private Task<EvaluationRun> RunAsync() => Runner().RunAsync(HandedOver.Job, Cancel);

    // A new runner for each call: nothing may be remembered.
    private KubernetesEvaluationRunner Runner(Action<KubernetesEvaluationOptions>? configure = null)
    {
        var options = new KubernetesEvaluationOptions { Image = HandedOver.Image };
        configure?.Invoke(options);
        return new KubernetesEvaluationRunner(options, _cluster, _job.Handover, new PinnedImageDigests(), _job.Reports, NullLogger<RemoteEvaluationRunner>.Instance);
    }

    private void JobIs(int start, string status) => Answer(
        Request.Create().WithPath($"{Jobs}/{Name(start)}").UsingGet(), 200, $$"""{ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "{{Name(start)}}" }, "status": {{status}} }""", -1);

    private void Answer(IRequestBuilder request, int status, string body, int priority = 0) =>
        _api.Given(request).AtPriority(priority).RespondWith(Response.Create().WithStatusCode(status).WithHeader("Content-Type", "application/json").WithBody(body));

    private List<WireMock.Logging.ILogEntry> Calls(string path, string method) => [.. _api.LogEntries.Where(e =>
        string.Equals(e.RequestMessage!.Path, path, StringComparison.Ordinal) && string.Equals(e.RequestMessage.Method, method, StringComparison.Ordinal))];

    private JsonNode Body(string path, string method) => JsonNode.Parse(Assert.Single(Calls(path, method)).RequestMessage!.Body!)!;
}
