// Requests to the API, and whether it answers at all.

/** Says "lost" and "back" of the connection, and "signedout" when the server no longer knows who asks. */
export const bus = new EventTarget();

/** Since when nothing answers; null while something does. */
export const connection = { lostSince: null };

const probePause = 2000;

/** An error as the API says it: problem details (RFC 9457) with a remedy. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.title ?? String(status));
    this.status = status;
    this.code = (body.type ?? "").replace("urn:modelflow:problem:", "");
    this.body = body;
  }
}

/** Nothing answered. */
export class Lost extends Error {}

/** Something that the server will recognize when it is sent again. Works without a secure context, too. */
export function newRequestId() {
  return "page-" + Array.from(crypto.getRandomValues(new Uint8Array(12)), b => b.toString(16).padStart(2, "0")).join("");
}

/** Headers of every request that changes something: a form on another site cannot send them. */
const changing = { "x-modelflow-request": "1" };

/** Asks the API. Returns the answer's JSON, null for none. Throws Problem, Lost, or the abort of `signal`. */
export async function ask(path, { method = "GET", body, signal, requestId } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") {
    Object.assign(headers, changing);
  }
  if (requestId) {
    headers["Idempotency-Key"] = requestId;
  }
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
  }
  const response = await open(path, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await read(response, signal);
  if (!response.ok) {
    throw failure(response, text);
  }
  return text ? JSON.parse(text) : null;
}

export const get = (path, signal) => ask(path, { signal });
export const post = (path, body, requestId) => ask(path, { method: "POST", body, requestId });

/** A response, whatever its status; throws Lost when there is none. */
export async function open(path, init) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", cache: "no-store", redirect: "error", ...init });
  } catch (error) {
    throw lost(error, init.signal);
  }
  found();
  return response;
}

/** The Problem that an answer is. */
export function failure(response, text) {
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    body = { title: `${response.status} ${response.statusText}` };
  }
  if (response.status === 401) {
    bus.dispatchEvent(new Event("signedout"));
  }
  return new Problem(response.status, body);
}

async function read(response, signal) {
  try {
    return await response.text();
  } catch (error) {
    throw lost(error, signal);
  }
}

/** Called by whoever notices that the connection broke. */
export function lost(error, signal) {
  if (signal?.aborted) {
    return error;
  }
  if (connection.lostSince === null) {
    connection.lostSince = new Date();
    bus.dispatchEvent(new Event("lost"));
    setTimeout(probe, probePause);
  }
  return new Lost("no answer", { cause: error });
}

function found() {
  if (connection.lostSince !== null) {
    connection.lostSince = null;
    bus.dispatchEvent(new Event("back"));
  }
}

async function probe() {
  if (connection.lostSince === null) {
    return;
  }
  try {
    await fetch("/api/health/live", { cache: "no-store" });
    found();
  } catch {
    setTimeout(probe, probePause);
  }
}
