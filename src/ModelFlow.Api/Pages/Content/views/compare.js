// Two versions side by side.
import { get } from "../api.js";
import { tags } from "../dom.js";
import { bytes, choice, crumbs, digest, heading, list, modelLink, path, releaseLink, said, section, versionLink, when, whenKnown } from "../parts.js";
import { count, number, percent, points, pointsInterval, signed, t, word } from "../text.js";

const { a, code, div, li, p, span, strong, ul } = tags;

// Of what more is better, and of what less is; the rest has no colour.
const better = { accuracy: 1, macroF1: 1, choiceAccuracy: 1, tokensPerSecond: 1, throughputRowsPerSecond: 1, recall: 1, calibrationError: -1, perplexity: -1, bitsPerByte: -1, loadTimeMs: -1, memoryBytes: -1 };
const direction = name => better[name] ?? (/latency|timeToFirst/.test(name) ? -1 : 0);
const shares = new Set(["accuracy", "macroF1", "choiceAccuracy", "recall", "calibrationError"]);

const value = (name, x) => x === undefined || x === null ? "–" : shares.has(name) ? percent(x) : name === "memoryBytes" ? bytes(x) : number(x);

/** A difference with its sign in words of colour: better, worse or neither. */
export function difference(name, x) {
  if (x === undefined || x === null) {
    return "–";
  }
  const sense = Math.sign(x) * direction(name);
  return span({ class: sense > 0 ? "better" : sense < 0 ? "worse" : "" }, shares.has(name) ? points(x) : name === "memoryBytes" ? `${x < 0 ? "−" : "+"}${bytes(Math.abs(x))}` : signed(x),
    sense === 0 ? null : span({ class: "unseen" }, ` (${t(sense > 0 ? "better" : "worse")})`));
}

/** Metrics of both versions. */
export const metrics = (caption, rows, a1, b1, confidence) => list({
  caption, rows, keyOf: m => `${m.slice ?? ""}${m.metric ?? m.name}`, empty: t("compare.nonumbers"),
  columns: [
    rows.some(m => m.slice) && { title: t("slice"), cell: m => code(m.slice) },
    { title: t("metric"), cell: m => word("metric", m.metric ?? m.name) },
    { title: a1, cell: m => value(m.metric ?? m.name, m.a), num: true },
    { title: b1, cell: m => value(m.metric ?? m.name, m.b), num: true },
    { title: t("difference"), cell: m => difference(m.metric ?? m.name, m.difference), num: true },
    rows.some(m => m.interval) && { title: t("compare.interval", { confidence: percent(confidence) }), cell: m => interval(m), num: true },
  ],
});

function interval({ metric, name, interval: bounds }) {
  if (!bounds) {
    return "";
  }
  return shares.has(metric ?? name) ? pointsInterval(bounds) : `${signed(bounds.low)} … ${signed(bounds.high)}`;
}

function flipped(predictions, a1, b1) {
  const answer = (text, label) => text === label ? span({ class: "better" }, text, span({ class: "unseen" }, ` (${t("compare.right")})`)) : text ?? t("compare.another");
  const items = predictions.items;
  return [
    p(t("compare.flipped", { flipped: count(predictions.flipped), rows: count(predictions.rows), a: a1, b: b1, onlyA: count(predictions.onlyARight), onlyB: count(predictions.onlyBRight) })),
    list({
      caption: t("compare.predictions"), rows: items, keyOf: i => i.row, empty: t("compare.noflips"),
      columns: [
        { title: t("compare.row"), cell: i => count(i.row) },
        items.some(i => i.id !== undefined) && { title: "id", cell: i => i.id ?? "" },
        { title: t("compare.label"), cell: i => i.label },
        { title: a1, cell: i => answer(i.a, i.label) },
        { title: b1, cell: i => answer(i.b, i.label) },
      ],
    }),
    items.length < predictions.flipped ? p({ class: "muted" }, t("compare.more", { more: count(predictions.flipped - items.length) })) : null,
  ];
}

export default function compare(page, { model }, query) {
  const state = { a: query.a ?? "stable", b: query.b ?? "stable" };
  const at = `/api/models/${encodeURIComponent(model)}`;
  const versions = page.follow(signal => get(`${at}/versions`, signal));
  const ask = signal => get(`${at}/compare?${new URLSearchParams({ a: state.a, b: state.b })}`, signal);
  const both = page.follow(ask);
  const files = page.follow(signal => Promise.all([state.a, state.b].map(v => get(`${at}/versions/${encodeURIComponent(v)}`, signal))));

  const go = () => {
    location.hash = `${path("models", model, "compare")}?${new URLSearchParams(state)}`;
  };

  function choices() {
    const options = (versions.value?.items ?? []).map(v => ({ value: v.version, text: v.version }));
    const with1 = name => options.some(o => o.value === state[name]) ? options : [{ value: state[name], text: state[name] }, ...options];
    return div({ class: "filters" }, ["a", "b"].map(name => choice({ id: name, label: t(`compare.${name}`), value: state[name], options: with1(name), onChange: v => {
      state[name] = v;
      go();
    } })));
  }

  function side(v, letter) {
    return div({ class: "card" },
      p({ class: "muted" }, t(`compare.${letter}`)),
      p(strong(versionLink(model, v.version)), " ", v.live ? span({ class: `badge ${v.live}` }, t(`live.${v.live}`)) : null),
      p({ class: "muted" }, digest(v.digest), " · ", bytes(v.bytes), " · ", v.uploader ?? t("unknown"), " · ", when(v.registeredAt)));
  }

  function show(c) {
    const [a1, b1] = [c.a.version, c.b.version];
    const evaluation = c.evaluation;
    const slices = (evaluation?.slices ?? []).filter(s => s.metric === "recall").sort((x, y) => Math.abs(y.difference ?? 0) - Math.abs(x.difference ?? 0));
    return [
      div({ class: "cards two" }, side(c.a, "a"), side(c.b, "b")),
      section(t("compare.signature"), c.signature
        ? [p(span({ class: `badge ${c.signature.same ? "good" : c.signature.breaking ? "bad" : "warn"}` }, t(c.signature.same ? "compare.same" : c.signature.breaking ? "compare.breaking" : "compare.compatible"))),
          ul(c.signature.changes.map(change => li({ key: change }, said(change))))]
        : p({ class: "nothing" }, t("compare.nosignature"))),
      section(t("compare.evaluation"), evaluation ? [
        p({ class: "muted" }, t(evaluation.together ? "compare.together" : evaluation.comparable ? "compare.apart" : "compare.otherrows"), " ",
          t("compare.reports"), " ", releaseLink(evaluation.reportOfA), evaluation.reportOfB === evaluation.reportOfA ? null : [", ", releaseLink(evaluation.reportOfB)]),
        metrics(t("compare.evaluation"), evaluation.metrics, a1, b1, evaluation.confidence),
      ] : p({ class: "nothing" }, t("compare.noevaluation"))),
      slices.length > 0 ? section(t("compare.slices"), metrics(t("compare.slices"), slices, a1, b1, evaluation.confidence)) : null,
      evaluation?.predictions ? section(t("compare.predictions"), flipped(evaluation.predictions, a1, b1)) : null,
      c.training.length > 0 ? section(t("compare.training"), metrics(t("compare.training"), c.training, a1, b1)) : null,
      section(t("compare.manifest"), list({
        caption: t("compare.manifest"), rows: c.manifest, keyOf: f => f.field, empty: t("compare.nodifference"),
        columns: [{ title: t("field"), cell: f => code(f.field) }, { title: a1, cell: f => f.a ?? "–" }, { title: b1, cell: f => f.b ?? "–" }],
      })),
      section(t("files"), whenKnown(files, ([x, y]) => fileTable(x, y, a1, b1))),
    ];
  }

  function fileTable(x, y, a1, b1) {
    const of = v => Object.fromEntries((v.manifest?.files ?? []).map(f => [f.path, f]));
    const [fa, fb] = [of(x), of(y)];
    return list({
      caption: t("files"), rows: [...new Set([...Object.keys(fa), ...Object.keys(fb)])], keyOf: f => f, empty: t("unknown"),
      columns: [
        { title: t("file"), cell: f => code(f) },
        { title: a1, cell: f => fa[f] ? [bytes(fa[f].size), " ", digest(fa[f].sha256)] : "–", num: true },
        { title: b1, cell: f => fb[f] ? [bytes(fb[f].size), " ", digest(fb[f].sha256)] : "–", num: true },
        { title: t("difference"), cell: f => t(!fa[f] ? "compare.added" : !fb[f] ? "compare.removed" : fa[f].sha256 === fb[f].sha256 ? "compare.same" : "compare.changed") },
      ],
    });
  }

  return {
    title: () => `${t("compare")} ${model}`,
    turn(next) {
      Object.assign(state, { a: next.a ?? "stable", b: next.b ?? "stable" });
      both.refresh();
      files.refresh();
    },
    render: () => [crumbs(a({ href: path("models") }, t("nav.models")), modelLink(model), t("compare")), heading(t("compare.title", { model })), choices(), whenKnown(both, show)],
  };
}
