// Server-sent events by fetch: unlike EventSource it can say why it was refused, and comes again after a 503.
import { Lost, failure, lost, open } from "./api.js";

/**
 * Follows a release's events to its end. Calls onEvents with every batch, in order, none twice.
 * Ends when the release has ended or `signal` aborts; throws Problem when it is refused for good.
 */
export async function followEvents(release, onEvents, signal) {
  let last = 0;
  for (;;) {
    let pause = 2000;
    try {
      const response = await open(`/api/releases/${encodeURIComponent(release)}/events`, {
        headers: { Accept: "text/event-stream", "Last-Event-ID": String(last) }, signal,
      });
      if (response.status === 204) {
        return;
      }
      if (response.status === 503) {
        pause = 1000 * (Number(response.headers.get("Retry-After")) || 5);
      } else if (!response.ok) {
        throw failure(response, await response.text());
      } else {
        for await (const events of batches(response.body, signal)) {
          last = events.at(-1).seq;
          onEvents(events);
          pause = 0;
          if (events.at(-1).kind === "ended") {
            return;
          }
        }
      }
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (!(error instanceof Lost)) {
        throw error;
      }
    }
    await new Promise(resolve => setTimeout(resolve, Math.max(pause, 500)));
    if (signal.aborted) {
      return;
    }
  }
}

async function* batches(body, signal) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) {
        return;
      }
      // Whole messages only; lines end with \n, \r\n or \r by the standard, and this server sends \n.
      const messages = (rest + value).split("\n\n");
      rest = messages.pop();
      const events = messages.map(dataOf).filter(data => data !== "").map(data => JSON.parse(data));
      if (events.length > 0) {
        yield events;
      }
    }
  } catch (error) {
    throw error instanceof SyntaxError ? error : lost(error, signal);
  } finally {
    reader.cancel().catch(() => {});
  }
}

const dataOf = message => message.split("\n").filter(line => line.startsWith("data:")).map(line => line.slice(5).trimStart()).join("\n");
