// Who is signed in here.
import { ask } from "./api.js";

/** Who is signed in, as { name, roles }, both absent for nobody; and how one can sign in here, as { ways }. */
export async function readSession() {
  const { identity, ways } = await ask("/api/session");
  return { ...identity, ways };
}

export const signIn = token => ask("/api/session", { method: "POST", body: { token } });
export const signOut = () => ask("/api/session", { method: "DELETE" });

const readers = ["reader", "uploader", "approver", "operator", "admin"];

/** A role and the models it is bound to: "operator:llm-*" is { role: "operator", scope: "llm-*" }; the scope of a role for all models is "*". */
export function grantOf(text) {
  const [role, scope = "*"] = text.split(":");
  return { role, scope };
}

/**
 * Whether roles let do what needs a role over a model: everybody but gateways reads, admins do all. Without a model, over any; "*" is over all of them.
 * This is what is offered; the server decides.
 */
export function includes(roles, needed, model) {
  return roles.map(grantOf).some(({ role, scope }) =>
    (role === needed || role === "admin" || (needed === "reader" && readers.includes(role)))
    && (model === undefined || scope === "*" || scope === model || (model !== "*" && scope.endsWith("*") && model.startsWith(scope.slice(0, -1)))));
}

const wanted = "modelflow.wanted";

/** Remembers the view that is wanted while another site signs the reader in. */
export function keepWanted() {
  try {
    sessionStorage.setItem(wanted, location.hash);
  } catch {
    // Then the first view comes after it.
  }
}

/** The view that was wanted then, once; empty for none. */
export function takeWanted() {
  try {
    const hash = sessionStorage.getItem(wanted) ?? "";
    sessionStorage.removeItem(wanted);
    return hash;
  } catch {
    return "";
  }
}
