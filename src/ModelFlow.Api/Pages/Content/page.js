// What a view is given: a life that ends with the view, values that are asked for again and again, and words for screen readers.
import { Lost, bus } from "./api.js";

/** A view's surroundings. `close()` ends all that it started. */
export function createPage(app) {
  const ending = new AbortController();
  const { signal } = ending;
  return {
    signal,
    close: () => ending.abort(),
    update: app.update,
    may: app.may,
    /** Who is signed in. */
    get name() {
      return app.session.name;
    },
    announce,
    /** Shows a message above the view until the next navigation. */
    tell(text) {
      app.notice = text;
      announce(text);
      app.update();
    },
    follow: (ask, every) => follow(ask, every, signal, app.update),
    on(target, type, handler) {
      target.addEventListener(type, handler, { signal });
    },
  };
}

/** Says something to screen readers. */
export function announce(text) {
  const box = document.getElementById("announcer");
  // The same words again are no change, and would not be read.
  box.textContent = "";
  setTimeout(() => {
    box.textContent = text;
  }, 50);
}

/**
 * A value that is asked for now and, with `every` (ms), again and again: slower when answers are slow or nobody looks, at once when the
 * connection is back. What was known stays while there is no newer answer.
 */
function follow(ask, every, signal, update) {
  const it = { value: undefined, problem: undefined, refresh };
  let timer;
  let running = false;
  let again = false;

  async function refresh() {
    clearTimeout(timer);
    if (running) {
      again = true;
      return;
    }
    running = true;
    const began = performance.now();
    let refused = false;
    try {
      it.value = await ask(signal);
      it.problem = undefined;
    } catch (error) {
      if (!signal.aborted && !(error instanceof Lost)) {
        it.problem = error;
        refused = error.status >= 400 && error.status < 500 && error.status !== 429;
      }
    }
    running = false;
    if (signal.aborted) {
      return;
    }
    update();
    if (again) {
      again = false;
      refresh();
    } else if (every && !refused) {
      const pause = Math.max(every, 4 * (performance.now() - began));
      timer = setTimeout(refresh, document.hidden ? 10 * pause : pause);
    }
  }

  signal.addEventListener("abort", () => clearTimeout(timer));
  bus.addEventListener("back", refresh, { signal });
  if (every) {
    document.addEventListener("visibilitychange", () => document.hidden || refresh(), { signal });
  }
  refresh();
  return it;
}
