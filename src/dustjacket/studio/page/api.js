// Questions to the server: how they are asked, and asked again.

import { clear, pause, say, wake } from "./status.js";

const PATIENCE_MS = 60_000;
const SLOW_MS = 5_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
const UNPUBLISHED_PAUSE_MS = 10_000;

/** Why a question has no answer; `status` 0 means that no server was reached. */
export class Problem extends Error {
  constructor(status, detail, { dag = null, waitMs = null } = {}) {
    super(detail);
    Object.assign(this, { status, detail, dag, waitMs });
  }

  /** Whether the same question may be answered later. */
  get passes() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

function waitOf(header) {
  if (!header) return null;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return Number.isNaN(ms) ? null : Math.max(ms, 0);
}

async function problemOf(response) {
  const told = await response.json().catch(() => ({}));
  const detail = told.detail ?? told.title ?? `The server answered ${response.status}.`;
  return new Problem(response.status, String(detail), {
    dag: typeof told.dag === "string" ? told.dag : null,
    waitMs: waitOf(response.headers.get("Retry-After")),
  });
}

/**
 * Asks the server, and returns its response if it is a good one; else throws a Problem.
 *
 * Args:
 *   path: relative to the page.
 *   options: `body` and its `type`, which make it a POST; `signal`; `patienceMs`, or 0 for ever.
 */
export async function ask(path, { body, type, signal, patienceMs = PATIENCE_MS } = {}) {
  const signals = [signal, patienceMs && AbortSignal.timeout(patienceMs)].filter(Boolean);
  const headers = { Accept: "application/json, application/x-ndjson, application/problem+json" };
  if (body !== undefined) headers["X-Dustjacket"] = "studio";
  if (type) headers["Content-Type"] = type;
  const response = await reached(
    fetch(path, {
      method: body === undefined ? "GET" : "POST",
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

/** Waits for a part of an exchange; what breaks it off, other than `signal`, is a Problem. */
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

/** Returns the JSON that the server answers with; see ask. */
export async function askJson(path, options = {}) {
  const response = await ask(path, options);
  return reached(response.json(), options.signal);
}

/** Posts `value` as JSON, and returns the JSON that comes back. */
export const postJson = (path, value, options = {}) =>
  askJson(path, { ...options, body: JSON.stringify(value), type: "application/json" });

/** What stands in the line about a problem that does not pass by itself. */
export function lasting(problem) {
  if (problem.status !== 401) return { text: problem.detail };
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

/** Asks one thing at a time, the newest, and asks again until it is answered. */
export class Asker {
  #current = null;

  /**
   * Args:
   *   name: in the status line.
   *   events: `busy()`; `answered(answer)`; `refused(problem)`, which shows why there is no answer,
   *     also at each try that a 503 names a DAG. Where a login is all that lacks, or there is no
   *     `refused`, the status line says so, and what was there stays.
   */
  constructor(name, { busy = () => {}, answered, refused }) {
    Object.assign(this, { name, busy, answered, refused });
  }

  /** Gives up what is being asked. */
  cancel() {
    this.#current?.abort();
    this.#current = null;
    clear(this.name);
  }

  /** Asks `question`, a function of an AbortSignal, instead of what was being asked. */
  async ask(question) {
    this.#current?.abort();
    const mine = (this.#current = new AbortController());
    this.busy();
    let answer;
    try {
      answer = await this.#insist(question, mine.signal);
    } catch (error) {
      if (mine.signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      if (error.status === 401 || !this.refused) say(this.name, lasting(error));
      else this.refused(error);
      return;
    }
    clear(this.name);
    this.answered(answer);
  }

  async #insist(question, signal) {
    for (let failures = 0; ; failures += 1) {
      if (quietUntil > Date.now()) await pause(quietUntil - Date.now(), signal);
      const slow = setTimeout(() => this.#saySlow(failures), SLOW_MS);
      try {
        const answer = await question(signal);
        signal.throwIfAborted();
        return answer;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof Problem) || !error.passes) throw error;
        clearTimeout(slow);
        await this.#rest(error, failures, signal);
      } finally {
        clearTimeout(slow);
      }
    }
  }

  #saySlow(failures) {
    if (!failures) say(this.name, { text: "This takes longer than usual…", tone: "calm" });
  }

  async #rest(problem, failures, signal) {
    const first = problem.dag ? UNPUBLISHED_PAUSE_MS : FIRST_PAUSE_MS;
    const growing = Math.min(first * 2 ** failures, LONGEST_PAUSE_MS);
    const until = Date.now() + Math.max(problem.waitMs ?? growing, 500);
    if (problem.status === 429) quietUntil = until;
    if (problem.dag) {
      clear(this.name);
      this.refused?.(problem);
    } else {
      const kept = problem.status === 0 ? " Nothing you entered is lost." : "";
      const action = problem.status === 429 ? null : ["Try now", wake];
      say(this.name, { text: `${problem.detail}${kept} Trying again`, until, action });
    }
    await pause(until - Date.now(), signal);
  }
}
