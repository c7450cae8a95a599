using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using ModelFlow.Azure.ContainerApps;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Evaluation.Remote;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Evaluation;
using ModelFlow.Testing.Evaluation;
using ModelFlow.Testing.Http;
using WireMock.RequestBuilders;
using WireMock.ResponseBuilders;
using WireMock.Server;

namespace ModelFlow.Azure.Tests.ContainerApps;

/// <summary>The runner against what Azure Resource Manager documents for jobs, 2025-07-01: shapes, codes, throttling, and calls that fail and take effect.</summary>
public sealed class ContainerAppsEvaluationRunnerTests : IDisposable
{
    private const string JobPath = "/subscriptions/34adfa4f-cedf-4dc0-ba29-b6d1a69ab345/resourceGroups/rg/providers/Microsoft.App/jobs/evaluator";

    private const string InspectionPath = "/subscriptions/34adfa4f-cedf-4dc0-ba29-b6d1a69ab345/resourceGroups/rg/providers/Microsoft.App/jobs/inspector";

    private readonly WireMockServer _arm = WireMockServer.Start();
    private readonly HandedOver _job = new();
    private readonly FakeCredential _credential = new();
    private readonly JsonArray _executions = [];

    public ContainerAppsEvaluationRunnerTests()
    {
        Answer(Request.Create().WithPath(JobPath).UsingGet(), 200, $$"""
            { "name": "evaluator", "properties": { "template": { "containers": [ {
              "name": "main", "image": "{{HandedOver.Image}}", "env": [ { "name": "OMP_NUM_THREADS", "value": "4" } ],
              "resources": { "cpu": 8, "memory": "56Gi", "ephemeralStorage": "8Gi" }, "volumeMounts": [ { "volumeName": "work", "mountPath": "/work" } ] } ] } } }
            """);
        Answer(Start(), 200, """{ "name": "evaluator-pjxhsye", "id": "/subscriptions/…/executions/evaluator-pjxhsye" }""");
        Executions();
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task First_call_starts_the_job_with_image_resources_and_one_address()
    {
        var run = await RunAsync();

        Assert.Equal(new EvaluationRun.Running(TimeSpan.FromSeconds(30)), run);
        var call = Assert.Single(Calls("/start"));
        Assert.Equal("2025-07-01", call.RequestMessage!.GetParameter("api-version")![0]);
        Assert.Equal("Bearer the-token", call.RequestMessage.Headers!["Authorization"][0]);
        Assert.All(_credential.Scopes, s => Assert.Equal("https://management.azure.com/.default", s));
        var container = JsonNode.Parse(call.RequestMessage.Body!)!["containers"]![0]!;
        Assert.Equal(("main", HandedOver.Image, 8), ($"{container["name"]}", $"{container["image"]}", container["resources"]!["cpu"]!.GetValue<int>()));
        Assert.Null(container["resources"]!["ephemeralStorage"]);
        Assert.Equal(["OMP_NUM_THREADS=4", $"MODELFLOW_JOB_ADDRESS={Description(1)}"], container["env"]!.AsArray().Select(e => $"{e!["name"]}={e["value"]}"));
    }

    [Fact]
    public async Task Accepted_start_with_a_location_only_is_a_start()
    {
        _arm.Given(Start()).AtPriority(-1).RespondWith(Response.Create().WithStatusCode(202).WithHeader("Location", "https://management.azure.com/op").WithHeader("Retry-After", "15"));

        Assert.IsType<EvaluationRun.Running>(await RunAsync());
        Execution("evaluator-1", "Processing", 1);
        Assert.IsType<EvaluationRun.Running>(await RunAsync());

        Assert.Single(Calls("/start"));
    }

    [Fact]
    public async Task Answer_is_taken_and_kept_with_the_image_by_digest()
    {
        await RunAsync();
        _job.Claim(1);
        Assert.IsType<EvaluationRun.Running>(await RunAsync());
        _job.Answer(1);

        var run = await RunAsync();
        var again = await RunAsync();

        Assert.Equal(new EvaluationRun.Completed(new EvaluatorOutput.SmokeTested("fine")), run);
        Assert.Equal(run, again);
        var evidence = JsonNode.Parse(_job.Report($"smoke-{HandedOver.Job.Id}.run.json")!)!;
        Assert.Equal((HandedOver.Image, "the Container Apps job evaluator", 1), ($"{evidence["image"]}", $"{evidence["platform"]}", evidence["start"]!.GetValue<int>()));
        Assert.Equal("said", _job.Report($"smoke-{HandedOver.Job.Id}.log"));
        Assert.Empty(Calls("/executions"));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    public async Task Start_that_failed_and_took_effect_is_found_and_not_made_again(int status)
    {
        Answer(Start(), status, """{ "error": { "code": "InternalServerError", "message": "try later" } }""", priority: -1);
        Assert.IsType<EvaluationRun.Running>(await RunAsync());
        Execution("evaluator-1", "Running", 1);

        Assert.IsType<EvaluationRun.Running>(await RunAsync());

        Assert.Single(Calls("/start"));
    }

    [Fact]
    public async Task Start_that_the_list_does_not_show_yet_is_not_made_again_for_ten_minutes()
    {
        await RunAsync();
        _job.Time.Advance(TimeSpan.FromMinutes(9));
        Assert.IsType<EvaluationRun.Running>(await RunAsync());
        Assert.Single(Calls("/start"));

        _job.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.IsType<EvaluationRun.Running>(await RunAsync());

        Assert.Equal(2, Calls("/start").Count);
    }

    [Fact]
    public async Task Start_that_failed_and_took_no_effect_is_made_again_with_the_same_description()
    {
        Answer(Start(), 500, "{}", priority: -1);
        await RunAsync();
        await RunAsync();

        var bodies = Calls("/start").Select(c => c.RequestMessage!.Body).ToList();
        Assert.Equal(2, bodies.Count);
        Assert.Equal(bodies[0], bodies[1]);
    }

    [Theory]
    [InlineData("37", 37)]
    [InlineData("100000", 600)]
    [InlineData(null, 15)]
    public async Task Throttled_call_is_made_again_when_the_service_wants(string? retryAfter, int seconds)
    {
        var answer = Response.Create().WithStatusCode(429).WithBody("""{ "error": { "code": "TooManyRequests", "message": "slow down" } }""");
        _arm.Given(Start()).AtPriority(-1).RespondWith(retryAfter is null ? answer : answer.WithHeader("Retry-After", retryAfter));

        Assert.Equal(new EvaluationRun.Running(TimeSpan.FromSeconds(seconds)), await RunAsync());
        Assert.Single(Calls("/start"));

        _arm.Given(Request.Create().WithPath($"{JobPath}/executions").UsingGet()).AtPriority(-1).RespondWith(Response.Create().WithStatusCode(429).WithHeader("Retry-After", "41"));
        Assert.Equal(new EvaluationRun.Running(TimeSpan.FromSeconds(41)), await RunAsync());
        Assert.Single(Calls("/start"));
    }

    [Theory]
    [InlineData(403, "AuthorizationFailed", "identity needs to read")]
    [InlineData(404, "ResourceNotFound", "ResourceNotFound")]
    [InlineData(400, "InvalidTemplate", "InvalidTemplate")]
    public async Task Refused_start_is_a_fault_with_the_service_s_words(int status, string code, string said)
    {
        Answer(Start(), status, $$"""{ "error": { "code": "{{code}}", "message": "no" } }""", priority: -1);

        var reason = Assert.IsType<EvaluationRun.Faulted>(await RunAsync()).Reason;

        Assert.Contains(said, reason, StringComparison.Ordinal);
        Assert.DoesNotContain("memory:", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Executions_are_found_on_later_pages_and_those_of_other_jobs_are_not_taken_for_it()
    {
        await RunAsync();
        Answer(Request.Create().WithPath($"{JobPath}/executions").UsingGet(), 200, $$"""
            { "value": [ {{ExecutionOf("other", "Failed", Description(1).Replace("digits-v1.0.0-1-3", "digits-v1.0.0-1-30", StringComparison.Ordinal))}}, { "name": "bare", "properties": { "status": "Running" } } ],
              "nextLink": "https://management.azure.com{{JobPath}}/executions?page=2" }
            """, priority: -1);
        Answer(Request.Create().WithPath($"{JobPath}/executions").WithParam("page", "2").UsingGet(), 200, $$"""{ "value": [ {{ExecutionOf("mine", "Running", Description(1))}} ], "nextLink": null }""", priority: -2);

        Assert.IsType<EvaluationRun.Running>(await RunAsync());

        Assert.Single(Calls("/start"));
    }

    [Fact]
    public async Task Tag_that_moves_between_two_starts_is_the_digest_of_the_first_and_so_is_the_evidence()
    {
        var moving = new MovingTag();
        Task<EvaluationRun> LookAsync() => Runner(o => o.Image = "registry.example/evaluator:1", moving).RunAsync(HandedOver.Job, Cancel);
        await LookAsync();
        _job.Claim(1);
        Execution("evaluator-1", "Failed", 1);
        _job.Time.Advance(RemoteClaim.StaleAfter);
        await LookAsync();
        _job.Claim(2);
        _job.Answer(2);

        Assert.IsType<EvaluationRun.Completed>(await LookAsync());

        Assert.Equal([moving.First, moving.First], Calls("/start").Select(c => $"{JsonNode.Parse(c.RequestMessage!.Body!)!["containers"]![0]!["image"]}"));
        Assert.Equal(moving.First, $"{JsonNode.Parse(_job.Report($"smoke-{HandedOver.Job.Id}.run.json")!)!["image"]}");
    }

    [Fact]
    public async Task Container_that_died_is_started_again_when_its_claim_is_old_and_only_then()
    {
        await RunAsync();
        _job.Claim(1);
        Execution("evaluator-1", "Failed", 1);
        _job.Time.Advance(RemoteClaim.StaleAfter - TimeSpan.FromSeconds(1));
        await RunAsync();
        Assert.Single(Calls("/start"));

        _job.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.IsType<EvaluationRun.Running>(await RunAsync());
        Assert.Equal(2, Calls("/start").Count);
        _job.Claim(2);
        _job.Answer(1, o => o with { Result = EvaluatorResult.Completed("late") });
        Assert.IsType<EvaluationRun.Running>(await RunAsync());
        _job.Answer(2);

        Assert.Equal(new EvaluationRun.Completed(new EvaluatorOutput.SmokeTested("fine")), await RunAsync());
    }

    [Fact]
    public async Task Execution_that_ends_without_claiming_is_started_three_times_and_then_a_fault()
    {
        await RunAsync();
        for (var start = 1; start <= 3; start++)
        {
            Execution($"evaluator-{start}", "Failed", start);
            if (start < 3)
            {
                Assert.IsType<EvaluationRun.Running>(await RunAsync());
            }
        }

        var reason = Assert.IsType<EvaluationRun.Faulted>(await RunAsync()).Reason;

        Assert.Contains("started 3 times", reason, StringComparison.Ordinal);
        Assert.Contains("execution evaluator-3 ended without an answer: Failed", reason, StringComparison.Ordinal);
        Assert.Equal(3, Calls("/start").Count);
    }

    [Fact]
    public async Task No_machine_within_the_queue_limit_is_a_fault_and_stopped()
    {
        await RunAsync();
        Execution("evaluator-1", "Running", 1);
        Answer(Request.Create().WithPath($"{JobPath}/executions/evaluator-1/stop").UsingPost(), 202, "");
        _job.Time.Advance(TimeSpan.FromMinutes(61));

        Assert.Contains("did not begin within 01:00:00", Assert.IsType<EvaluationRun.Faulted>(await RunAsync()).Reason, StringComparison.Ordinal);

        Assert.Single(Calls("/executions/evaluator-1/stop"));
    }

    [Fact]
    public async Task Stop_takes_the_claim_and_ends_this_job_s_execution_alone()
    {
        await RunAsync();
        _job.Claim(1);
        Execution("evaluator-1", "Running", 1);
        _executions.Add(JsonNode.Parse(ExecutionOf("foreign", "Running", "memory://blobs/jobs/other/1/job.json")));
        Executions();
        Answer(Request.Create().WithPath($"{JobPath}/executions/evaluator-1/stop").UsingPost(), 200, "");

        await Runner().StopAsync(HandedOver.Job.Id, Cancel);

        Assert.Single(Calls("/stop"));
        Assert.True((await _job.Handover.LookAsync(HandedOver.Job.Id, Cancel)).Claim!.IsStopped);
        Assert.Contains("was stopped", Assert.IsType<EvaluationRun.Faulted>(await RunAsync()).Reason, StringComparison.Ordinal);
        await Runner().StopAsync("unknown-v1.0.0-1-1", Cancel);
    }

    [Fact]
    public async Task Version_that_does_not_fit_the_disk_is_refused_before_anything_starts()
    {
        var runner = Runner(o => (o.DiskGiB, o.OutputMiB) = (1, 1024));

        var reason = Assert.IsType<EvaluationRun.Faulted>(await runner.RunAsync(HandedOver.Job, Cancel)).Reason;

        Assert.Contains("has 1 GiB. Evaluate versions of this size on Kubernetes", reason, StringComparison.Ordinal);
        Assert.Empty(Calls("/start"));
    }

    [Fact]
    public async Task Image_with_a_tag_that_nobody_resolves_is_refused()
    {
        var reason = Assert.IsType<EvaluationRun.Faulted>(await Runner(o => o.Image = "registry.example/evaluator:v4").RunAsync(HandedOver.Job, Cancel)).Reason;

        Assert.Contains("'registry.example/evaluator:v4' has no digest", reason, StringComparison.Ordinal);
        Assert.Empty(Calls("/start"));
    }

    [Theory]
    [InlineData(429, "answered 429 (Busy): wait")]
    [InlineData(403, "answered 403 (Busy): wait")]
    public async Task Job_that_cannot_be_read_is_a_fault_with_the_service_s_words(int status, string said)
    {
        Answer(Request.Create().WithPath(JobPath).UsingGet(), status, """{ "error": { "code": "Busy", "message": "wait" } }""", priority: -1);

        Assert.Contains(said, Assert.IsType<EvaluationRun.Faulted>(await RunAsync()).Reason, StringComparison.Ordinal);
        Assert.Empty(Calls("/start"));
    }

    [Theory]
    [InlineData(RemoteEnd.ModelAtFault)]
    [InlineData(RemoteEnd.Faulted)]
    public async Task Other_ends_are_told_as_what_they_are(RemoteEnd end)
    {
        await RunAsync();
        _job.Claim(1);
        _job.Answer(1, o => o with { End = end, Result = null, Reason = "because" });

        var run = await RunAsync();

        Assert.Equal(end == RemoteEnd.Faulted, run is EvaluationRun.Faulted);
        Assert.Contains("because", run.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Outcome_of_another_job_is_not_believed()
    {
        await RunAsync();
        _job.Claim(1);
        _job.Answer(1, o => o with { Job = "digits-v1.0.0-1-9" });

        Assert.Contains("another job", Assert.IsType<EvaluationRun.Faulted>(await RunAsync()).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EvaluationMode.Inspect, 6_144, "inspector")]
    [InlineData(EvaluationMode.Smoke, 6_144, "inspector")]
    [InlineData(EvaluationMode.Evaluate, 6_144, "evaluator")]
    [InlineData(EvaluationMode.Smoke, 0, "evaluator")]
    public async Task Inspection_and_smoke_test_run_in_their_own_job_if_there_is_one_and_the_version_is_not_too_large_for_it(EvaluationMode mode, int memoryMiB, string job)
    {
        var small = $"registry.example/inspector@{Core.Naming.Sha256Digest.Of("small")}";
        Inspector(small);

        var run = await Runner(o => (o.InspectionJobResourceId, o.InspectionMemoryMiB) = (InspectionPath, memoryMiB)).RunAsync(HandedOver.Job with { Mode = mode, Baseline = null }, Cancel);

        Assert.IsType<EvaluationRun.Running>(run);
        var call = Assert.Single(Calls("/start"));
        Assert.EndsWith($"/jobs/{job}/start", call.RequestMessage!.Path, StringComparison.Ordinal);
        Assert.Equal(job == "inspector" ? small : HandedOver.Image, $"{JsonNode.Parse(call.RequestMessage.Body!)!["containers"]![0]!["image"]}");
    }

    [Fact]
    public async Task Inspection_job_s_evidence_names_it_and_its_own_image()
    {
        var small = $"registry.example/inspector@{Core.Naming.Sha256Digest.Of("small")}";
        Inspector(small);
        void Configure(ContainerAppsEvaluationOptions o) => o.InspectionJobResourceId = InspectionPath;
        await Runner(Configure).RunAsync(HandedOver.Job, Cancel);
        _job.Claim(1);
        _job.Answer(1);

        var run = await Runner(Configure).RunAsync(HandedOver.Job, Cancel);

        Assert.Equal(new EvaluationRun.Completed(new EvaluatorOutput.SmokeTested("fine")), run);
        var evidence = JsonNode.Parse(_job.Report($"smoke-{HandedOver.Job.Id}.run.json")!)!;
        Assert.Equal((small, "the Container Apps job inspector"), ($"{evidence["image"]}", $"{evidence["platform"]}"));
    }

    [Fact]
    public async Task Stop_ends_the_execution_in_whichever_job_it_runs()
    {
        Inspector(HandedOver.Image);
        void Configure(ContainerAppsEvaluationOptions o) => o.InspectionJobResourceId = InspectionPath;
        await Runner(Configure).RunAsync(HandedOver.Job, Cancel);
        Answer(Request.Create().WithPath($"{InspectionPath}/executions").UsingGet(), 200, $$"""{ "value": [ {{ExecutionOf("inspector-1", "Running", Description(1))}} ], "nextLink": null }""", priority: -1);
        Answer(Request.Create().WithPath($"{InspectionPath}/executions/inspector-1/stop").UsingPost(), 202, "");

        await Runner(Configure).StopAsync(HandedOver.Job.Id, Cancel);

        Assert.Equal($"{InspectionPath}/executions/inspector-1/stop", Assert.Single(Calls("/stop")).RequestMessage!.Path);
        Assert.True((await _job.Handover.LookAsync(HandedOver.Job.Id, Cancel)).Claim!.IsStopped);
    }

    [Fact]
    public async Task Inspection_job_that_fails_is_started_again_as_any_other()
    {
        Inspector(HandedOver.Image);
        void Configure(ContainerAppsEvaluationOptions o) => o.InspectionJobResourceId = InspectionPath;
        await Runner(Configure).RunAsync(HandedOver.Job, Cancel);
        Answer(Request.Create().WithPath($"{InspectionPath}/executions").UsingGet(), 200, $$"""{ "value": [ {{ExecutionOf("inspector-1", "Failed", Description(1))}} ], "nextLink": null }""", priority: -1);

        Assert.IsType<EvaluationRun.Running>(await Runner(Configure).RunAsync(HandedOver.Job, Cancel));

        Assert.All(Calls("/start"), c => Assert.StartsWith(InspectionPath, c.RequestMessage!.Path, StringComparison.Ordinal));
        Assert.Equal(2, Calls("/start").Count);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData(InspectionPath, true)]
    [InlineData("inspector", false)]
    [InlineData(InspectionPath + "/executions", false)]
    public void Inspection_job_is_a_job_s_resource_id_or_nothing(string id, bool valid) =>
        Assert.Equal(valid, new ContainerAppsEvaluationOptionsValidator().Validate(null, new ContainerAppsEvaluationOptions { JobResourceId = JobPath, InspectionJobResourceId = id }).Succeeded);

    [Theory]
    [InlineData("")]
    [InlineData("/subscriptions/x/resourceGroups/rg/providers/Microsoft.App/jobs/evaluator")]
    [InlineData("/subscriptions/34adfa4f-cedf-4dc0-ba29-b6d1a69ab345/resourceGroups/rg/providers/Microsoft.App/containerApps/evaluator")]
    public void Wrong_resource_id_is_refused(string id) =>
        Assert.True(new ContainerAppsEvaluationOptionsValidator().Validate(null, new ContainerAppsEvaluationOptions { JobResourceId = id }).Failed);

    [Fact]
    public void Defaults_with_a_resource_id_are_valid() =>
        Assert.True(new ContainerAppsEvaluationOptionsValidator().Validate(null, new ContainerAppsEvaluationOptions { JobResourceId = JobPath }).Succeeded);

    public void Dispose() => _arm.Dispose();

    private static IRequestBuilder Start() => Request.Create().WithPath($"{JobPath}/start").UsingPost();

    private static string Description(int start) => $"memory://blobs/jobs/{HandedOver.Job.Id}/{start}/job.json";

    private static string ExecutionOf(string name, string status, string address) => $$"""
        { "name": "{{name}}", "properties": { "status": "{{status}}", "startTime": "2026-03-01T12:00:00+00:00",
          "template": { "containers": [ { "name": "main", "image": "i", "env": [ { "name": "MODELFLOW_JOB_ADDRESS", "value": "{{address}}?another=signature" } ] } ] } } }
        """;

    private Task<EvaluationRun> RunAsync() => Runner().RunAsync(HandedOver.Job, Cancel);

    // A new runner for each call: nothing may be remembered.
    private ContainerAppsEvaluationRunner Runner(Action<ContainerAppsEvaluationOptions>? configure = null, IImageDigests? digests = null)
    {
        var options = new ContainerAppsEvaluationOptions { JobResourceId = JobPath };
        configure?.Invoke(options);
        return new ContainerAppsEvaluationRunner(
            options, _credential, _job.Handover, digests ?? new PinnedImageDigests(), _job.Reports, NullLogger<RemoteEvaluationRunner>.Instance, new LocalPlainHttp(_arm.Port));
    }

    private void Inspector(string image)
    {
        Answer(Request.Create().WithPath(InspectionPath).UsingGet(), 200, $$"""
            { "name": "inspector", "properties": { "template": { "containers": [ { "name": "main", "image": "{{image}}", "resources": { "cpu": 4, "memory": "8Gi" } } ] } } }
            """);
        Answer(Request.Create().WithPath($"{InspectionPath}/start").UsingPost(), 200, """{ "name": "inspector-1" }""");
        Answer(Request.Create().WithPath($"{InspectionPath}/executions").UsingGet(), 200, """{ "value": [], "nextLink": null }""");
    }

    private void Execution(string name, string status, int start)
    {
        _executions.Add(JsonNode.Parse(ExecutionOf(name, status, Description(start))));
        Executions();
    }

    private void Executions() => Answer(Request.Create().WithPath($"{JobPath}/executions").UsingGet(), 200, new JsonObject { ["value"] = _executions.DeepClone(), ["nextLink"] = null }.ToJsonString());

    private void Answer(IRequestBuilder request, int status, string body, int priority = 0) =>
        _arm.Given(request).AtPriority(priority).RespondWith(Response.Create().WithStatusCode(status).WithHeader("Content-Type", "application/json").WithBody(body));

    private List<WireMock.Logging.ILogEntry> Calls(string end) => [.. _arm.LogEntries.Where(e => e.RequestMessage!.Path.EndsWith(end, StringComparison.Ordinal))];

    /// <summary>A registry in which somebody pushes the tag anew after each look.</summary>
    private sealed class MovingTag : IImageDigests
    {
        private int _looks;

        public string First { get; } = Image(1);

        public Task<string?> ResolveAsync(string image, CancellationToken cancellationToken) => Task.FromResult<string?>(Image(++_looks));

        private static string Image(int number) => $"registry.example/evaluator@{Sha256Digest.Of($"image {number}")}";
    }
}
