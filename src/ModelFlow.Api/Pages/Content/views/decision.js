// One decision: the evidence and the answer on one screen.
import { get, newRequestId, post } from "../api.js";
import { tags } from "../dom.js";
import { badge, bytes, crumbs, digest, facts, heading, path, problemBox, releaseLink, said, section, standing, textField, versionLink, when, whenKnown } from "../parts.js";
import { t } from "../text.js";
import { metrics } from "./compare.js";
import { approvalFacts } from "./evidence.js";
import { liveCharts } from "./live.js";
import { gates } from "./release.js";
import { reports } from "./version.js";

const { a, button, div, form, h2, li, p, ul } = tags;

export default function decision(page, { release }) {
  const at = `/api/releases/${encodeURIComponent(release)}`;
  const state = { comment: "", busy: null, problem: undefined, hover: { at: null } };
  const detail = page.follow(signal => get(at, signal), 3000);
  const mine = page.follow(async signal => (await get("/api/approvals", signal)).items.find(i => i.release === release) ?? null, 3000);
  let requestId = newRequestId();
  let version;
  let comparison;
  let analysis;

  // What never changes while one decides is asked for once, when it is known of what.
  function more(value) {
    const of = `/api/models/${encodeURIComponent(value.model)}`;
    version ??= page.follow(signal => get(`${of}/versions/${encodeURIComponent(value.version)}`, signal));
    if (value.baseline) {
      comparison ??= page.follow(signal => get(`${of}/compare?${new URLSearchParams({ a: value.baseline, b: value.version })}`, signal));
    }
    if (value.lastLook) {
      analysis ??= page.follow(signal => get(`${at}/analysis?points=300`, signal));
    }
  }

  // The decision is bound to what was on the screen: if other evidence is asked about meanwhile, the server refuses it.
  async function decide(decision, seen) {
    if (decision === "reject" && !state.comment.trim()) {
      state.problem = { message: t("decision.why") };
      page.update();
      document.getElementById("field-comment").focus();
      return;
    }
    Object.assign(state, { busy: decision, problem: undefined });
    page.update();
    try {
      await post(`${at}/decisions`, { decision, evidence: seen, comment: state.comment.trim() || undefined, requestId });
      requestId = newRequestId();
      state.comment = "";
      page.tell(t(`decision.${decision}.done`, { release }));
      detail.refresh();
      mine.refresh();
    } catch (problem) {
      state.problem = problem.body ? problem : { message: t("lost.try") };
    }
    state.busy = null;
    page.update();
  }

  function answer(value) {
    if (!value.approval || value.outcome) {
      return div({ class: "card decide" }, h2(t("decision")), p(t("decision.over")), p(standing(value), " ", releaseLink(release)));
    }
    if (!page.may("approver", value.model)) {
      return div({ class: "card decide" }, h2(t("decision")), approvalFacts(value), p({ class: "muted" }, t("decision.notyou")));
    }
    const approved = value.approvals.some(g => g.by === page.name);
    const act = (kind, style) => button({ type: "button", class: style, "aria-disabled": Boolean(state.busy), onClick: () => state.busy || decide(kind, value.approval.evidence) }, state.busy === kind ? t("working") : t(`decision.${kind}`));
    return div({ class: "card decide" },
      h2(t("decision")),
      approvalFacts(value),
      approved ? p(t("decision.mine")) : mine.value?.mayDecide === false ? p(badge("warn", t("approvals.notyou")), " ", said(mine.value.whyNot)) : null,
      form({ onSubmit: e => e.preventDefault() },
        textField({ page, state, name: "comment", label: t("comment"), hint: t("decision.comment"), lines: 3 }),
        problemBox(state.problem),
        div({ class: "actions start" }, approved || mine.value?.mayDecide === false ? null : act("approve", "primary"), act("reject", "danger"), approved ? act("withdraw") : null)));
  }

  function evidence(value) {
    more(value);
    const v = version.value;
    return div(
      section(t("release.gates"), gates(value.gates)),
      comparison ? section(t("decision.comparison"), whenKnown(comparison, c => c.evaluation
        ? [metrics(t("compare.evaluation"), c.evaluation.metrics, value.baseline, value.version, c.evaluation.confidence), p(a({ href: `${path("models", value.model, "compare")}?${new URLSearchParams({ a: value.baseline, b: value.version })}` }, t("decision.whole")))]
        : p({ class: "nothing" }, t("compare.noevaluation")))) : null,
      comparison?.value?.signature?.changes.length > 0 ? section(t("compare.signature"), ul(comparison.value.signature.changes.map(c => li({ key: c }, said(c))))) : null,
      analysis ? section(t("release.live"), whenKnown(analysis, x => liveCharts(page, x, state.hover))) : null,
      section(t("version"), v ? facts([
        [t("version"), versionLink(value.model, value.version)], [t("digest"), digest(v.digest)], [t("size"), bytes(v.bytes)], [t("uploader"), value.uploader ?? t("unknown")], [t("owner"), v.manifest?.owner],
        [t("version.commit"), v.manifest?.lineage?.gitCommit], [t("version.dataset"), v.manifest?.lineage?.dataset?.name], [t("registered"), when(v.registeredAt)], [t("description"), v.manifest?.description],
      ]) : p({ class: "nothing" }, t("loading"))),
      value.reports.length > 0 ? section(t("reports"), reports(release, value.reports)) : null);
  }

  return {
    title: () => t("decision.title", { release }),
    render: () => [
      crumbs(a({ href: path("approvals") }, t("nav.approvals")), release),
      heading(t("decision.title", { release: detail.value ? `${detail.value.model} ${detail.value.version}` : release })),
      p(releaseLink(release)),
      whenKnown(detail, value => div({ class: "columns decision" }, evidence(value), div({ class: "side" }, answer(value)))),
    ],
  };
}
