// Requests to the server, and how they are repeated.

import { sentence } from "./dom.js";
import { clear, pause, say, wake } from "./status.js";

const TIMEOUT_MS = 60_000;
const SLOW_MS = 5_000;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;
const UNPUBLISHED_PAUSE_MS = 10_000;

/** Why a request has no answer; `status` 0 means that the server was not reached. */
export class Problem extends Error {
  constructor(status, detail, { dag = null, waitMs = null } = {}) {
    super(detail);
    Object.assign(this, { status, detail, dag, waitMs });
  }

  /** Whether the same request may succeed later. */
  get temporary() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

function retryAfterMs(header) {
  if (!header) return null;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return Number.isNaN(ms) ? null : Math.max(ms, 0);
}

async function problemOf(response) {
  const body = await response.json().catch(() => ({}));
  const detail = body.detail ?? body.title ?? `The server answered ${response.status}.`;
  return new Problem(response.status, String(detail), {
    dag: typeof body.dag === "string" ? body.dag : null,
    waitMs: retryAfterMs(response.headers.get("Retry-After")),
  });
}

/**
 * Sends a request and returns the response; throws a Problem if the response is an error.
 *
 * Args:
 *   path: relative to the page.
 *   options: `body` and its `type`, which make it a POST; another `method`; `signal`; `timeoutMs`,
 *     0 for none.
 */
export async function ask(path, { body, type, signal, timeoutMs = TIMEOUT_MS, method } = {}) {
  const verb = method ?? (body === undefined ? "GET" : "POST");
  const signals = [signal, timeoutMs && AbortSignal.timeout(timeoutMs)].filter(Boolean);
  const headers = { Accept: "application/json, application/x-ndjson, application/problem+json" };
  if (verb !== "GET") headers["X-Dustjacket"] = "studio";
  if (type) headers["Content-Type"] = type;
  const response = await reached(
    fetch(path, {
      method: verb,
      headers,
      body,
      signal: signals.length ? AbortSignal.any(signals) : undefined,
    }),
    signal,
  );
  if (!response.ok) throw await problemOf(response);
  if (response.redirected) throw new Problem(401, "You are logged out."); // to a login page
  return response;
}

/** Awaits a part of an exchange; any failure but an abort by `signal` becomes a Problem. */
export async function reached(part, signal) {
  try {
    return await part;
  } catch (error) {
    if (signal?.aborted) throw error;
    if (error instanceof SyntaxError) throw new Problem(502, "The answer cannot be read.");
    const slow = error.name === "TimeoutError";
    throw new Problem(0, slow ? "The server takes too long." : "The server does not answer.");
  }
}

/** Sends a request and returns the JSON of the response; see ask. */
export async function askJson(path, options = {}) {
  const response = await ask(path, options);
  return reached(response.json(), options.signal);
}

/** Posts `value` as JSON, and returns the JSON that comes back. */
export const postJson = (path, value, options = {}) =>
  askJson(path, { ...options, body: JSON.stringify(value), type: "application/json" });

/** Returns the status line for a problem that needs the user. */
export function statusOf(problem) {
  if (problem.status !== 401) return { text: sentence(problem.detail) };
  return {
    text: "You are logged out. Log in again, then reload this page.",
    action: ["Reload", () => (inFrame() ? window.parent : window).location.reload()],
  };
}

/** Returns whether the page is shown in a frame of its own origin. */
export function inFrame() {
  try {
    return window.parent !== window && Boolean(window.parent.document);
  } catch {
    return false;
  }
}

let quietUntil = 0;

/** Sends one request at a time, always the newest, and repeats it until it is answered. */
export class Asker {
  #current = null;

  /**
   * Args:
   *   name: of its entry in the status line.
   *   events: `busy()`; `answered(answer)`; `refused(problem)`, which shows why there is no answer;
   *     it is also called for each 503 that names a DAG. If the user must log in, or there is no
   *     `refused`, the status line shows the problem and the old answer stays.
   */
  constructor(name, { busy = () => {}, answered, refused }) {
    Object.assign(this, { name, busy, answered, refused });
  }

  /** Aborts the current request. */
  cancel() {
    this.#current?.abort();
    this.#current = null;
    clear(this.name);
  }

  /** Replaces the current request by `request`, a function of an AbortSignal. */
  async ask(request) {
    this.#current?.abort();
    const current = (this.#current = new AbortController());
    this.busy();
    let answer;
    try {
      answer = await this.#repeat(request, current.signal);
    } catch (error) {
      if (current.signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      if (error.status === 401 || !this.refused) say(this.name, statusOf(error));
      else this.refused(error);
      return;
    }
    clear(this.name);
    this.answered(answer);
  }

  async #repeat(request, signal) {
    for (let failures = 0; ; failures += 1) {
      if (quietUntil > Date.now()) await pause(quietUntil - Date.now(), signal);
      const slow = setTimeout(() => this.#showSlow(failures), SLOW_MS);
      try {
        const answer = await request(signal);
        signal.throwIfAborted();
        return answer;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof Problem) || !error.temporary) throw error;
        clearTimeout(slow);
        await this.#waitBeforeRetry(error, failures, signal);
      } finally {
        clearTimeout(slow);
      }
    }
  }

  #showSlow(failures) {
    if (!failures) say(this.name, { text: "This takes longer than usual…", tone: "calm" });
  }

  async #waitBeforeRetry(problem, failures, signal) {
    const first = problem.dag ? UNPUBLISHED_PAUSE_MS : FIRST_PAUSE_MS;
    const backoff = Math.min(first * 2 ** failures, MAX_PAUSE_MS);
    const until = Date.now() + Math.max(problem.waitMs ?? backoff, 500);
    if (problem.status === 429) quietUntil = until;
    if (problem.dag) {
      clear(this.name);
      this.refused?.(problem);
    } else {
      const reassurance = problem.status === 0 ? " Nothing you entered is lost." : "";
      const action = problem.status === 429 ? null : ["Try now", wake];
      say(this.name, { text: `${problem.detail}${reassurance} Trying again`, until, action });
    }
    await pause(until - Date.now(), signal);
  }
}
