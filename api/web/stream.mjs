import { locale, t } from "./i18n.mjs";

// One run over POST /agui. A lost connection is taken up again where it broke off.
const RETRIES = 5;

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

// Calls `heard(event)` for every event of the run and returns when the run has ended.
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
      lost(false);
      await read(response.body, note);
      if (ended || !lastId) return;
      throw new TypeError("the stream ended early");
    } catch (error) {
      if (error instanceof Refused) throw error;
      if (attempt >= RETRIES || !lastId) throw new Unreachable();
      lost(true);
      await new Promise((resolve) => setTimeout(resolve, 400 * 2 ** attempt));
    }
  }
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
