// What the page knows: who is signed in, the conversations, and the turns of the open one.
import { batch, computed, signal } from "@preact/signals";
import { newId } from "./insecure.mjs";
import { t } from "./i18n.mjs";
import { follow, Forgotten, json, Refused } from "./stream.mjs";
import { emptyTurn, joined, laneStarts, standing, told } from "./told.mjs";

export const me = signal(undefined); // undefined: not asked yet; null: nobody is signed in
export const threads = signal([]);
export const query = signal("");
export const threadId = signal("");
export const turns = signal([]);
export const evidence = signal(null);
export const lost = signal(""); // the word for a connection that is away
export const trouble = signal("");
export const draft = signal(""); // what is written and not sent
export const running = computed(() => turns.value.some((turn) => turn.state === "running"));

// Whose conversation is on the page; it is shown to nobody who signs in after them.
let last = "";

export async function whoAmI() {
  await tried(async () => {
    const found = await json("GET", "/auth/me");
    if (last && last !== found.subject) forget();
    last = found.subject;
    me.value = found;
  });
  if (me.value?.permissions.includes("chat:use")) await tried(listThreads);
}

// What a person began and has no place of its own to say how it went: `trouble` says why it did not.
export async function tried(step) {
  try {
    await step();
    trouble.value = "";
  } catch (error) {
    if (error instanceof Refused && error.status === 401) me.value = null;
    else trouble.value = error.message;
  }
}

export async function signIn(username, password) {
  await json("POST", "/auth/session", { username, password });
  await whoAmI();
  // A turn whose stream ended with the session went on meanwhile.
  const cut = turns.value.find((turn) => turn.outside && !turn.untaken);
  if (cut) await tried(() => takenUp(cut.id, threadId.value));
}

export async function signOut() {
  await json("POST", "/auth/logout");
  me.value = null;
  forget();
}

function forget() {
  batch(() => {
    threadId.value = "";
    turns.value = [];
    threads.value = [];
    query.value = "";
    draft.value = "";
    evidence.value = null;
  });
}

export async function listThreads() {
  const asked = query.value.trim();
  const url = asked ? `/api/v1/threads?q=${encodeURIComponent(asked)}` : "/api/v1/threads";
  threads.value = (await json("GET", url)).items;
}

// Another page hands a question over; it is shown in a new conversation, and a person sends it.
export function askLater(question) {
  newThread();
  draft.value = question;
  location.hash = "#/chat";
}

export function newThread() {
  batch(() => {
    threadId.value = "";
    turns.value = [];
    evidence.value = null;
  });
}

export async function openThread(id) {
  const thread = await json("GET", `/api/v1/threads/${id}`);
  batch(() => {
    threadId.value = id;
    turns.value = standing(told(thread.messages), thread.standing);
    evidence.value = null;
  });
}

export async function renameThread(id, title) {
  await json("PATCH", `/api/v1/threads/${id}`, { title });
  await listThreads();
}

export async function pinThread(id, pinned) {
  await json("PATCH", `/api/v1/threads/${id}`, { pinned });
  await listThreads();
}

export async function deleteThread(id) {
  await json("DELETE", `/api/v1/threads/${id}`);
  if (threadId.value === id) newThread();
  await listThreads();
}

export async function ask(question) {
  const turn = emptyTurn(question);
  if (!threadId.value) threadId.value = newId();
  turns.value = [...turns.value, turn];
  const input = {
    threadId: threadId.value,
    runId: turn.runId,
    state: {},
    messages: [{ id: turn.id, role: "user", content: question }],
    tools: [],
    context: [],
    forwardedProps: {},
  };
  await followed(turn.id, input);
}

// An edited question that was never taken is simply asked again. Any other leaves the old conversation
// as it is and goes on in a branch of it.
export async function edit(id, question) {
  const place = turns.value.findIndex((turn) => turn.id === id);
  const old = turns.value[place];
  if (old.untaken) {
    turns.value = turns.value.slice(0, place);
    await ask(question);
    return;
  }
  const turn = emptyTurn(question);
  const props = { edit: old.messageId ?? old.runId, branch: newId() };
  const input = {
    threadId: threadId.value,
    runId: turn.runId,
    state: {},
    messages: [{ id: turn.id, role: "user", content: question }],
    tools: [],
    context: [],
    forwardedProps: props,
  };
  batch(() => {
    threadId.value = props.branch;
    turns.value = [...turns.value.slice(0, place), turn];
  });
  await followed(turn.id, input);
}

async function followed(id, input) {
  try {
    await follow(input, (event) => change(id, (now) => heard(now, event)), {
      lost: (is) => (lost.value = is),
    });
  } catch (error) {
    lost.value = "";
    if (error instanceof Forgotten) await tried(() => takenUp(id, input.threadId));
    else change(id, (now) => ({ ...now, state: "failed", error: error.message, outside: error.status === 401 }));
    if (error.status === 401) me.value = null;
    if (!(error instanceof Forgotten)) return;
  }
  await tried(listThreads);
}

// The service was started anew in the middle of a turn: what it kept is shown instead.
async function takenUp(id, thread) {
  const asked = turns.value.find((turn) => turn.id === id);
  if (!asked || threadId.value !== thread) return; // somebody reads another conversation
  const gone = { ...asked, state: "failed", error: t("notKept"), untaken: true };
  try {
    await openThread(thread);
  } catch (error) {
    if (error.status !== 404) throw error;
    change(id, () => gone);
    return;
  }
  if (turns.value.at(-1)?.question !== asked.question) turns.value = [...turns.value, gone];
}

// A person's answer; when every question of the turn has one, the turn goes on with them.
export async function decide(id, approvalId, decided) {
  change(id, (turn) => ({
    ...turn,
    approvals: turn.approvals.map((one) => (one.id === approvalId ? { ...one, decided } : one)),
  }));
  const { approvals } = turns.value.find((turn) => turn.id === id);
  if (!approvals.every((one) => one.decided)) return;
  const resume = approvals.map((one) => ({ interruptId: one.id, status: "resolved", payload: one.decided }));
  await goOn(id, resume);
}

// Take up a turn that stands in the open conversation.
export async function goOn(id, resume = []) {
  const runId = newId();
  change(id, (turn) => ({ ...turn, state: "running", runId, earlier: joined(turn.earlier, turn.answer), answer: "", approvals: [] }));
  const input = { threadId: threadId.value, runId, state: {}, messages: [], tools: [], context: [] };
  await followed(id, { ...input, resume, forwardedProps: { resume: true } });
}

export async function stop() {
  const turn = turns.value.find((one) => one.state === "running");
  if (turn) await tried(() => json("POST", `/api/v1/runs/${turn.runId}/cancel`));
}

function change(id, step) {
  turns.value = turns.value.map((turn) => (turn.id === id ? step(turn) : turn));
}

// One AG-UI event applied to a turn.
function heard(turn, event) {
  const handler = HANDLERS[event.type];
  return handler ? { ...turn, ...handler(turn, event) } : turn;
}

const ENDINGS = { cancelled: "cancelled", interrupt: "waiting" };

const HANDLERS = {
  RUN_STARTED: () => ({ untaken: false }),
  STATE_SNAPSHOT: (turn, event) => ({ plan: event.snapshot.plan ?? [] }),
  STATE_DELTA: (turn, event) => ({ plan: event.delta.reduce(patched, turn.plan) }),
  SUBAGENT_STARTED: (turn, event) => ({
    items: laneStarts(turn.items, {
      kind: "lane",
      id: event.subagentRunId,
      name: event.name,
      why: event.description,
      status: "running",
    }),
  }),
  SUBAGENT_FINISHED: (turn, event) => laneEnds(turn, event, event.outcome?.type === "suspended" ? "waiting" : "ok"),
  SUBAGENT_ERROR: (turn, event) => laneEnds(turn, event, event.code === "cancelled" ? "cancelled" : "error"),
  TOOL_CALL_START: (turn, event) => ({
    items: [
      ...turn.items,
      {
        kind: "tool",
        id: event.toolCallId,
        name: event.toolCallName,
        server: event.metadata?.server ?? "",
        lane: event.subagentRunId ?? "",
        args: "",
        status: "running",
        result: "",
      },
    ],
  }),
  TOOL_CALL_ARGS: (turn, event) => ({
    items: updated(turn.items, event.toolCallId, (item) => ({ args: item.args + event.delta })),
  }),
  TOOL_CALL_RESULT: (turn, event) => ({
    items: updated(turn.items, event.toolCallId, () => ({
      result: event.content,
      status: event.metadata?.status ?? "ok",
      durationMs: event.metadata?.durationMs,
      tokens: event.metadata?.resultTokens,
      cached: event.metadata?.cacheHit,
    })),
  }),
  TEXT_MESSAGE_START: () => ({ answer: "" }),
  TEXT_MESSAGE_CONTENT: (turn, event) => ({ answer: turn.answer + event.delta }),
  CUSTOM: (turn, event) => (event.name === "answer_revised" ? { answer: event.value.answer } : {}),
  ACTIVITY_SNAPSHOT: (turn, { activityType, content }) => {
    if (activityType === "sources") return { citations: content.citations };
    if (activityType !== "chart") return {};
    return { charts: [...turn.charts.filter((one) => one.id !== content.id), content] };
  },
  RUN_FINISHED: (turn, event) => ({
    state: ENDINGS[event.outcome?.type] ?? "done",
    approvals: event.outcome?.interrupts ?? [],
    usage: event.metadata?.usage ?? [],
    incomplete: event.result?.incomplete ?? "",
  }),
  // Why a waiting conversation takes nothing up is told in words already.
  RUN_ERROR: (turn, event) =>
    event.code === "interrupt_pending" ? { state: "refused" } : { state: "failed", error: event.message },
};

function laneEnds(turn, event, status) {
  return { items: updated(turn.items, event.subagentRunId, () => ({ status })) };
}

function updated(items, id, changes) {
  return items.map((item) => (item.id === id ? { ...item, ...changes(item) } : item));
}

// The two patches the server sends: a whole plan, or the status of one step.
function patched(plan, { path, value }) {
  if (path === "/plan") return value;
  const place = Number(path.split("/")[2]);
  return plan.map((step, n) => (n === place ? { ...step, status: value } : step));
}
