// What the retention policies would do now, and why; doing it.
import { get, newRequestId, post } from "../api.js";
import { tags } from "../dom.js";
import { ask, badge, bytes, choice, digest, heading, list, modelLink, path, said, section, versionLink, when, whenKnown } from "../parts.js";
import { t, word } from "../text.js";

const { button, div, li, p, span, ul } = tags;

export default function retention(page, _, query) {
  const state = { model: query.model ?? "", dialog: null, results: undefined };
  const models = page.follow(signal => get("/api/models", signal));
  const plan = page.follow(signal => get(`/api/retention/plan${state.model ? `?${new URLSearchParams({ model: state.model })}` : ""}`, signal));

  function apply({ digest: shown, actions }) {
    const inner = { busy: false };
    const requestId = newRequestId();
    const model = state.model || undefined;
    state.dialog = () => ask({
      page, state: inner, danger: actions.some(x => x.delete), title: t("retention.apply.title"), action: t("retention.apply"),
      closed: () => {
        state.dialog = null;
        page.update();
      },
      run: async () => {
        const { results } = await post("/api/retention/apply", { model, digest: shown, requestId });
        state.results = results;
        plan.refresh();
        return t("retention.done", { n: results.filter(r => r.status === "done").length });
      },
    }, ul({ class: "consequences" },
      li(t("retention.moves", { n: actions.filter(x => !x.delete).length })),
      li(t("retention.deletes", { n: actions.filter(x => x.delete).length })),
      li(t("retention.only"), " ", digest(shown))));
    page.update();
  }

  const to = x => x.delete ? badge("bad", t("retention.delete")) : word("tier", x.to);

  return {
    title: () => t("nav.retention"),
    turn(next) {
      Object.assign(state, { model: next.model ?? "", results: undefined });
      plan.refresh();
    },
    render: () => [
      heading(t("nav.retention")),
      p({ class: "lead" }, t("retention.lead")),
      div({ class: "filters" },
        choice({ id: "model", label: t("model"), value: state.model, options: [{ value: "", text: t("all") }, ...(models.value?.items ?? []).map(m => ({ value: m.model, text: m.model }))], onChange: model => {
          location.hash = path("retention") + (model ? `?${new URLSearchParams({ model })}` : "");
        } })),
      whenKnown(plan, value => [
        section(t("retention.actions"),
          list({
            caption: t("retention.actions"), rows: value.actions, keyOf: x => x.model + x.version, empty: t("retention.nothing"),
            columns: [
              { title: t("version"), cell: x => versionLink(x.model, x.version) },
              { title: t("model"), cell: x => modelLink(x.model) },
              { title: t("retention.from"), cell: x => word("tier", x.from) },
              { title: t("retention.to"), cell: to },
              { title: t("size"), cell: x => bytes(x.bytes), num: true },
              { title: t("reason"), cell: x => span({ class: "reason" }, said(x.reason)) },
            ],
          }),
          p({ class: "muted" }, t("retention.plan"), " ", digest(value.digest), " · ", when(value.at)),
          page.may("operator", state.model || "*") && value.actions.length > 0 ? button({ type: "button", onClick: () => apply(value) }, t("retention.open")) : null),
        state.results ? section(t("retention.results"), list({
          caption: t("retention.results"), rows: state.results, keyOf: x => x.model + x.version,
          columns: [
            { title: t("version"), cell: x => versionLink(x.model, x.version) },
            { title: t("result"), cell: x => badge(x.status === "done" ? "good" : "warn", word("retention.status", x.status)) },
            { title: t("reason"), cell: x => x.message ? said(x.message) : "" },
          ],
        })) : null,
        section(t("retention.kept"), list({
          caption: t("retention.kept"), rows: value.kept, keyOf: x => x.model + x.version, empty: t("retention.nokept"),
          columns: [
            { title: t("version"), cell: x => versionLink(x.model, x.version) },
            { title: t("model"), cell: x => modelLink(x.model) },
            { title: t("tier"), cell: x => word("tier", x.tier) },
            { title: t("reason"), cell: x => said(x.reason) },
          ],
        })),
      ]),
      state.dialog?.(),
    ],
  };
}
