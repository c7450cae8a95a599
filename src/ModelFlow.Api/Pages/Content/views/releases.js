// Every release, newest first.
import { get } from "../api.js";
import { tags } from "../dom.js";
import { choice, heading, list, path, problemBox, said, section, when, whenKnown } from "../parts.js";
import { t } from "../text.js";
import { releases as table } from "./models.js";

const { button, code, div, p, span } = tags;

export default function releases(page, _, query) {
  const state = { model: query.model ?? "", running: query.running === "true", more: [], continuation: undefined, problem: undefined };
  const models = page.follow(signal => get("/api/models", signal));
  const address = continuation => "/api/releases?" + new URLSearchParams({
    ...(state.model && { model: state.model }), ...(state.running ? { running: "true" } : { limit: "50" }), ...(continuation && { continuation }),
  });
  const running = page.follow(signal => get("/api/releases?running=true", signal), 3000);
  const refused = page.follow(signal => get("/api/uploads/refused?limit=20", signal), 15000);
  const first = page.follow(signal => get(address(), signal), 5000);

  async function more() {
    try {
      const next = await get(address(state.more.at(-1)?.continuation ?? first.value.continuation), page.signal);
      state.more.push(next);
      state.problem = undefined;
    } catch (problem) {
      state.problem = problem;
    }
    page.update();
  }

  const go = (model, running) => {
    location.hash = path("releases") + "?" + new URLSearchParams({ ...(model && { model }), ...(running && { running: "true" }) });
  };

  return {
    title: () => t("nav.releases"),
    turn(next) {
      Object.assign(state, { model: next.model ?? "", running: next.running === "true", more: [] });
      first.value = undefined;
      first.refresh();
    },
    render: () => [
      heading(t("nav.releases")),
      div({ class: "filters" },
        choice({ id: "model", label: t("model"), value: state.model, options: [{ value: "", text: t("all") }, ...(models.value?.items ?? []).map(m => ({ value: m.model, text: m.model }))], onChange: model => go(model, state.running) }),
        choice({ id: "running", label: t("standing"), value: String(state.running), options: [{ value: "false", text: t("all") }, { value: "true", text: t("releases.running") }], onChange: running => go(state.model, running === "true") })),
      whenKnown(first, value => {
        const known = new Set();
        const items = [value, ...state.more].flatMap(page => page.items).filter(r => !known.has(r.id) && known.add(r.id));
        const last = state.more.at(-1) ?? value;
        return [
          table(items, t("nav.releases"), running.value),
          problemBox(state.problem),
          last.continuation ? p(button({ type: "button", onClick: more }, t("more"))) : null,
        ];
      }),
      section(t("releases.refused"), p({ class: "muted" }, t("releases.refused.lead")), whenKnown(refused, ({ items }) => list({
        caption: t("releases.refused"), rows: items, keyOf: r => r.folder, empty: t("releases.norefused"),
        columns: [
          { title: t("file"), cell: r => code(r.upload.manifestPath) },
          { title: t("reason"), cell: r => span({ class: "reason" }, said(r.reason)) },
          { title: t("time"), cell: r => when(r.at), num: true },
        ],
      }))),
    ],
  };
}
