// Who did what, outside releases; whether it was changed since; and questions about the past.
import { ask, get } from "../api.js";
import { tags } from "../dom.js";
import { badge, choice, digest, facts, heading, list, outcomeKind, path, problemBox, releaseLink, said, section, versionLink, when, whenKnown } from "../parts.js";
import { count, fullTime, known, t, weight, word } from "../text.js";
import { chain, gates } from "./release.js";

const { button, div, form, input, label, p, span } = tags;

const questions = {
  live: ["model", "at"],
  approvals: ["model", "version"],
  person: ["name"],
};

// Of models that are called as routes of the audit are.
const routes = ["live", "approvals", "person", "export", "keys", "erasures"];

export default function audit(page, { scope = "_system" }, query) {
  const at = `/api/audit/${routes.includes(scope) ? "model:" : ""}${encodeURIComponent(scope)}`;
  const models = page.follow(signal => get("/api/models", signal));
  const entries = page.follow(async signal => {
    // The log is read oldest first; it is shown newest first.
    const items = [];
    for (let after = 0; ;) {
      const next = await get(`${at}?after=${after}&limit=500`, signal);
      items.push(...next.items);
      if (next.items.length < 500) {
        return items.reverse();
      }
      after = next.next;
    }
  }, 10000);
  const state = { verified: undefined, problem: undefined, shown: 50, asked: {}, fields: {}, answer: undefined, refused: undefined };

  async function verify() {
    state.problem = undefined;
    try {
      state.verified = await get(`${at}/verify`, page.signal);
      page.announce(t(state.verified.intact ? "audit.intact" : "audit.broken", { n: state.verified.entries, at: state.verified.brokenAt }));
    } catch (problem) {
      state.problem = problem;
    }
    page.update();
  }

  function turn(next) {
    state.fields = { model: scope === "_system" ? "" : scope, ...next };
    state.asked = next;
    state.answer = state.refused = undefined;
    if (next.q in questions) {
      answer(next);
    }
  }

  async function answer({ q, ...values }) {
    const known = { ...values, ...(values.at && { at: new Date(values.at).toISOString() }) };
    try {
      const found = await ask(`/api/audit/${q}?${new URLSearchParams(questions[q].filter(f => known[f]).map(f => [f, known[f]]))}`, { signal: page.signal });
      state.answer = found;
    } catch (problem) {
      if (page.signal.aborted) {
        return;
      }
      state.refused = problem.body ? problem : { message: t("lost.try") };
    }
    page.update();
  }

  const put = (name, value) => {
    state.fields[name] = value;
    page.update();
  };

  function field(q, name) {
    const id = `${q}-${name}`;
    const value = state.fields[name] ?? "";
    return name === "model"
      ? choice({ id, label: t("model"), value, options: [{ value: "", text: t("choose") }, ...(models.value?.items ?? []).map(m => ({ value: m.model, text: m.model }))], onChange: v => put(name, v) })
      : div({ class: "field" }, label({ for: id }, t(`audit.${name}`)), input({ id, required: true, value, type: name === "at" ? "datetime-local" : "text", step: name === "at" ? 1 : undefined, autocomplete: "off", onInput: e => put(name, e.currentTarget.value) }));
  }

  const question = q => form({ key: q, class: "card question", onSubmit: e => {
    e.preventDefault();
    const values = Object.fromEntries(questions[q].map(f => [f, state.fields[f] ?? ""]));
    const hash = `${path(...(scope === "_system" ? ["audit"] : ["audit", scope]))}?${new URLSearchParams({ q, ...values })}`;
    if (location.hash === hash) {
      turn({ q, ...values });
    } else {
      location.hash = hash;
    }
  } },
  tags.h3(t(`audit.q.${q}`)), questions[q].map(f => field(q, f)), button({ type: "submit" }, t("audit.ask")));

  turn(query);
  return {
    title: () => t("nav.audit"),
    turn,
    render: () => [
      heading(t("nav.audit")),
      section(t("audit.questions"),
        div({ class: "cards three" }, Object.keys(questions).map(question)),
        div({ class: "answer", role: "status" }, problemBox(state.refused), state.answer ? answers[state.asked.q](state.answer, state.asked) : null)),
      section(t("audit.log"),
        div({ class: "filters" },
          choice({ id: "scope", label: t("audit.scope"), value: scope, options: [{ value: "_system", text: t("audit.system") }, ...(models.value?.items ?? []).map(m => ({ value: m.model, text: m.model }))], onChange: v => {
            location.hash = v === "_system" ? path("audit") : path("audit", v);
          } }),
          button({ type: "button", onClick: verify }, t("audit.verify")),
          state.verified ? chain(state.verified) : null),
        problemBox(state.problem),
        whenKnown(entries, items => [
          table(items.slice(0, state.shown)),
          items.length > state.shown ? p(button({ type: "button", onClick: () => {
            state.shown += 200;
            page.update();
          } }, t("more"))) : null,
        ])),
    ],
  };
}

const table = items => list({
  caption: t("audit.log"), rows: items, keyOf: i => i.seq, empty: t("audit.empty"),
  columns: [
    { title: t("time"), cell: i => when(i.entry.at) },
    { title: t("audit.who"), cell: i => i.entry.by },
    { title: t("audit.action"), cell: i => word("action", i.entry.action) },
    { title: t("audit.message"), cell: i => span({ class: "reason" }, said(i.entry.message)) },
    { title: t("audit.number"), cell: i => i.seq, num: true },
    { title: t("audit.hash"), cell: i => digest(i.hash) },
  ],
});

const answers = {
  live: answer => div({ class: "card" },
    tags.h3(t("audit.answer.live", { model: answer.model, time: fullTime(answer.at) })),
    list({
      caption: t("nav.models"), rows: answer.versions, keyOf: v => v.version + v.role, empty: t("models.nolive"),
      columns: [
        { title: t("version"), cell: v => versionLink(answer.model, v.version) },
        { title: t("audit.role"), cell: v => t(`live.${v.role}`) },
        { title: t("audit.share"), cell: v => weight(v.weight), num: true },
        { title: t("digest"), cell: v => digest(v.digest) },
      ],
    }),
    facts([
      [t("model.since"), when(answer.since)],
      [t("approval.until"), answer.until ? when(answer.until) : t("audit.still")],
      [t("generation"), count(answer.generation)],
      [t("release"), answer.madeBy?.release && releaseLink(answer.madeBy.release)],
      [t("startedby"), answer.madeBy?.by],
      [t("audit.approvers"), answer.madeBy?.approvers?.join(", ")],
      [t("model.lease"), answer.lease?.message && said(answer.lease.message)],
    ])),
  approvals: ({ items }) => items.length === 0 ? p({ class: "nothing" }, t("audit.nothing")) : items.map(attempt => div({ key: attempt.release, class: "card" },
    div({ class: "head" }, tags.h3(releaseLink(attempt.release)), attempt.outcome ? badge(outcomeKind(attempt.outcome), word("outcome", attempt.outcome)) : null),
    facts([
      [t("startedby"), attempt.startedBy], [t("uploader"), attempt.uploader ?? t("unknown")], [t("started"), when(attempt.startedAt)],
      [t("audit.report"), attempt.report && digest(attempt.report)], [t("audit.artifact"), attempt.artifact && digest(attempt.artifact)], [t("policy"), digest(attempt.policy)],
    ]),
    list({
      caption: t("release.approvals"), rows: attempt.decisions, keyOf: d => d.seq, empty: t("audit.nodecision"),
      columns: [
        { title: t("audit.who"), cell: d => d.by },
        { title: t("decision"), cell: d => word("event", d.decision) },
        { title: t("time"), cell: d => when(d.at) },
        { title: t("comment"), cell: d => d.comment ?? "" },
        { title: t("approval.evidence"), cell: d => digest(d.evidence) },
        { title: t("audit.hash"), cell: d => digest(d.hash) },
      ],
    }),
    attempt.gates?.length > 0 ? tags.details(tags.summary(t("release.gates")), gates(attempt.gates)) : null)),
  person: answer => [
    p({ class: "muted" }, t("audit.answer.person", { name: answer.name, since: fullTime(answer.since), until: fullTime(answer.until) })),
    list({
      caption: t("audit.q.person"), rows: answer.items, keyOf: i => i.chain + i.seq, empty: t("audit.nothing"),
      columns: [
        { title: t("time"), cell: i => when(i.at) },
        { title: t("audit.action"), cell: i => known("action", i.what) ? word("action", i.what) : word("event", i.what) },
        { title: t("audit.subject"), cell: i => i.chain.startsWith("release:") ? releaseLink(i.chain.slice(8)) : i.subject },
        { title: t("audit.message"), cell: i => span({ class: "reason" }, said(i.message)) },
        { title: t("audit.hash"), cell: i => digest(i.hash) },
      ],
    }),
    answer.next ? p({ class: "muted" }, t("audit.more", { time: fullTime(answer.next) })) : null,
  ],
};
