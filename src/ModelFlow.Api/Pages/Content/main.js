// Starts the page: language, session, the frame around the views, and which view an address shows.
import { bus, connection, get } from "./api.js";
import { render, tags } from "./dom.js";
import { announce, createPage } from "./page.js";
import { path, problemBox } from "./parts.js";
import { grantOf, includes, readSession, signOut, takeWanted } from "./session.js";
import { language, languages, preferredLanguage, t, time, useLanguage, word } from "./text.js";

const { a, button, div, footer, header, li, main, nav, p, span, ul } = tags;

const views = [
  ["", () => import("./views/models.js")],
  ["models", () => import("./views/models.js")],
  ["models/:model", () => import("./views/model.js")],
  ["models/:model/compare", () => import("./views/compare.js")],
  ["models/:model/versions/:version", () => import("./views/version.js")],
  ["releases", () => import("./views/releases.js")],
  ["releases/:release", () => import("./views/release.js")],
  ["approvals", () => import("./views/approvals.js")],
  ["approvals/:release", () => import("./views/decision.js")],
  ["audit", () => import("./views/audit.js")],
  ["audit/:scope", () => import("./views/audit.js")],
  ["retention", () => import("./views/retention.js")],
];

const app = {
  session: null,
  view: null,
  page: null,
  address: null,
  notice: null,
  problem: null,
  waiting: false,
  update() {
    if (!this.waiting) {
      this.waiting = true;
      queueMicrotask(() => {
        this.waiting = false;
        draw();
      });
    }
  },
  may: (role, model) => includes(app.session?.roles ?? [], role, model),
};
app.update = app.update.bind(app);

const root = document.getElementById("app");

function draw() {
  render([frame()], root);
  document.title = [app.view?.title(), "ModelFlow"].filter(Boolean).join(" · ");
}

function frame() {
  const known = app.session?.name;
  return div({ class: "frame" },
    a({ class: "skip", href: "#main", onClick: e => {
      e.preventDefault();
      document.getElementById("main").focus();
    } }, t("skip")),
    header({ class: "top" },
      a({ class: "brand", href: path("models") }, tags.svg({ viewBox: "0 0 32 32", width: 22, height: 22, "aria-hidden": "true" },
        tags.rect({ width: 32, height: 32, rx: 7, fill: "currentColor" }),
        tags.path({ d: "M6 23h7l6-14h7", class: "brand-line", fill: "none", "stroke-width": 3.2, "stroke-linecap": "round", "stroke-linejoin": "round" })), "ModelFlow"),
      known ? nav({ "aria-label": t("nav") }, ul(["models", "releases", "approvals", "audit", "retention"].map(place))) : span({ class: "space" }),
      div({ class: "who" }, other(), known ? [
        span({ class: "name", title: rolesText() }, app.session.displayName ?? known, span({ class: "unseen" }, ` (${rolesText()})`)),
        button({ type: "button", class: "quiet", onClick: leave }, t("signout")),
      ] : null)),
    connection.lostSince ? p({ class: "lost", role: "status" }, t("lost", { time: time(connection.lostSince) })) : null,
    main({ id: "main", tabindex: -1 },
      app.notice ? div({ class: "notice" }, p(app.notice), button({ type: "button", class: "quiet", "aria-label": t("dismiss"), onClick: () => {
        app.notice = null;
        app.update();
      } }, "×")) : null,
      problemBox(app.problem),
      app.view ? div({ key: entered, class: "view" }, app.view.render()) : null),
    footer({ class: "foot" }, span(t("foot.zone", { zone: Intl.DateTimeFormat().resolvedOptions().timeZone })), a({ href: "/openapi/v1.json" }, t("foot.api"))));
}

const rolesText = () => app.session.roles.map(grantOf).map(({ role, scope }) => scope === "*" ? word("role", role) : `${word("role", role)} (${scope})`).join(", ");

function place(name) {
  const here = app.address?.place === name || (name === "models" && app.address?.place === "");
  const mine = name === "approvals" ? app.waitingForMe?.value?.items.filter(i => i.mayDecide).length : 0;
  return li({ key: name }, a({ href: path(name), "aria-current": here ? "page" : undefined }, t(`nav.${name}`),
    mine > 0 ? span({ class: "badge busy" }, String(mine), span({ class: "unseen" }, ` ${t("nav.waiting")}`)) : null));
}

// The other language, in its own words.
function other() {
  const next = Object.keys(languages).find(l => l !== language);
  return button({ type: "button", class: "quiet", lang: next, onClick: async () => {
    await useLanguage(next, true);
    app.update();
    announce(languages[next]);
  } }, languages[next]);
}

function parse() {
  const [place, query] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = place.split("/").filter(Boolean).map(decodeURIComponent);
  return { place: parts[0] ?? "", parts, query: Object.fromEntries(new URLSearchParams(query ?? "")) };
}

function match(parts) {
  for (const [pattern, load] of views) {
    const names = pattern.split("/").filter(Boolean);
    if (names.length === parts.length && names.every((n, i) => n.startsWith(":") || n === parts[i])) {
      return { pattern, load, values: Object.fromEntries(names.flatMap((n, i) => n.startsWith(":") ? [[n.slice(1), parts[i]]] : [])) };
    }
  }
  return null;
}

let entering = 0;
let entered = 0;

/** Shows the view of the address. With `first`, the focus stays where the browser put it. */
async function enter(first = false) {
  const turn = ++entering;
  let address;
  try {
    address = parse();
  } catch {
    address = { place: "?", parts: ["?"], query: {} };
  }
  const found = match(address.parts);
  const same = app.view && app.address && found?.pattern === app.address.pattern && app.address.parts.join("/") === address.parts.join("/");
  if (same && app.view.turn) {
    // Only the query changed: the view itself turns to it, and the focus stays.
    app.address = { ...address, pattern: found.pattern };
    app.view.turn(address.query);
    app.update();
    return;
  }

  let make;
  let problem = null;
  try {
    make = app.session?.name ? found ? (await found.load()).default : (await import("./views/missing.js")).default : (await import("./views/signin.js")).default;
  } catch {
    problem = { message: t("lost.part") };
  }
  if (turn !== entering) {
    return;
  }
  entered = turn;
  app.page?.close();
  app.page = createPage(app);
  Object.assign(app, { notice: null, problem, address: { ...address, pattern: found?.pattern } });
  app.view = make ? make(app.page, { ...found?.values }, address.query, app) : null;
  draw();
  if (!first) {
    scrollTo(0, 0);
    document.querySelector("h1")?.focus({ preventScroll: true });
  }
}

/** Signed in or out: what is shown may be another view. */
app.renew = async (first, session = readSession()) => {
  app.session = await session;
  app.frame?.close();
  app.frame = createPage(app);
  app.waitingForMe = app.may("approver") ? app.frame.follow(signal => get("/api/approvals", signal), 10000) : null;
  await enter(first);
};

async function leave() {
  try {
    await signOut();
  } finally {
    await app.renew(false);
  }
}

bus.addEventListener("lost", () => {
  announce(t("lost.short"));
  app.update();
});
bus.addEventListener("back", () => {
  announce(t("back"));
  app.update();
});
bus.addEventListener("signedout", () => {
  if (app.session?.name) {
    app.renew(false);
  }
});
addEventListener("hashchange", () => enter());

async function start() {
  // Asked for at once: who is here, what the page says in their language, and the first view.
  let session = readSession();
  session.catch(() => {});
  views[0][1]().catch(() => {});
  await useLanguage(preferredLanguage());
  const wanted = takeWanted();
  if (wanted && !location.hash) {
    history.replaceState(null, "", wanted);
  }
  for (;;) {
    try {
      await app.renew(true, session);
      return;
    } catch (problem) {
      session = undefined;
      app.problem = problem.body ? problem : { message: t("lost.try") };
      draw();
      await new Promise(resolve => setTimeout(resolve, 2000));
      app.problem = null;
    }
  }
}

start();
