// Signing in: with a token, or where the installation says.
import { tags } from "../dom.js";
import { heading, problemBox } from "../parts.js";
import { keepWanted, signIn } from "../session.js";
import { t } from "../text.js";

const { a, button, code, div, form, input, label, p } = tags;

export default function signin(page, _, __, app) {
  const state = { token: "", busy: false, problem: undefined };

  async function submit(event) {
    event.preventDefault();
    Object.assign(state, { busy: true, problem: undefined });
    page.update();
    try {
      await signIn(state.token.trim());
      state.token = "";
      await app.renew(false);
    } catch (problem) {
      state.problem = problem.body ? problem : { message: t("lost.try") };
      state.busy = false;
      page.update();
      document.getElementById("token")?.focus();
    }
  }

  const ways = app.session?.ways ?? [];
  const has = kind => ways.some(way => way.kind === kind);

  const byToken = () => form({ onSubmit: submit },
    div({ class: "field" },
      label({ for: "token" }, t("signin.token")),
      input({ id: "token", type: "password", required: true, autocomplete: "off", spellcheck: false, value: state.token, "aria-describedby": "token-hint", onInput: e => {
        state.token = e.currentTarget.value;
      } }),
      p({ id: "token-hint", class: "muted" }, t("signin.hint"), " ", code("credentials.json"))),
    problemBox(state.problem),
    div({ class: "actions start" }, button({ type: "submit", class: has("oidc") ? "" : "primary", "aria-disabled": state.busy }, state.busy ? t("working") : t("signin"))));

  return {
    title: () => t("signin"),
    render: () => div({ class: "card signin" },
      heading(t("signin")),
      p(t("signin.lead")),
      ways.filter(way => way.kind === "oidc").map(way => p({ key: way.address }, a({ class: "button primary", href: way.address ?? "/signin", onClick: keepWanted }, way.title ? t("signin.with", { title: way.title }) : t("signin.oidc")))),
      has("token") ? byToken() : has("oidc") ? null : p({ class: "nothing" }, t("signin.none"))),
  };
}
