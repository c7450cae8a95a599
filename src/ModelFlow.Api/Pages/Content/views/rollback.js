// The question before all traffic of a model moves back.
import { newRequestId, post } from "../api.js";
import { tags } from "../dom.js";
import { ask, choice, duration, releaseLink, textField } from "../parts.js";
import { count, t, tx, weight } from "../text.js";

const { li, p, span, strong, ul } = tags;

/** Where a rollback without a named target goes: as the server chooses it. */
export function defaultTarget(model, versions) {
  const route = model.route.route;
  if (route.candidates.length > 0 || route.shadow) {
    return route.stable;
  }
  const now = versions.find(v => v.version === route.stable);
  return targets(model, versions).filter(v => v.version !== route.stable && v.firstStableAt < now?.firstStableAt)
    .sort((x, y) => y.firstStableAt.localeCompare(x.firstStableAt))[0]?.version;
}

/** Versions that traffic may go back to. */
const targets = (model, versions) => versions.filter(v => v.firstStableAt && !v.revoked && !v.deleted
  && (v.version !== model.route.route.stable || model.route.route.candidates.length > 0 || model.route.route.shadow));

/** Makes the dialog: a function that renders it. */
export function rollback(page, model, versions, closed) {
  const route = model.route.route;
  const possible = targets(model, versions).sort((x, y) => y.firstStableAt.localeCompare(x.firstStableAt));
  const state = { to: defaultTarget(model, versions) ?? possible[0]?.version, reason: "", busy: false, problem: undefined };
  const requestId = newRequestId();
  const version = name => strong({ class: "version" }, name);

  async function run() {
    // What the dialog said is what is asked for: a target that is no longer loaded is refused unless loading was announced.
    const answer = await post(`/api/models/${encodeURIComponent(model.model)}/rollback`, { to: state.to, load: !isLoaded(), reason: state.reason, requestId });
    return t("rollback.done", { model: model.model, version: answer.to, took: duration(answer.took), confirmed: answer.gateways.confirmed, known: answer.gateways.known });
  }

  const deployment = () => model.deployments.find(d => d.version === state.to);
  const isLoaded = () => deployment()?.loaded === true;

  function consequences() {
    const estimate = deployment()?.loadTime;
    return ul({ class: "consequences" },
      li(tx("rollback.from", { from: span(version(route.stable), route.candidates.map(c => span({ key: c.version }, ", ", version(c.version), " ", weight(c.weight)))), to: version(state.to) })),
      li(isLoaded() ? t("rollback.loaded") : estimate ? t("rollback.load.estimate", { time: duration(estimate) }) : t("rollback.load")),
      model.ramping ? li(tx("rollback.ends", { release: releaseLink(model.ramping) })) : li(t("rollback.endsnone")),
      li(t("rollback.record", { name: page.name, generation: count(route.generation + 1) })));
  }

  return () => ask({ page, state, run, closed, danger: true, ready: Boolean(state.to && state.reason.trim()), title: t("rollback.title", { model: model.model }), action: t("rollback.do") },
    possible.length === 0 ? p(t("rollback.nothing")) : [
      choice({ id: "to", label: t("rollback.to"), value: state.to, options: possible.map(v => ({ value: v.version, text: v.version })), onChange: to => {
        state.to = to;
        page.update();
      } }),
      consequences(),
      textField({ page, state, name: "reason", label: t("reason"), hint: t("rollback.reason"), required: true }),
    ]);
}
