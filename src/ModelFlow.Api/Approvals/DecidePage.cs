using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.Releases;

namespace ModelFlow.Api.Approvals;

/// <summary>Writes the page behind a personal link: plain HTML without scripts.</summary>
internal sealed class DecidePage(DecideTexts texts)
{
    public const string Style = """
        :root { color-scheme: light dark; --line: #d0d7de; --soft: #57606a; --good: #1a7f37; --bad: #b42318; --accent: #0b57d0 }
        @media (prefers-color-scheme: dark) { :root { --line: #3d444d; --soft: #9da7b3; --good: #4ac26b; --bad: #ff8a80; --accent: #7ab0ff } }
        body { font: 16px/1.5 system-ui, "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif; margin: 0 auto; max-width: 46rem; padding: 1.5rem 1rem 4rem }
        h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem } h2 { font-size: 1.05rem; margin: 1.75rem 0 .5rem }
        .soft { color: var(--soft) } .good { color: var(--good) } .bad { color: var(--bad) }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: 1rem 0 } dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
        .wide { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: .9rem } th, td { text-align: start; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; font-variant-numeric: tabular-nums }
        th { color: var(--soft); font-weight: 500 } code { font-size: .85em; overflow-wrap: anywhere }
        textarea { box-sizing: border-box; width: 100%; min-height: 5rem; font: inherit; padding: .5rem; border: 1px solid var(--soft); border-radius: .375rem; background: Field; color: FieldText }
        label { display: block; margin: 1.5rem 0 .25rem } button { font: inherit; font-weight: 600; padding: .5rem 1.5rem; border-radius: .375rem; border: 1px solid currentColor; background: none; cursor: pointer; margin: 1rem .75rem 0 0 }
        :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
        """;

    private readonly StringBuilder _html = new();

    /// <summary>A page that only says something.</summary>
    public string Say(string message, Uri? page, bool good = false)
    {
        Begin(texts.Title);
        Line($"<p role=\"status\" class=\"{(good ? "good" : "bad")}\">{Text(message)}</p>");
        Link(page);
        return End();
    }

    /// <summary>The evidence and the form.</summary>
    public string Ask(ApprovalLink link, string sealedLink, ReleaseState state, ApprovalView view, string check, Uri? page, string? error, string? comment)
    {
        Begin(string.Format(CultureInfo.InvariantCulture, texts.Asked, state.Id, view.Point));
        Line($"<p class=\"soft\">{Text(string.Format(CultureInfo.InvariantCulture, texts.Hello, link.Person))} {Text(texts.Once)}</p>");
        Facts(state, view);
        Rules(view);
        Gates(state);
        Live(state);
        if (error is not null)
        {
            Line($"<p role=\"alert\" class=\"bad\">{Text(error)}</p>");
        }

        Line("<form method=\"post\" action=\"decide\" autocomplete=\"off\">");
        Line($"<input type=\"hidden\" name=\"link\" value=\"{Text(sealedLink)}\"><input type=\"hidden\" name=\"check\" value=\"{Text(check)}\">");
        Line($"<label for=\"comment\">{Text(texts.Comment)}</label><textarea id=\"comment\" name=\"comment\" maxlength=\"2000\">{Text(comment ?? "")}</textarea>");
        Line($"<button name=\"decision\" value=\"approve\" class=\"good\">{Text(texts.Approve)}</button><button name=\"decision\" value=\"reject\" class=\"bad\">{Text(texts.Reject)}</button></form>");
        Link(page);
        return End();
    }

    private void Facts(ReleaseState state, ApprovalView view)
    {
        Line("<dl>");
        Fact(texts.Version, $"{state.Id.Model} {state.Id.Version}");
        Fact(texts.ComparedWith, state.Baseline?.ToString() ?? texts.FirstVersion);
        Fact(texts.UploadedBy, state.Uploader ?? texts.Nobody);
        Fact(texts.StartedBy, state.StartedBy);
        Line($"<dt>{Text(texts.Evidence)}</dt><dd><code>{Text(view.Evidence.ToString())}</code></dd></dl>");
        if (state.BreakingSignature)
        {
            Line($"<p class=\"bad\">{Text(texts.Breaking)}</p>");
        }
    }

    private void Rules(ApprovalView view) => Table(
        texts.Rules,
        [texts.Before, texts.Given, texts.Until],
        view.Rules.Select(r => new[]
        {
            Text(r.Before + (r.From.Count > 0 ? $" ({string.Join(", ", r.From)})" : "")),
            Text($"{r.Given.Count} / {r.Required}{(r.Given.Count > 0 ? $": {string.Join(", ", r.Given)}" : "")}"),
            Text(r.ExpiresAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)),
        }));

    private void Gates(ReleaseState state) => Table(
        texts.Gates,
        [texts.Gate, "", texts.Observed, texts.Limit, texts.Why],
        state.Gates.Select(g => new[] { Text(g.Gate), Word(g.Passed ? texts.Passed : texts.Failed, g.Passed), Number(g.Observed), Number(g.Limit), $"<span lang=\"en\">{Text(g.Message)}</span>" }));

    private void Live(ReleaseState state) => Table(
        texts.Live,
        [texts.Metric, texts.Stable, texts.Candidate, texts.Verdict, texts.Why],
        (state.LastLook?.Metrics ?? []).Select(m => new[] { Text(m.Metric), Number(m.Stable), Number(m.Candidate), Text(m.Verdict.ToString()), $"<span lang=\"en\">{Text(m.Message)}</span>" }));

    private void Table(string title, IReadOnlyList<string> heads, IEnumerable<string[]> rows)
    {
        var cells = rows.ToList();
        if (cells.Count == 0)
        {
            return;
        }

        Line($"<h2>{Text(title)}</h2><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{Text(title)}\"><table><thead><tr>{string.Concat(heads.Select(h => h.Length == 0 ? "<td></td>" : $"<th scope=\"col\">{Text(h)}</th>"))}</tr></thead><tbody>");
        foreach (var row in cells)
        {
            Line($"<tr>{string.Concat(row.Select(c => $"<td>{c}</td>"))}</tr>");
        }

        Line("</tbody></table></div>");
    }

    private void Fact(string name, string value) => Line($"<dt>{Text(name)}</dt><dd>{Text(value)}</dd>");

    private void Link(Uri? page)
    {
        if (page is not null)
        {
            Line($"<p><a href=\"{Text(page.AbsoluteUri)}\">{Text(texts.Page)}</a></p>");
        }
    }

    private void Begin(string title)
    {
        Line($"<!doctype html><html lang=\"{texts.Language}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\">");
        Line($"<title>{Text(title)} – ModelFlow</title><link rel=\"stylesheet\" href=\"decide.css\"></head><body><main><h1>{Text(title)}</h1>");
    }

    private string End() => _html.Append("</main></body></html>\n").ToString();

    private void Line(string html) => _html.Append(html).Append('\n');

    private static string Word(string text, bool good) => $"<span class=\"{(good ? "good" : "bad")}\">{Text(text)}</span>";

    private static string Number(double? value) => value is { } number ? Text(number.ToString("0.#####", CultureInfo.InvariantCulture)) : "–";

    private static string Text(string text) => HtmlEncoder.Default.Encode(text);
}
