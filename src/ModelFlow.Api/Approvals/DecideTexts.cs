using Microsoft.AspNetCore.Http;

namespace ModelFlow.Api.Approvals;

/// <summary>What the page behind a personal link says, in the language that the browser asks for: English or Simplified Chinese.</summary>
internal sealed record DecideTexts
{
    public required string Language { get; init; }

    public required string Title { get; init; }

    public required string Hello { get; init; }

    public required string Asked { get; init; }

    public required string Version { get; init; }

    public required string ComparedWith { get; init; }

    public required string FirstVersion { get; init; }

    public required string Breaking { get; init; }

    public required string UploadedBy { get; init; }

    public required string Nobody { get; init; }

    public required string StartedBy { get; init; }

    public required string Evidence { get; init; }

    public required string Rules { get; init; }

    public required string Before { get; init; }

    public required string Given { get; init; }

    public required string Until { get; init; }

    public required string Gates { get; init; }

    public required string Gate { get; init; }

    public required string Passed { get; init; }

    public required string Failed { get; init; }

    public required string Observed { get; init; }

    public required string Limit { get; init; }

    public required string Why { get; init; }

    public required string Live { get; init; }

    public required string Metric { get; init; }

    public required string Stable { get; init; }

    public required string Candidate { get; init; }

    public required string Verdict { get; init; }

    public required string Comment { get; init; }

    public required string CommentNeeded { get; init; }

    public required string Approve { get; init; }

    public required string Reject { get; init; }

    public required string Once { get; init; }

    public required string Recorded { get; init; }

    public required string NotValid { get; init; }

    public required string Expired { get; init; }

    public required string Used { get; init; }

    public required string Over { get; init; }

    public required string Changed { get; init; }

    public required string NotYou { get; init; }

    public required string Forged { get; init; }

    public required string TooMany { get; init; }

    public required string Page { get; init; }

    /// <summary>The texts for a request.</summary>
    public static DecideTexts For(HttpRequest request)
    {
        var best = request.GetTypedHeaders().AcceptLanguage.OrderByDescending(l => l.Quality ?? 1)
            .Select(l => l.Value.Value ?? "").FirstOrDefault(l => l.StartsWith("zh", StringComparison.OrdinalIgnoreCase) || l.StartsWith("en", StringComparison.OrdinalIgnoreCase));
        return best?.StartsWith("zh", StringComparison.OrdinalIgnoreCase) == true ? Chinese : English;
    }

    private static DecideTexts English { get; } = new()
    {
        Language = "en",
        Title = "Approve or reject",
        Hello = "This page decides as {0}.",
        Asked = "{0} asks before: {1}",
        Version = "Version",
        ComparedWith = "Compared with",
        FirstVersion = "nothing: it is the model's first version",
        Breaking = "Its inputs or outputs break with the stable version's.",
        UploadedBy = "Uploaded by",
        Nobody = "nobody knows",
        StartedBy = "Started by",
        Evidence = "Evidence",
        Rules = "What is needed",
        Before = "Before",
        Given = "Given",
        Until = "Until",
        Gates = "Gates",
        Gate = "Gate",
        Passed = "passed",
        Failed = "failed",
        Observed = "Observed",
        Limit = "Limit",
        Why = "Why",
        Live = "Live traffic",
        Metric = "Metric",
        Stable = "Stable",
        Candidate = "Candidate",
        Verdict = "Verdict",
        Comment = "Comment",
        CommentNeeded = "A rejection needs a comment that says why.",
        Approve = "Approve",
        Reject = "Reject",
        Once = "The link works for one decision.",
        Recorded = "Your decision is recorded; the release takes it in within seconds.",
        NotValid = "This link is not valid. Open it exactly as it was sent.",
        Expired = "This link has expired.",
        Used = "This link was used: it works for one decision.",
        Over = "The release has ended.",
        Changed = "Something else is asked by now, so this link decides nothing any more.",
        NotYou = "Your approval would not count: {0}.",
        Forged = "The form was not sent from this page, or was open for too long. Load the page again.",
        TooMany = "Too many links that are not valid came from your address. Wait a little.",
        Page = "The release's page",
    };

    private static DecideTexts Chinese { get; } = new()
    {
        Language = "zh-CN",
        Title = "批准或驳回",
        Hello = "本页面以 {0} 的身份作出决定。",
        Asked = "{0} 请求审批，阶段：{1}",
        Version = "版本",
        ComparedWith = "对比版本",
        FirstVersion = "无：这是该模型的首个版本",
        Breaking = "输入或输出与稳定版本不兼容。",
        UploadedBy = "上传者",
        Nobody = "未知",
        StartedBy = "发起者",
        Evidence = "证据",
        Rules = "审批要求",
        Before = "阶段",
        Given = "已批准",
        Until = "截止时间",
        Gates = "门禁",
        Gate = "门禁项",
        Passed = "通过",
        Failed = "未通过",
        Observed = "实测值",
        Limit = "阈值",
        Why = "说明",
        Live = "线上流量",
        Metric = "指标",
        Stable = "稳定版本",
        Candidate = "候选版本",
        Verdict = "结论",
        Comment = "备注",
        CommentNeeded = "驳回时必须填写理由。",
        Approve = "批准",
        Reject = "驳回",
        Once = "此链接只能用于一次决定。",
        Recorded = "您的决定已记录，发布流程将在数秒内生效。",
        NotValid = "链接无效，请按收到的原样打开。",
        Expired = "链接已过期。",
        Used = "链接已被使用：它只能用于一次决定。",
        Over = "该发布已经结束。",
        Changed = "当前审批内容已发生变化，此链接不再有效。",
        NotYou = "您的批准不会被计入：{0}。",
        Forged = "表单并非由本页面提交，或打开时间过长，请重新加载页面。",
        TooMany = "您的地址发来了过多无效链接，请稍候再试。",
        Page = "发布详情页",
    };
}
