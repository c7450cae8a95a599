using ModelFlow.Cli.Tests.Support;

namespace ModelFlow.Cli.Tests.Output;

/// <summary>What people see who read through a pipe.</summary>
public sealed class PlainOutputTests : IAsyncLifetime
{
    private FakeHost _host = null!;
    private Support.Cli _cli = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await FakeHost.StartAsync();
        _cli = Support.Cli.For(_host);
    }

    public async ValueTask DisposeAsync()
    {
        _cli.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Models_table_isAlignedColumns()
    {
        _host.On("GET /api/models", """
            {"items":[
              {"model":"digits","stable":"v1.1.0-mlp","candidates":[{"version":"v1.2.0-large","weight":500}],"generation":7,"ramping":"digits-v1.2.0-large-1","frozen":false},
              {"model":"austen","frozen":true}
            ]}
            """);
        Assert.Equal(
            """
            MODEL   STABLE      CANDIDATES        RAMPING                FROZEN
            digits  v1.1.0-mlp  v1.2.0-large 5 %  digits-v1.2.0-large-1
            austen  -                                                    frozen

            """,
            (await _cli.RunAsync("models")).Out);
    }

    [Fact]
    public async Task Models_none_saysSoBesideThePipe()
    {
        _host.On("GET /api/models", """{"items":[]}""");
        var run = await _cli.RunAsync("models");
        Assert.Empty(run.Out);
        Assert.Contains("push a version", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Versions_controlCharacters_neverReachTheTerminal()
    {
        _host.On("GET /api/models/digits/versions", """{"items":[{"model":"digits","version":"v1.0.0","digest":"sha256:0123456789abcdef","bytes":2048,"uploader":"\u001b[2Jmallory","tier":"hot","pinned":true,"deleted":false}]}""");
        var run = await _cli.RunAsync("versions", "digits");
        Assert.DoesNotContain('\u001b', run.Out);
        Assert.Contains("v1.0.0         0123456789ab  2.0 KiB  hot                [2Jmallory  pinned", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ShowRelease_rampStopped_tellsTheNumbers()
    {
        _host.On("GET /api/releases/digits-v1.2.0-large-1", """
            {"id":"digits-v1.2.0-large-1","model":"digits","version":"v1.2.0-large","attempt":1,"startedBy":"modelflow","startedAt":"2026-11-23T14:28:00+00:00",
             "stage":"ended","outcome":"rolledBack","reason":"guardrail latencyP95Ratio","endedAt":"2026-11-23T14:30:20+00:00","paused":false,"baseline":"v1.1.0-mlp","policy":"sha256:0123456789abcdef",
             "approvals":[{"by":"carol","at":"2026-11-23T14:29:00+00:00","comment":"fine"}],
             "gates":[{"gate":"minAccuracy","passed":true,"observed":0.988,"limit":0.85,"message":"accuracy 0.988"}],
             "lastLook":{"verdict":"harmful","metrics":[{"metric":"latencyP95Ratio","verdict":"harmful","stable":1.2,"candidate":9.8,"tolerance":2,"message":"8.2 times"}],"stableRequests":812,"candidateRequests":44},
             "reports":["evaluation.json"],"events":23,"state":{}}
            """);
        Assert.Equal(
            """
            release        digits-v1.2.0-large-1
            stage          rolledBack
            reason         guardrail latencyP95Ratio
            since          2026-11-23 14:30:20Z
            compared with  v1.1.0-mlp
            started        2026-11-23 14:28:00Z by modelflow
            uploader       unknown
            policy         0123456789ab
            approvals      carol (fine)
            reports        evaluation.json

            GATE                 OBSERVED  LIMIT  WHY
            minAccuracy  passed  0.988     0.85   accuracy 0.988

            last look: harmful, 812 requests on stable and 44 on the candidate
            GUARDRAIL                 STABLE  CANDIDATE  TOLERANCE  WHY
            latencyP95Ratio  harmful  1.2     9.8        2          8.2 times

            """,
            (await _cli.RunAsync("show", "digits-v1.2.0-large-1")).Out);
    }

    [Fact]
    public async Task ShowRelease_withAnExperiment_tellsItsResultAndSlices()
    {
        _host.On("GET /api/releases/digits-v1.2.0-large-1", """
            {"id":"digits-v1.2.0-large-1","model":"digits","version":"v1.2.0-large","attempt":1,"stage":"ramping",
             "experiments":[{"step":1,"metric":"feedback","mode":"sequential","confidence":0.95,"minimumEffect":0.02,"verdict":"winner","message":"The candidate is better: 80 % of 120.",
               "stable":{"outcomes":130,"mean":0.5,"designEffect":1},"candidate":{"outcomes":120,"mean":0.8,"designEffect":1.2},"effect":0.3,"interval":{"low":0.1,"high":0.5},
               "slices":[{"slice":"de","guarded":true,"stable":{"requests":200,"errors":1,"outcomes":60,"mean":0.5},"candidate":{"requests":190,"errors":0,"outcomes":50,"mean":0.75},"effect":0.25,"interval":{"low":-0.05,"high":0.55}},
                         {"slice":"fr","guarded":false,"stable":{"requests":10,"errors":0,"outcomes":0,"mean":0},"candidate":{"requests":12,"errors":0,"outcomes":0,"mean":0}}]}],
             "events":23,"state":{}}
            """);
        var shown = (await _cli.RunAsync("show", "digits-v1.2.0-large-1")).Out;
        Assert.EndsWith(
            """
            experiment in step 2 (feedback, sequential): winner
              The candidate is better: 80 % of 120.
            SLICE         STABLE                              CANDIDATE                           DIFFERENCE  INTERVAL
            de (guarded)  0.5 of 60; 200 requests, 1 failed   0.75 of 50; 190 requests, 0 failed  +0.25       -0.05 to +0.55
            fr            no outcomes; 10 requests, 0 failed  no outcomes; 12 requests, 0 failed              -

            """,
            shown,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task CheckPolicy_withAnExperiment_saysHowManyOutcomesItNeeds()
    {
        _cli.Write("policy.yaml", "schema: modelflow/policy/v1");
        _host.On("POST /api/policies/check", """{"valid":true,"digest":"sha256:abc","errors":[],"experiments":[{"path":"ramp.steps[1].experiment","plan":{"candidate":1570,"stable":29825,"sampleSize":1570}}]}""");
        Assert.Contains(
            "ramp.steps[1].experiment: about 1,570 outcomes of the candidate and 29,825 of stable; more if those of one user resemble each other",
            (await _cli.RunAsync("policy", "check", "policy.yaml")).Out,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compare_twoVersions_saysHowTheyDiffer()
    {
        _host.On("GET /api/models/digits/compare", """
            {"model":"digits","a":{"model":"digits","version":"v1.0.0","digest":"sha256:aa","bytes":1},"b":{"model":"digits","version":"v1.1.0","digest":"sha256:bb","bytes":2,"live":"stable","weight":10000},
             "signature":{"same":false,"breaking":true,"changes":["input pixels is gone"]},
             "manifest":[{"field":"lineage.parent","b":"v1.0.0"}],
             "training":[{"name":"accuracy","a":0.876,"b":0.9749,"difference":0.0989}],
             "evaluation":{"comparable":true,"together":false,"reason":"Measured in two runs: times do not compare.","confidence":0.95,"metrics":[{"name":"accuracy","a":0.876,"b":0.9749,"difference":0.0989,"interval":{"low":0.07,"high":0.12}}],"slices":[{"slice":"label=8","metric":"recall","a":0.98,"b":0.17,"difference":-0.81}],
             "predictions":{"rows":597,"bothRight":520,"onlyARight":3,"onlyBRight":62,"neitherRight":12,"flipped":67,"items":[{"row":17,"id":"d17","label":"8","a":"8","b":"3"},{"row":401,"label":"1","b":"1"}]}}}
            """);
        Assert.Equal(
            """
                            v1.0.0  v1.1.0
            digest          aa      bb
            size            1 B     2 B
            live                    stable 100 %
            registered
            first stable
            lineage.parent  -       v1.0.0

            Inputs or outputs break:
              input pixels is gone

            REPORTED BY TRAINING  v1.0.0  v1.1.0  DIFFERENCE
            accuracy              0.876   0.9749  +0.0989

            Measured in two runs: times do not compare.
            EVALUATION  v1.0.0  v1.1.0  DIFFERENCE  95 % INTERVAL
            accuracy    0.876   0.9749  +0.0989     +0.07 to +0.12

            SLICE    METRIC  v1.0.0  v1.1.0  DIFFERENCE  95 % INTERVAL
            label=8  recall  0.98    0.17    -0.81

            67 of 597 predictions flipped: only v1.0.0 had 3 right, only v1.1.0 62.
            ROW  ID   TRUE  v1.0.0   v1.1.0
            17   d17  8     8        3
            401       1     another  1
            65 more: --predictions N shows them.

            """,
            (await _cli.RunAsync("compare", "digits", "v1.0.0", "v1.1.0")).Out);
    }

    [Fact]
    public async Task Rollback_gatewayThatDidNotConfirm_isTold()
    {
        _host.On("POST /api/models/digits/rollback", """{"model":"digits","to":"v1.0.0","generation":8,"took":"00:00:12","gateways":{"confirmed":1,"known":2},"route":{}}""");
        Assert.Equal(
            """
            All traffic of digits is on v1.0.0, generation 8, in 12 s.
            1 of 2 gateways confirmed it; the others take it with their next look.

            """,
            (await _cli.RunAsync("rollback", "digits", "-m", "x")).Out);
    }

    [Fact]
    public async Task Rollback_done_saysHowLongItTook()
    {
        _host.On("POST /api/models/digits/rollback", """{"model":"digits","from":"v1.1.0","to":"v1.0.0","generation":8,"took":"00:00:00.0410000","route":{}}""");
        Assert.Equal("All traffic of digits is on v1.0.0 (was v1.1.0), generation 8, in 41 ms.\n", (await _cli.RunAsync("rollback", "digits", "-m", "x")).Out);
    }
}
