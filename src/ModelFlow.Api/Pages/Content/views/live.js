// What live traffic says of a release, as charts: weight, and each watched metric with its interval, tolerance and verdict.
import { chart } from "../charts.js";
import { tags } from "../dom.js";
import { said, verdictBadge } from "../parts.js";
import { count, number, percent, points, t, time, weight, word } from "../text.js";

const { details, div, h3, meter, p, section, span, summary, table, tbody, td, th, thead, tr } = tags;

const ms = at => new Date(at).getTime();

/** The looks at one metric over all steps. */
function joined(steps) {
  const all = new Map();
  for (const step of steps) {
    for (const metric of step.metrics) {
      const before = all.get(metric.metric);
      all.set(metric.metric, { ...metric, points: [...(before?.points ?? []), ...metric.points.map(point => ({ ...point, ms: ms(point.at) }))] });
    }
  }
  return [...all.values()].filter(m => m.points.length > 0);
}

/** The last look at or before a time. */
const lookAt = (list, at) => at === null ? list.at(-1) : list.findLast(point => point.ms <= at) ?? list[0];

const effectText = (metric, x) => x === undefined || x === null ? "–" : metric.comparedAs === "ratio" ? t("unit.times", { value: number(x) }) : points(x);
const valueText = (metric, x) => metric.comparedAs === "ratio" ? t("unit.ms", { value: number(x) }) : percent(x);

/** All charts. `hover` is { at }, shared by them. */
export function liveCharts(page, analysis, hover) {
  const { series, outcome } = analysis;
  const { steps, shadow } = series;
  if (steps.length === 0) {
    return shadow ? div({ class: "live" }, shadowPart(page, shadow, hover), notes(series)) : p({ class: "nothing" }, t("live.none"));
  }
  const metrics = joined(steps);
  const from = ms(steps[0].from);
  const last = steps.at(-1);
  const end = Math.max(last.to ? ms(last.to) : 0, ...metrics.map(m => m.points.at(-1).ms), from + 1000);
  const shared = {
    x: [from - (end - from) * 0.02, end + (end - from) * 0.02],
    marks: steps.map(s => ms(s.from)),
    at: hover.at,
    onPoint: at => {
      hover.at = at;
      page.update();
    },
  };
  return div({ class: "live" },
    weights(steps, outcome, last.to ? ms(last.to) : end, shared),
    metrics.map(m => metricPart(m, shared, hover.at)),
    shadow ? shadowPart(page, shadow, hover) : null,
    notes(series),
    budget(series.budget));
}

const notes = series => series.notes.map(note => p({ key: note, class: "muted" }, said(note)));

/** The shadow step before the first weight: its own stretch of time, and pairs of answers in place of requests. */
function shadowPart(page, shadow, hover) {
  const metrics = joined([shadow]);
  const from = ms(shadow.from);
  const end = Math.max(shadow.to ? ms(shadow.to) : 0, ...metrics.map(m => m.points.at(-1).ms), from + 1000);
  const within = hover.at !== null && hover.at >= from && hover.at <= end ? hover.at : null;
  const shared = {
    x: [from, end], marks: [], at: within, times: true,
    onPoint: at => {
      hover.at = at;
      page.update();
    },
  };
  return div({ class: "live" },
    div({ class: "head" }, h3(t("live.shadowstep", { share: weight(shadow.share), pairs: count(shadow.pairs) })), verdictBadge(shadow.verdict)),
    metrics.map(m => metricPart(m, shared, within)));
}

function weights(steps, outcome, end, shared) {
  const after = outcome === "stable" ? 10000 : outcome ? 0 : steps.at(-1).weight;
  const line = [[shared.x[0], 0], ...steps.map(s => [ms(s.from), s.weight]), [end, after], [shared.x[1], after]];
  const now = hoverValue(line, shared.at) ?? after;
  return chart({
    ...shared, title: t("live.weight"), aside: weight(now), height: 64, y: [0, 10000], format: weight, times: true,
    summary: t("live.weight.summary", { steps: steps.map(s => weight(s.weight)).join(", ") }), lines: [{ class: "candidate", points: line, step: true }],
  });
}

const hoverValue = (line, at) => at === null ? undefined : line.findLast(([x]) => x <= at)?.[1];

function metricPart(metric, shared, at) {
  const look = lookAt(metric.points, at);
  const ratio = metric.comparedAs === "ratio";
  const unchanged = ratio ? 1 : 0;
  const limit = metric.tolerance;
  const effects = metric.points.map(point => point.effect).filter(Number.isFinite);
  const values = metric.points.flatMap(point => [point.stable, point.candidate]).filter(Number.isFinite);
  const top = Math.max(limit * 1.6, ...effects.map(e => e * 1.15), unchanged);
  const bottom = ratio ? 0 : Math.min(-limit * 0.6, ...effects.map(e => e * 1.15));
  const highest = Math.max(...values, ratio ? 0 : Math.min(limit, 1)) * 1.15 || 1;
  const name = word("metric", metric.metric);
  const key = kind => [span({ class: `swatch ${kind}`, "aria-hidden": "true" }), t(`live.${kind}`), " ", span({ class: "num" }, valueText(metric, look[kind]))];
  return section({ key: metric.metric, class: "metric" },
    div({ class: "head" }, h3(name), verdictBadge(look.verdict), span({ class: "muted num" }, at === null ? "" : time(look.ms))),
    p({ class: "message" }, said(at === null ? metric.message : "")),
    chart({
      ...shared, height: 72, y: [0, highest], format: v => valueText(metric, v), aside: span(key("stable"), " ", key("candidate")),
      title: t("live.values"), summary: t("live.values.summary", { name, stable: valueText(metric, look.stable), candidate: valueText(metric, look.candidate) }),
      lines: [{ class: "stable", points: metric.points.map(point => [point.ms, point.stable]) }, { class: "candidate", points: metric.points.map(point => [point.ms, point.candidate]) }],
    }),
    chart({
      ...shared, height: 88, y: [bottom, top], format: v => effectText(metric, v),
      title: t(ratio ? "live.ratio" : "live.difference"),
      aside: span({ class: "num" }, effectText(metric, look.effect), look.interval ? ` [${effectText(metric, look.interval.low)} … ${look.interval.high === null || look.interval.high === undefined ? "∞" : effectText(metric, look.interval.high)}]` : ""),
      summary: t("live.effect.summary", { name, effect: effectText(metric, look.effect), limit: effectText(metric, limit), verdict: word("verdict", look.verdict) }),
      bands: [{ class: "interval", points: metric.points.filter(point => point.interval).map(point => [point.ms, point.interval.low, point.interval.high ?? top]) }],
      rules: [{ class: "unchanged", at: unchanged }, { class: "limit", at: limit }],
      lines: [{ class: "candidate", points: metric.points.map(point => [point.ms, point.effect]) }],
    }),
    div({ class: "evidence" }, evidence("harm", look.towardHarm), evidence("health", look.towardHealth), span({ class: "muted" }, t("live.requests", { stable: count(look.stableRequests), candidate: count(look.candidateRequests) }))),
    details(summary(t("live.table")), looks(metric)));
}

function evidence(kind, value) {
  if (value === undefined || value === null) {
    return null;
  }
  return span({ class: `toward ${kind}` }, t(`live.toward.${kind}`), " ", meter({ min: 0, max: 1, value, "aria-label": t(`live.toward.${kind}`) }, percent(value)), " ", span({ class: "num" }, percent(Math.round(value * 100) / 100)));
}

// The newest looks, newest first: what the charts show, for those who do not see them.
function looks(metric) {
  return div({ class: "scroller", tabindex: 0, role: "region", "aria-label": word("metric", metric.metric) }, table(
    thead(tr([t("time"), t("live.stable"), t("live.candidate"), t(metric.comparedAs === "ratio" ? "live.ratio" : "live.difference"), t("verdict")].map(title => th({ scope: "col" }, title)))),
    tbody(metric.points.slice(-20).reverse().map(point => tr({ key: point.ms },
      th({ scope: "row", class: "num" }, time(point.ms)), td({ class: "num" }, valueText(metric, point.stable)), td({ class: "num" }, valueText(metric, point.candidate)),
      td({ class: "num" }, effectText(metric, point.effect)), td(word("verdict", point.verdict)))))));
}

const budget = b => p({ class: "muted" }, t("live.budget", { whole: percent(b.whole), attempt: percent(b.thisAttempt) }));
