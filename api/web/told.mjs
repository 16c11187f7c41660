// Stored messages as turns of the page, and what a turn is made of.
import { newId } from "./insecure.mjs";

// A turn that has not come to its end: it waits for a person, or a process ended in its middle.
export function standing(found, stands) {
  if (!stands) return found;
  if (stands.state === "unfinished") return [...found, { ...emptyTurn(stands.question), state: "unfinished", untaken: false }];
  const approvals = stands.approvals.map(({ id, expires_at: expiresAt, ...metadata }) => ({ id, expiresAt, metadata }));
  return found.map((turn, n) => (n === found.length - 1 ? { ...turn, state: "waiting", approvals } : turn));
}

// Stored messages become turns: a question and what answered it, in several parts if it waited.
export function told(messages) {
  const found = [];
  for (const message of messages) {
    if (message.role === "user") {
      found.push({ ...emptyTurn(message.content), state: "done", untaken: false, messageId: message.id });
    } else if (found.length) {
      answered(found[found.length - 1], message);
    }
  }
  return found;
}

function answered(turn, message) {
  if (turn.waited) asideBy(turn);
  turn.answer = joined(turn.answer, message.content);
  turn.waited = message.ending === "waiting";
  turn.answeredBy = message.run_id;
  turn.state = ENDED[message.ending] ?? "done";
  turn.error = message.error?.message ?? "";
  turn.citations = message.citations ?? [];
  turn.charts = [...turn.charts, ...(message.charts ?? [])];
  turn.usage = (message.usage ?? []).reduce(summed, turn.usage);
  turn.incomplete = message.incomplete ?? "";
  turn.plan = message.plan?.length ? message.plan : turn.plan;
  const lanes = lanesOf(message);
  for (const lane of lanes) turn.items = laneStarts(turn.items, { ...lane, kind: "lane" });
  turn.items = [...turn.items, ...(message.tool_calls ?? []).map((call, n) => ({
    kind: "tool",
    id: `${message.id}-${n}`,
    server: call.server,
    name: call.tool,
    args: JSON.stringify(call.arguments ?? {}, null, 2),
    status: call.status,
    durationMs: call.duration_ms,
    tokens: call.result_tokens,
    result: call.result ?? "",
    lane: lanes.find((one) => one.calls.includes(call.id))?.id ?? "",
  }))];
}

// What was said while a person was waited for ("nothing has been changed") holds no longer once they answered.
function asideBy(turn) {
  turn.earlier = joined(turn.earlier, turn.answer);
  turn.answer = "";
}

// What a turn took that waited in between: the calls of each model together. A sum with an unknown price is unknown.
function summed(usage, used) {
  const same = usage.find((one) => one.provider === used.provider && one.model === used.model);
  if (!same) return [...usage, used];
  const whole = {
    ...same,
    input_tokens: same.input_tokens + used.input_tokens,
    output_tokens: same.output_tokens + used.output_tokens,
    cost_usd: same.cost_usd === null || used.cost_usd === null ? null : same.cost_usd + used.cost_usd,
  };
  return usage.map((one) => (one === same ? whole : one));
}

// How a stored turn ended; what waits is told by what stands in the conversation.
const ENDED = { cancelled: "cancelled", failed: "failed", stopped: "failed" };
const LANE_ENDED = { done: "ok", waiting: "waiting" };

// Who worked on an answer. Of older answers only the names are kept, beside the calls.
function lanesOf({ id, lanes, tool_calls: calls = [], ending }) {
  if (lanes) return lanes;
  const names = [...new Set(calls.map((call) => call.subagent).filter(Boolean))];
  return names.map((name) => ({
    id: `${id}-${name}`,
    name,
    why: "",
    status: LANE_ENDED[ending] ?? "error",
    calls: calls.filter((call) => call.subagent === name).map((call) => call.id),
  }));
}

// Who waited for a person and is handed the turn again goes on in the same lane.
export function laneStarts(items, lane) {
  const waited = items.find((one) => one.kind === "lane" && one.status === "waiting" && one.name === lane.name);
  if (!waited) return [...items, lane];
  return items.map((one) => (one === waited ? lane : one.lane === waited.id ? { ...one, lane: lane.id } : one));
}

export function joined(before, text) {
  return before && text ? `${before}\n\n${text}` : before || text;
}

export function emptyTurn(question) {
  return {
    id: newId(),
    question,
    state: "running",
    runId: newId(),
    untaken: true, // until the service says that it runs
    answer: "",
    earlier: "",
    approvals: [],
    plan: [],
    items: [],
    citations: [],
    charts: [],
    usage: [],
    incomplete: "",
    error: "",
  };
}
