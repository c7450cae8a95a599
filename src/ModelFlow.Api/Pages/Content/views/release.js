// A release as a story: where it stands, what it passed, what live traffic says, and everything that happened.
import { get, newRequestId, post } from "../api.js";
import { tags } from "../dom.js";
import { ask, badge, crumbs, digest, facts, heading, list, modelLink, nothing, path, problemBox, said, section, standing, textField, versionLink, when, whenKnown } from "../parts.js";
import { followEvents } from "../stream.js";
import { number, percent, points, pointsInterval, shortDigest, shortTime, t, weight, word } from "../text.js";
import { approvalFacts } from "./evidence.js";
import { liveCharts } from "./live.js";
import { reports } from "./version.js";

const { a, button, code, details, div, li, ol, p, pre, span, summary } = tags;

// The stages of the story, in its order, and the steps that people see.
const steps = ["registering", "inspecting", "smokeTesting", "evaluating", "awaitingApproval", "loading", "ramping", "promoting"];
const stepOf = { awaitingTurn: "loading", shadowing: "ramping" };

export default function release(page, { release }) {
  const at = `/api/releases/${encodeURIComponent(release)}`;
  const state = { events: [], oldestFirst: false, verified: undefined, problem: undefined, dialog: null, hover: { at: null } };
  const detail = page.follow(signal => get(at, signal), 4000);
  let analysis;

  followEvents(release, events => {
    state.events.push(...events);
    detail.refresh();
    const told = events.findLast(e => e.kind !== "looked" && e.kind !== "leaseRenewed");
    if (told && state.events.length > events.length) {
      page.announce(`${word("event", told.kind)}: ${told.message}`);
    }
    page.update();
  }, page.signal).catch(problem => {
    state.problem = problem;
    page.update();
  });

  // Asked for as long as traffic moves, and once more at the end; before that there is nothing to see.
  function watch(value) {
    const moved = value.lastLook || value.state?.askedForTraffic || value.experiments.length > 0;
    if (moved && !analysis) {
      analysis = page.follow(signal => get(`${at}/analysis?points=400`, signal), value.outcome ? undefined : 2500);
    } else if (analysis && value.outcome && analysis.value && analysis.value.outcome !== value.outcome && !watch.last) {
      watch.last = true;
      analysis.refresh();
    }
  }

  function ask1(kind, danger) {
    const inner = { comment: "", busy: false };
    const requestId = newRequestId();
    state.dialog = () => ask({
      page, state: inner, danger, title: t(`release.${kind}.title`, { release }), action: t(`release.${kind}`), closed: close,
      run: async () => {
        if (kind === "retry") {
          const { release: next } = await post("/api/releases", { model: detail.value.model, version: detail.value.version, requestId });
          location.hash = path("releases", next);
          return t("release.retry.done", { release: next });
        }
        await post(`${at}/${kind}`, { comment: inner.comment.trim() || undefined, requestId });
        detail.refresh();
        return t(`release.${kind}.done`);
      },
    }, p(t(`release.${kind}.what`, { version: detail.value.version, stable: detail.value.baseline ?? t("none") })),
    kind === "retry" ? null : textField({ page, state: inner, name: "comment", label: t("comment") }));
    page.update();
  }

  function close() {
    state.dialog = null;
    page.update();
  }

  function actions(value) {
    const operator = page.may("operator", value.model);
    const running = !value.outcome;
    const act = (kind, danger) => button({ key: kind, type: "button", class: danger ? "danger" : "", onClick: () => ask1(kind, danger) }, t(`release.${kind}`));
    return div({ class: "actions start" },
      value.approval && running ? a({ class: "button primary", href: path("approvals", release) }, t(page.may("approver", value.model) ? "release.decide" : "release.evidence")) : null,
      operator && running && !value.paused ? act("pause") : null,
      operator && running && value.paused ? act("resume") : null,
      operator && running && ["ramping", "shadowing"].includes(value.stage) ? act("promote") : null,
      operator && running ? act("abort", true) : null,
      operator && !running && value.outcome !== "stable" ? act("retry") : null);
  }

  function rail(value) {
    const seen = [...state.events.map(e => e.stage), value.outcome ? "" : value.stage].map(s => steps.indexOf(stepOf[s] ?? s)).filter(i => i >= 0);
    const reached = value.outcome === "stable" ? steps.length : Math.max(0, ...seen);
    const failed = value.failure || (value.outcome && value.outcome !== "stable");
    const kind = i => i < reached ? "done" : i > reached ? "ahead" : failed ? "failed" : "now";
    return ol({ class: "rail", "aria-label": t("release.rail") }, steps.map((step, i) =>
      li({ key: step, class: kind(i), "aria-current": kind(i) === "now" ? "step" : undefined }, span({ class: "dot", "aria-hidden": "true" }), t(`step.${step}`), span({ class: "unseen" }, ` (${t(`rail.${kind(i)}`)})`))));
  }

  function show(value) {
    watch(value);
    return [
      div({ class: "card story" },
        div({ class: "head" }, standing(value), value.paused && !value.outcome ? badge("warn", t("paused")) : null, value.weight === undefined ? null : span({ class: "num" }, t("release.weight", { weight: weight(value.weight) }))),
        value.reason ? p({ class: "reason" }, said(value.reason)) : null,
        value.waitingFor ? p(t("release.waits"), " ", said(value.waitingFor)) : null,
        rail(value),
        facts([
          [t("version"), versionLink(value.model, value.version)],
          [t("release.against"), value.baseline ? [versionLink(value.model, value.baseline), " ", a({ href: `${path("models", value.model, "compare")}?${new URLSearchParams({ a: value.baseline, b: value.version })}` }, t("compare"))] : t("release.first")],
          [t("startedby"), value.startedBy],
          [t("uploader"), value.uploader ?? t("unknown")],
          [t("started"), when(value.startedAt)],
          [t("ended"), value.endedAt && when(value.endedAt)],
          [t("policy"), digest(value.policy)],
        ]),
        value.signals.length > 0 ? p({ class: "muted" }, t("release.signals", { list: value.signals.map(s => `${s.kind} (${s.by})`).join(", ") })) : null,
        actions(value)),
      div({ class: "columns" },
        div(
          analysis ? section(t("release.live"), whenKnown(analysis, v => liveCharts(page, v, state.hover))) : null,
          value.experiments.length > 0 ? section(t("release.experiments"), value.experiments.map(experiment)) : null,
          value.gates.length > 0 ? section(t("release.gates"), gates(value.gates)) : null,
          section(t("release.approvals"), approvalFacts(value)),
          value.reports.length > 0 ? section(t("reports"), reports(release, value.reports)) : null),
        div(timeline())),
    ];
  }

  function timeline() {
    const events = state.oldestFirst ? state.events : [...state.events].reverse();
    return section(t("release.events"),
      div({ class: "filters" },
        button({ type: "button", "aria-pressed": state.oldestFirst, onClick: () => {
          state.oldestFirst = !state.oldestFirst;
          page.update();
        } }, t("release.oldest")),
        button({ type: "button", onClick: verify }, t("audit.verify")),
        state.verified ? chain(state.verified) : null),
      problemBox(state.problem),
      events.length === 0 && !state.problem ? nothing(t("loading")) : ol({ class: "timeline" }, events.map(event)));
  }

  async function verify() {
    try {
      state.verified = await get(`${at}/events/verify`, page.signal);
      page.announce(t(state.verified.intact ? "audit.intact" : "audit.broken", { n: state.verified.entries, at: state.verified.brokenAt }));
    } catch (problem) {
      state.problem = problem;
    }
    page.update();
  }

  return {
    title: () => release,
    render: () => [
      crumbs(a({ href: path("models") }, t("nav.models")), detail.value ? modelLink(detail.value.model) : "…", t("release")),
      heading(detail.value?.version ?? release, detail.value ? span({ class: "muted attempt" }, " ", t("release.attempt", { attempt: detail.value.attempt })) : null),
      whenKnown(detail, show),
      state.dialog?.(),
    ],
  };
}

const goods = new Set(["approved", "stepPassed", "shadowPassed", "promoted"]);
const bads = new Set(["rejected", "harmFound", "failed", "leaseLapsing", "retrying", "approvalsLapsed"]);

function event(e) {
  const kind = e.kind === "ended" ? e.data?.outcome === "stable" ? "good" : "bad" : goods.has(e.kind) ? "good" : bads.has(e.kind) ? "bad" : ["trafficShifted", "stageEntered"].includes(e.kind) ? "main" : "";
  return li({ key: e.seq, class: kind },
    div({ class: "line" }, span({ class: "num muted", title: e.at }, shortTime(e.at)), " ", span({ class: "kind" }, e.kind === "stageEntered" ? word("stage", e.stage) : word("event", e.kind)), e.by === "modelflow" ? null : span({ class: "by" }, " ", t("by", { name: e.by }))),
    p(said(e.message)),
    details(summary(span({ class: "unseen" }, t("release.record"), " "), `#${e.seq} `, code(shortDigest(e.hash))), pre({ tabindex: 0 }, JSON.stringify({ data: e.data, previousHash: e.previousHash, hash: e.hash }, null, 2))));
}

/** Whether a chain of hashes holds. */
export const chain = check => span({ role: "status" }, badge(check.intact ? "good" : "bad", t(check.intact ? "audit.intact" : "audit.broken", { n: check.entries, at: check.brokenAt })), check.reason ? [" ", said(check.reason)] : null);

/** The gates with their numbers. */
export const gates = items => list({
  caption: t("release.gates"), rows: items, keyOf: (g, i) => `${g.gate}${i}`, rowClass: g => g.passed ? "" : "refused", empty: t("release.nogates"),
  columns: [
    { title: t("gate"), cell: g => word("gate", g.gate) },
    { title: t("result"), cell: g => badge(g.passed ? "good" : "bad", t(g.passed ? "passed" : "refused")) },
    { title: t("observed"), cell: g => number(g.observed), num: true },
    { title: t("limit"), cell: g => number(g.limit), num: true },
    { title: t("reason"), cell: g => span({ class: "reason" }, said(g.message)) },
  ],
});

const verdictKinds = { winner: "good", loser: "bad", noDifference: "dim", inconclusive: "dim", running: "busy" };

function experiment(x) {
  return div({ key: x.step, class: "card" },
    div({ class: "head" }, badge(verdictKinds[x.verdict] ?? "dim", word("experiment", x.verdict)), span(t("release.step", { step: x.step + 1 }), " · ", word("metric", x.metric))),
    p(said(x.message)),
    facts([
      [t("live.stable"), t("release.outcomes", { n: x.stable.outcomes, mean: percent(x.stable.mean) })],
      [t("live.candidate"), t("release.outcomes", { n: x.candidate.outcomes, mean: percent(x.candidate.mean) })],
      [t("difference"), x.effect === undefined ? undefined : points(x.effect)],
      [t("interval"), x.interval && pointsInterval(x.interval)],
    ]));
}
