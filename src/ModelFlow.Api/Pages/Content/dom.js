// Elements as functions: div({ class: "card" }, h2("Title"), "text"). Attributes may be left out.
import { h, render } from "./vendor/preact.js";

export { h, render };

export const tags = new Proxy({}, {
  get: (_, name) => (first, ...rest) =>
    first !== null && typeof first === "object" && first.constructor === Object ? h(name, first, ...rest) : h(name, null, first, ...rest),
});
