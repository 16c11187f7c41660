// One turn through the public AG-UI client: node agui.mjs URL TOKEN QUESTION [THREAD]
import { HttpAgent } from "@ag-ui/client";

const [url, token, question, threadId] = process.argv.slice(2);
const agent = new HttpAgent({ url, threadId, headers: { Authorization: `Bearer ${token}` } });
agent.addMessage({ id: crypto.randomUUID(), role: "user", content: question });

const types = {};
let sources = [];
let outcome;
await agent.runAgent({}, {
  onEvent: ({ event }) => {
    types[event.type] = (types[event.type] ?? 0) + 1;
    if (event.type === "ACTIVITY_SNAPSHOT" && event.activityType === "sources")
      sources = event.content.citations;
    if (event.type === "RUN_FINISHED") outcome = event.outcome;
  },
});
const answers = agent.messages.filter((one) => one.role === "assistant" && one.content);
console.log(
  JSON.stringify({
    types,
    outcome,
    plan: agent.state.plan,
    answer: answers.map((one) => one.content).join("\n"),
    roles: agent.messages.map((one) => one.role),
    sources,
  }),
);
