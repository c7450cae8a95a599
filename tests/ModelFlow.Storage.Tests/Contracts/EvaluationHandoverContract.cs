using System.Text;
using System.Text.Json;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Evaluation.Remote;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;
using ModelFlow.Testing;

namespace ModelFlow.Storage.Tests.Contracts;

/// <summary>What every handover must do, with the test in the agent's place.</summary>
public abstract class EvaluationHandoverContract
{
    private const string Image = "registry.example/evaluator@sha256:0f";

    private readonly ModelName _model = ModelName.Parse(Unique.Label("digits"));
    private readonly byte[] _modelBytes = "the model"u8.ToArray();
    private readonly byte[] _rows = "a,b\n1,2\n"u8.ToArray();

    protected abstract IEvaluationHandover Handover { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string JobId => $"{_model}-v1.0.0-1-3";

    protected abstract Task PutInputAsync(string path, byte[] content);

    /// <summary>Puts with a grant: where there is nothing, or in the place of what has the ETag that was read with it.</summary>
    protected abstract Task<bool> PutAsync(RemoteGrant grant, byte[] content, bool replace = false);

    protected abstract Task<RemoteJob> DescriptionAsync(PreparedStart start);

    [Fact]
    public async Task Unknown_job_has_nothing()
    {
        Assert.Equal(HandoverState.Unknown, await Handover.LookAsync(JobId, Cancel));
        Assert.Null(await Handover.FindAsync(JobId, 1, Cancel));
        Assert.Null(await Handover.ReadOutcomeAsync(JobId, 1, Cancel));
        Assert.Null(await Handover.OpenAsync(JobId, 1, RemoteFile.Log, Cancel));
    }

    [Fact]
    public async Task Prepared_start_describes_every_input_and_is_the_same_when_prepared_again()
    {
        var first = await PrepareAsync(1);
        var again = await PrepareAsync(1);

        Assert.Equal(_modelBytes.Length + _rows.Length, first.InputBytes);
        Assert.Equal(Image, first.Image);
        var description = await DescriptionAsync(first);
        Assert.Equal(JsonSerializer.Serialize(description, CoreJson.Options), JsonSerializer.Serialize(await DescriptionAsync(again), CoreJson.Options));
        Assert.Equal(
            [(RemoteInputKind.Model, "model.onnx", _modelBytes.Length, Sha256Digest.Of(_modelBytes)), (RemoteInputKind.Dataset, "rows.csv", _rows.Length, Sha256Digest.Of(_rows))],
            description.Inputs.Select(i => (i.Kind, i.Path, (int)i.Size, i.Sha256)));
        Assert.Equal(60, description.TimeLimitSeconds);
        var state = await Handover.LookAsync(JobId, Cancel);
        Assert.Equal((1, null, false), (state.Starts, state.Claim, state.HasOutcome));
        Assert.InRange(state.SincePrepared, TimeSpan.FromSeconds(-1), TimeSpan.FromMinutes(1));
        Assert.Equal(HandoverState.Unknown, await Handover.LookAsync(JobId + "0", Cancel));
    }

    [Fact]
    public async Task Started_container_is_noted_for_its_start_alone()
    {
        await PrepareAsync(1);
        Assert.False((await Handover.LookAsync(JobId, Cancel)).IsStarted);
        await Handover.NoteStartedAsync(JobId, 1, "one", Cancel);
        await Handover.NoteStartedAsync(JobId, 1, "again", Cancel);
        Assert.True((await Handover.LookAsync(JobId, Cancel)).IsStarted);

        await PrepareAsync(2);

        Assert.False((await Handover.LookAsync(JobId, Cancel)).IsStarted);
    }

    [Fact]
    public async Task Claim_is_one_for_all_starts()
    {
        var one = await DescriptionAsync(await PrepareAsync(1));
        var two = await DescriptionAsync(await PrepareAsync(2));

        Assert.True(await PutAsync(one.Claim, Claim(1)));
        Assert.False(await PutAsync(two.Claim, Claim(2)));

        var state = await Handover.LookAsync(JobId, Cancel);
        Assert.Equal(2, state.Starts);
        Assert.Equal(new RemoteClaim(1, "me", 0), state.Claim);
        Assert.True(state.IsHeld);
        Assert.True(await PutAsync(two.Claim, Claim(2), replace: true));
        Assert.Equal(2, (await Handover.LookAsync(JobId, Cancel)).Claim!.Start);
    }

    [Fact]
    public async Task Outputs_of_starts_do_not_mix_and_are_put_once()
    {
        var one = await DescriptionAsync(await PrepareAsync(1));
        var two = await DescriptionAsync(await PrepareAsync(2));
        await PutAsync(two.Claim, Claim(2));
        Assert.True(await PutAsync(one.Outputs.Outcome, "one"u8.ToArray()));
        Assert.False(await PutAsync(one.Outputs.Outcome, "other"u8.ToArray()));
        Assert.False((await Handover.LookAsync(JobId, Cancel)).HasOutcome);

        Assert.True(await PutAsync(two.Outputs.Outcome, "two"u8.ToArray()));
        Assert.True(await PutAsync(two.Outputs.Log, "said"u8.ToArray()));

        Assert.True((await Handover.LookAsync(JobId, Cancel)).HasOutcome);
        Assert.Equal("two", Encoding.UTF8.GetString((await Handover.ReadOutcomeAsync(JobId, 2, Cancel))!));
        await using var log = (await Handover.OpenAsync(JobId, 2, RemoteFile.Log, Cancel))!;
        using var reader = new StreamReader(log);
        Assert.Equal("said", await reader.ReadToEndAsync(Cancel));
        Assert.Null(await Handover.OpenAsync(JobId, 2, RemoteFile.Report, Cancel));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stopped_job_is_claimed_for_good(bool claimedBefore)
    {
        var one = await DescriptionAsync(await PrepareAsync(1));
        if (claimedBefore)
        {
            await PutAsync(one.Claim, Claim(1));
        }

        await Handover.StopAsync(JobId, Cancel);
        await Handover.StopAsync(JobId, Cancel);

        Assert.True((await Handover.LookAsync(JobId, Cancel)).Claim!.IsStopped);
        Assert.False(await PutAsync(one.Claim, Claim(1)));
    }

    [Fact]
    public async Task Inputs_above_the_limit_are_refused_with_their_size()
    {
        var order = await OrderAsync(1);

        var answer = await Handover.PrepareAsync(order with { MostInputBytes = 10 }, Cancel);

        Assert.Equal(new PrepareStart.TooLarge(_modelBytes.Length + _rows.Length), answer);
        Assert.Equal(HandoverState.Unknown, await Handover.LookAsync(JobId, Cancel));
    }

    [Fact]
    public async Task Missing_data_set_is_named()
    {
        var order = await OrderAsync(1);

        var answer = await Handover.PrepareAsync(order with { Job = order.Job with { Dataset = new Core.Policies.DatasetReference($"{_model}/none.csv", Sha256Digest.Of("x")) } }, Cancel);

        Assert.Contains("none.csv", Assert.IsType<PrepareStart.Missing>(answer).Reason, StringComparison.Ordinal);
    }

    protected async Task<PreparedStart> PrepareAsync(int start) => Assert.IsType<PrepareStart.Prepared>(await Handover.PrepareAsync(await OrderAsync(start), Cancel)).Start;

    protected static byte[] Claim(int start) => JsonSerializer.SerializeToUtf8Bytes(new RemoteClaim(start, "me", 0), CoreJson.Options);

    private async Task<HandoverOrder> OrderAsync(int start)
    {
        var manifest = Samples.Manifest(_model, VersionName.Parse("v1.0.0"), _modelBytes);
        await PutInputAsync($"models/{_model}/v1.0.0/model.onnx", _modelBytes);
        await PutInputAsync($"datasets/{_model}/rows.csv", _rows);
        var job = new EvaluationJob
        {
            Id = JobId,
            Release = ReleaseId.Parse($"{_model}-v1.0.0-1"),
            Mode = EvaluationMode.Smoke,
            Version = new VersionRecord { Manifest = manifest, Digest = Sha256Digest.Of("manifest"), RegisteredAt = Samples.Now },
            Dataset = new Core.Policies.DatasetReference($"{_model}/rows.csv", Sha256Digest.Of(_rows)),
            TimeLimit = TimeSpan.FromMinutes(1),
        };
        return new HandoverOrder(job, start, Image, new Dictionary<string, string>(StringComparer.Ordinal) { ["MODELFLOW_MODE"] = "smoke" }, TimeSpan.FromHours(1), 512, 64, null);
    }
}
