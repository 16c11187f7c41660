// LangGraph's own client for JavaScript: node langgraph.mjs URL TOKEN QUESTION [DECISION]
import { Client } from "@langchain/langgraph-sdk";

const [apiUrl, apiKey, question, decision] = process.argv.slice(2);
const client = new Client({ apiUrl, apiKey });
const { thread_id: id } = await client.threads.create();
const input = { messages: [{ type: "human", content: question }] };
const events = {};
let run, last;
const heard = async (parts) => {
  for await (const { event, data } of parts) {
    events[event] = (events[event] ?? 0) + 1;
    if (event === "values") last = data;
  }
};
const options = { streamMode: ["values", "messages-tuple", "updates", "custom"], onRunCreated: (one) => (run = one) };
await heard(client.runs.stream(id, "midwatch", { input, ...options }));
const waiting = last.__interrupt__?.[0]?.value.action_requests.map(({ name }) => name) ?? [];
const before = await client.threads.getState(id);
if (decision) await heard(client.runs.stream(id, "midwatch", { command: { resume: { decisions: [{ type: decision }] } }, ...options }));
let again = 0;
for await (const { event } of client.runs.joinStream(id, run.run_id, { lastEventId: "-1" })) if (event === "values") again += 1;
const state = await client.threads.getState(id);
const history = await client.threads.getHistory(id);
const [found] = await client.threads.search({ metadata: { graph_id: "agent" }, limit: 1 });
const job = await client.runs.create(id, "midwatch", { input });
await client.runs.cancel(id, job.run_id, true);
const cancelled = (await client.runs.get(id, job.run_id)).status;
await client.threads.delete(id);
const gone = await client.threads.get(id).then(() => 200, (error) => error.status);
console.log(JSON.stringify({ events, waiting, next: before.next, run, again, last, state: state.values, history: history.length,
  found: found.thread_id === id, title: found.metadata.title, cancelled, gone }));
