// A model: what is live, its versions, its releases, how its traffic went.
import { get } from "../api.js";
import { tags } from "../dom.js";
import { badge, bytes, choice, crumbs, digest, facts, heading, list, path, problemBox, releaseLink, said, section, trafficBar, versionLink, when, whenKnown } from "../parts.js";
import { count, t, weight, word } from "../text.js";
import { releases } from "./models.js";
import { rollback } from "./rollback.js";

const { a, button, div, form, p, span } = tags;

export default function model(page, { model }) {
  const at = `/api/models/${encodeURIComponent(model)}`;
  const detail = page.follow(signal => get(at, signal), 2000);
  const versions = page.follow(signal => get(`${at}/versions`, signal), 4000);
  const latest = page.follow(signal => get(`/api/releases?model=${encodeURIComponent(model)}&limit=15`, signal), 4000);
  const running = page.follow(signal => get(`/api/releases?running=true&model=${encodeURIComponent(model)}`, signal), 3000);
  const history = page.follow(signal => get(`${at}/route/history?limit=15`, signal), 5000);
  const state = { a: undefined, b: undefined, older: [], problem: undefined, dialog: null };

  const loaded = version => detail.value?.deployments.some(d => d.version === version && d.loaded);

  async function older() {
    try {
      state.older.push(await get(`${at}/route/history?limit=50&continuation=${state.older.at(-1)?.continuation ?? history.value.continuation}`, page.signal));
      state.problem = undefined;
    } catch (problem) {
      state.problem = problem;
    }
    page.update();
  }

  const flags = v => [
    v.live ? badge(v.live === "stable" ? "stable" : "busy", v.weight === undefined ? t(`live.${v.live}`) : `${t(`live.${v.live}`)} ${weight(v.weight)}`) : null,
    v.revoked ? badge("bad", t("revoked")) : null,
    v.deleted ? badge("dim", t("deleted")) : null,
    v.pinned ? badge("dim", t("pinned")) : null,
    loaded(v.version) ? badge("dim", t("loaded")) : null,
  ];

  function compare({ items }) {
    if (items.length < 2) {
      return null;
    }
    const options = items.map(v => ({ value: v.version, text: v.version }));
    const stable = detail.value?.stable;
    const a1 = state.a ?? stable ?? items[1].version;
    const b1 = state.b ?? items.find(v => v.version !== a1).version;
    return form({ class: "filters", onSubmit: e => {
      e.preventDefault();
      location.hash = `${path("models", model, "compare")}?${new URLSearchParams({ a: a1, b: b1 })}`;
    } },
    choice({ id: "a", label: t("compare.a"), value: a1, options, onChange: v => {
      state.a = v;
      page.update();
    } }),
    choice({ id: "b", label: t("compare.b"), value: b1, options, onChange: v => {
      state.b = v;
      page.update();
    } }),
    button({ type: "submit" }, t("compare")));
  }

  function live(value) {
    const route = value.route?.route;
    return div({ class: "card" },
      route ? trafficBar(route.stable, route.candidates) : p({ class: "muted" }, t("models.nolive")),
      value.freezes.map(f => p({ key: f.scope, class: "warning" }, badge("warn", t("frozen")), " ", t("model.freeze", { scope: f.scope, by: f.by }), " ", f.reason)),
      facts([
        [t("model.since"), route && when(route.at)],
        [t("generation"), route && count(route.generation)],
        [t("model.lease"), value.route?.leaseUntil && when(value.route.leaseUntil)],
        [t("model.ramping"), value.ramping && releaseLink(value.ramping)],
        [t("model.shadow"), route?.shadow && span(versionLink(model, route.shadow.version), " ", weight(route.shadow.share))],
        [t("policy"), value.policy && digest(value.policy)],
      ]),
      div({ class: "actions start" },
        page.may("operator", model) && route?.stable ? button({ type: "button", class: "danger", onClick: () => {
          state.dialog = rollback(page, value, versions.value?.items ?? [], () => {
            state.dialog = null;
            detail.refresh();
            versions.refresh();
            history.refresh();
            page.update();
          });
          page.update();
        } }, t("rollback.open")) : null,
        a({ href: path("audit", model) }, t("model.audit")),
        a({ href: `${path("retention")}?${new URLSearchParams({ model })}` }, t("nav.retention"))));
  }

  return {
    title: () => model,
    render: () => [
      crumbs(a({ href: path("models") }, t("nav.models")), model),
      heading(model),
      whenKnown(detail, live),
      section(t("model.versions"), whenKnown(versions, value => [
        list({
          caption: t("model.versions"), rows: value.items, keyOf: v => v.version,
          columns: [
            { title: t("version"), cell: v => [versionLink(model, v.version), " ", flags(v)] },
            { title: t("digest"), cell: v => digest(v.digest) },
            { title: t("size"), cell: v => bytes(v.bytes), num: true },
            { title: t("uploader"), cell: v => v.uploader ?? span({ class: "muted" }, t("unknown")) },
            { title: t("registered"), cell: v => when(v.registeredAt), num: true },
            { title: t("model.stablefrom"), cell: v => when(v.firstStableAt), num: true },
            { title: t("tier"), cell: v => word("tier", v.tier) },
          ],
        }),
        compare(value),
      ])),
      section(t("nav.releases"), whenKnown(latest, value => [
        releases(value.items, t("nav.releases"), running.value),
        value.continuation ? p(a({ href: `${path("releases")}?${new URLSearchParams({ model })}` }, t("releases.all"))) : null,
      ])),
      section(t("model.history"), p({ class: "muted" }, t("model.history.lead")), history.problem?.status === 404 ? p({ class: "nothing" }, t("models.nolive")) : whenKnown(history, value => [
        routes(model, [value, ...state.older].flatMap(page => page.items)),
        problemBox(state.problem),
        (state.older.at(-1) ?? value).continuation ? p(button({ type: "button", onClick: older }, t("more"))) : null,
      ])),
      state.dialog?.(),
    ],
  };
}

/** A table of routes. */
export function routes(model, items) {
  return list({
    caption: t("model.history"), rows: items, keyOf: r => r.generation,
    columns: [
      { title: t("generation"), cell: r => count(r.generation), num: true },
      { title: t("time"), cell: r => when(r.at), num: true },
      { title: t("live.stable"), cell: r => r.stable ? versionLink(model, r.stable) : "–" },
      { title: t("live.candidate"), cell: r => r.candidates.map(c => span({ key: c.version }, versionLink(model, c.version), " ", weight(c.weight))) },
      { title: t("cause"), cell: r => r.release ? releaseLink(r.release) : said(r.cause) },
    ],
  });
}
