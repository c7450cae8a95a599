// What is live, of every model.
import { get } from "../api.js";
import { tags } from "../dom.js";
import { badge, heading, list, modelLink, releaseLink, said, section, standing, trafficBar, whenKnown, when } from "../parts.js";
import { t } from "../text.js";

const { article, code, div, h2, p } = tags;

export default function models(page) {
  const all = page.follow(signal => get("/api/models", signal), 3000);
  const running = page.follow(signal => get("/api/releases?running=true", signal), 3000);
  const latest = page.follow(signal => get("/api/releases?limit=10", signal), 10000);

  const under = model => (running.value?.items ?? []).filter(r => r.model === model);

  const card = item => article({ key: item.model, class: "card model" },
    div({ class: "head" }, h2(modelLink(item.model)), item.frozen ? badge("warn", t("frozen")) : null),
    item.stable || item.candidates.length > 0 ? trafficBar(item.stable, item.candidates) : p({ class: "muted" }, t("models.nolive")),
    under(item.model).map(r => p({ key: r.id, class: "under" }, releaseLink(r.id), " ", standing(r))));

  const first = () => div({ class: "nothing" },
    p(t("models.empty")),
    p(code("./modelflow push model.onnx --model digits --version v1.0.0-base")));

  return {
    title: () => t("nav.models"),
    render: () => [
      heading(t("nav.models")),
      p({ class: "lead" }, t("models.lead")),
      whenKnown(all, ({ items }) => items.length === 0 ? first() : div({ class: "cards" }, items.map(card))),
      section(t("models.latest"), whenKnown(latest, ({ items }) => releases(items, t("models.latest"), running.value))),
    ],
  };
}

/** A table of releases. Lists may be behind with the stage of those that run; `running` has it as it is. */
export const releases = (items, caption, running) => list({
  caption, rows: items.map(item => !item.outcome && running?.items.find(r => r.id === item.id) || item), keyOf: r => r.id, empty: t("releases.empty"),
  columns: [
    { title: t("release"), cell: r => releaseLink(r.id) },
    { title: t("standing"), cell: standing },
    { title: t("reason"), cell: r => r.reason ? tags.span({ class: "reason" }, said(r.reason)) : "" },
    { title: t("startedby"), cell: r => r.startedBy },
    { title: t("started"), cell: r => when(r.startedAt), num: true },
    { title: t("ended"), cell: r => when(r.endedAt), num: true },
  ],
});
