import { locale, t } from "./i18n.mjs";

// One run over POST /agui. A lost connection is taken up again where it broke off, however long it takes.
const PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 10_000;
// After so many tries in vain it is more than a hiccup.
const SOON = 5;
// What answers for a service that is being started again.
const AWAY = [502, 503, 504];

export class Refused extends Error {
  constructor(status, problem) {
    super(problem?.detail || problem?.title || `HTTP ${status}`);
    this.status = status;
    this.code = problem?.code || "error";
  }
}

// Nobody answered. What browsers say of that differs, and is of use to nobody.
export class Unreachable extends TypeError {
  constructor() {
    super(t("unreachable"));
  }
}

// The service is there, and knows nothing of the run: it was started anew meanwhile, or it is long ago.
export class Forgotten extends Error {}

async function fetched(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    throw error instanceof TypeError ? new Unreachable() : error;
  }
}

export async function json(method, url, body, headers = {}) {
  const response = await fetched(url, {
    method,
    headers: { ...headers, "accept-language": locale.value, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "same-origin",
  });
  if (!response.ok) throw await refusal(response);
  return response.status === 204 ? null : response.json();
}

async function refusal(response) {
  return new Refused(response.status, await response.json().catch(() => null));
}

// Calls `heard(event)` for every event of the run and returns when the run has ended. `lost` is told
// the word for a connection that is away, "" once it is there again.
export async function follow(input, heard, { lost }) {
  let lastId = "";
  let ended = false;
  const note = (id, event) => {
    lastId = id || lastId;
    ended ||= event.type === "RUN_FINISHED" || event.type === "RUN_ERROR";
    heard(event);
  };
  for (let attempt = 0; !ended; attempt += 1) {
    try {
      const response = await open(input, lastId);
      lost("");
      await read(response.body, (id, event) => {
        attempt = 0;
        note(id, event);
      });
      if (ended || !lastId) return;
    } catch (error) {
      if (lastId && error instanceof Refused && error.status === 404) throw new Forgotten();
      if (!lastId && error instanceof TypeError) throw new Unreachable();
      if (!lastId || !passes(error)) throw error;
    }
    if (ended) return;
    lost(attempt < SOON ? "lostConnection" : "stillLost");
    await new Promise((resolve) => setTimeout(resolve, Math.min(PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS)));
  }
}

function passes(error) {
  return error instanceof Refused ? AWAY.includes(error.status) : error instanceof TypeError;
}

async function open(input, lastId) {
  const headers = { "content-type": "application/json", accept: "text/event-stream", "accept-language": locale.value };
  if (lastId) headers["last-event-id"] = lastId;
  const response = await fetched("/agui", {
    method: "POST",
    headers,
    body: JSON.stringify(input),
    credentials: "same-origin",
  });
  if (!response.ok) throw await refusal(response);
  return response;
}

async function read(body, note) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    buffer += value.replaceAll("\r\n", "\n");
    for (let end = buffer.indexOf("\n\n"); end >= 0; end = buffer.indexOf("\n\n")) {
      deliver(buffer.slice(0, end), note);
      buffer = buffer.slice(end + 2);
    }
  }
}

function deliver(block, note) {
  const fields = block.split("\n");
  const data = fields.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trim());
  const id = fields.find((line) => line.startsWith("id:"))?.slice(3).trim() ?? "";
  if (data.length) note(id, JSON.parse(data.join("\n")));
}
