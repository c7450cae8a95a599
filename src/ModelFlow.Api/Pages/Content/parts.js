// Pieces that several views show.
import { tags } from "./dom.js";
import { bytes, duration, fullTime, language, relative, shortDigest, shortTime, t, weight, word } from "./text.js";

const { a, button, code, dd, dialog, div, dl, dt, form, h2, li, p, span, table, tbody, td, th, thead, time, tr, ul } = tags;

export const path = (...parts) => "#/" + parts.map(encodeURIComponent).join("/");
export const modelLink = model => a({ href: path("models", model) }, model);
export const versionLink = (model, version) => a({ href: path("models", model, "versions", version), class: "version" }, version);
export const releaseLink = id => a({ href: path("releases", id), class: "version" }, id);

/** What the server wrote: always English. */
export const said = text => span({ lang: "en" }, text);

export const when = at => at ? time({ datetime: at, title: `${fullTime(at)} (${relative(at)})` }, shortTime(at)) : "–";
export const digest = value => value ? code({ title: value }, shortDigest(value)) : "–";
export const badge = (kind, text) => span({ class: `badge ${kind}` }, text);

const outcomes = { stable: "good", rejected: "bad", rolledBack: "bad", failed: "bad", aborted: "warn", superseded: "dim" };
export const outcomeKind = outcome => outcomes[outcome] ?? "dim";

/** How a release stands: its outcome, or the stage that it is in. */
export const standing = release => release.outcome
  ? badge(outcomeKind(release.outcome), word("outcome", release.outcome))
  : badge("busy", word("stage", release.stage));

const verdicts = { healthy: "good", harmful: "bad", inconclusive: "dim" };
export const verdictBadge = verdict => verdict ? badge(verdicts[verdict] ?? "dim", word("verdict", verdict)) : null;

/** A bar with each version's share of traffic, and the same in words. */
export function trafficBar(stable, candidates) {
  const rest = 10000 - candidates.reduce((sum, c) => sum + c.weight, 0);
  const shares = [...(stable ? [{ version: stable, weight: rest, kind: "stable" }] : []), ...candidates.map(c => ({ ...c, kind: "candidate" }))];
  return div({ class: "traffic" },
    div({ class: "bar", "aria-hidden": "true" }, shares.filter(s => s.weight > 0).map(s => span({ key: s.version, class: s.kind, style: { flexGrow: s.weight } }))),
    ul({ class: "shares" }, shares.map(s => li({ key: s.version },
      span({ class: `swatch ${s.kind}`, "aria-hidden": "true" }), span({ class: "version" }, s.version), " ",
      span({ class: "num" }, weight(s.weight)), " ", span({ class: "muted" }, t(`live.${s.kind}`))))));
}

/** A table that scrolls by itself where it is wider than the page. Columns: { title, cell(row), num }. */
export function list({ caption, columns, rows, keyOf, empty, rowClass }) {
  const shown = columns.filter(Boolean);
  if (rows.length === 0) {
    return nothing(empty);
  }
  return div({ class: "scroller", tabindex: 0, role: "region", "aria-label": caption },
    table(
      thead(tr(shown.map((c, at) => th({ scope: "col", class: c.num && at > 0 ? "num" : "" }, c.title)))),
      tbody(rows.map((row, i) => tr({ key: keyOf?.(row) ?? i, class: rowClass?.(row) },
        shown.map((c, at) => at === 0 ? th({ scope: "row" }, c.cell(row)) : td({ class: c.num ? "num" : "" }, c.cell(row))))))));
}

/** Says that there is nothing, and what to do about it. */
export const nothing = text => p({ class: "nothing" }, text);

/** Names and values; pairs without a value are left out. */
export const facts = pairs => dl({ class: "facts" }, pairs.filter(pair => pair && pair[1] !== undefined && pair[1] !== null && pair[1] !== "")
  .map(([name, value]) => div({ key: name }, dt(name), dd(value))));

/** An error with its remedy and every field that is to blame. */
export function problemBox(problem) {
  if (!problem) {
    return null;
  }
  const { title, detail, remedy, errors, traceId } = problem.body ?? { title: problem.message };
  return div({ class: "problem", role: "alert", lang: "en" },
    p({ class: "title" }, title),
    errors?.length > 0 ? ul(errors.map(e => li(code(e.path), " ", e.message))) : detail && detail !== title ? p(detail) : null,
    remedy ? p({ class: "remedy" }, remedy) : null,
    problem.status >= 500 && traceId ? p({ class: "muted" }, "traceId ", code(traceId)) : null);
}

/** What a followed value has to show before and beside its content. */
export function whenKnown(followed, show) {
  return [problemBox(followed.problem), followed.value === undefined ? followed.problem ? null : p({ class: "nothing", "aria-busy": "true" }, t("loading")) : show(followed.value)];
}

/** A section with a heading. */
export const section = (title, ...children) => tags.section({ class: "part" }, h2(title), children);

/**
 * A question in a dialog. `run` does it and returns what to say, or throws a Problem, which the dialog shows. It opens when it is rendered first;
 * `closed` is called once it is gone.
 */
export function ask({ title, action, danger, run, closed, state, page, ready = true }, ...children) {
  async function submit(event) {
    event.preventDefault();
    if (state.busy || !ready) {
      return;
    }
    const element = event.currentTarget.closest("dialog");
    Object.assign(state, { busy: true, problem: undefined });
    page.update();
    try {
      const told = await run();
      element.close();
      page.tell(told);
    } catch (problem) {
      state.problem = problem.body ? problem : { message: t("lost.try") };
    }
    state.busy = false;
    page.update();
  }

  // Opened once: rendered again, it is the same element.
  const opening = element => element && !element.open && element.showModal();
  return dialog({ ref: opening, "aria-labelledby": "dialog-title", onClose: closed },
    form({ onSubmit: submit },
      h2({ id: "dialog-title" }, title),
      children,
      problemBox(state.problem),
      div({ class: "actions" },
        button({ type: "button", onClick: e => e.currentTarget.closest("dialog").close() }, t("cancel")),
        button({ type: "submit", class: danger ? "danger" : "primary", disabled: !ready, "aria-disabled": state.busy }, state.busy ? t("working") : action))));
}

/** A labelled text field that keeps what is typed in `state[name]`. */
export function textField({ state, name, label, hint, required, lines, page }) {
  const input = lines ? tags.textarea : tags.input;
  const id = `field-${name}`;
  return div({ class: "field" },
    tags.label({ for: id }, label, required ? null : span({ class: "muted" }, " ", t("optional"))),
    input({
      id, name, required, rows: lines, value: state[name] ?? "", maxlength: 2000, "aria-describedby": hint ? `${id}-hint` : undefined, autocomplete: "off",
      onInput: e => {
        state[name] = e.currentTarget.value;
        page.update();
      },
    }),
    hint ? p({ id: `${id}-hint`, class: "muted" }, hint) : null);
}

/** A labelled choice. */
export function choice({ id, label, value, options, onChange }) {
  return div({ class: "field" },
    tags.label({ for: id }, label),
    tags.select({ id, value, onChange: e => onChange(e.currentTarget.value) }, options.map(o => tags.option({ key: o.value, value: o.value, selected: o.value === value }, o.text))));
}

/** The way from the list to here. */
export const crumbs = (...links) => tags.nav({ class: "crumbs", "aria-label": t("crumbs") }, tags.ol(links.map((link, i) => li({ key: i }, link))));

/** The view's one main heading; it gets the focus when the view is entered. */
export const heading = (...children) => tags.h1({ tabindex: -1 }, children);

export { bytes, duration, language };
