// A turn that waits for a person, through the public AG-UI client: node interrupt.mjs URL TOKEN QUESTION APPROVED
import { HttpAgent } from "@ag-ui/client";

const [url, token, question, approved] = process.argv.slice(2);
const agent = new HttpAgent({ url, headers: { Authorization: `Bearer ${token}` } });
agent.addMessage({ id: crypto.randomUUID(), role: "user", content: question });

const run = async (parameters) => {
  let outcome;
  await agent.runAgent(parameters, {
    onEvent: ({ event }) => {
      if (event.type === "RUN_FINISHED") outcome = event.outcome;
    },
  });
  return outcome;
};
const asked = await run({});
const waiting = agent.pendingInterrupts.map(({ id, reason, message, expiresAt, metadata }) => ({ id, reason, message, expiresAt, metadata }));
const without = await run({}).then(() => "went on", (error) => error.message);
const resume = waiting.map(({ id }) => ({ interruptId: id, status: "resolved", payload: { approved: approved === "yes" } }));
const runId = crypto.randomUUID();
const after = await run({ runId, resume });
const left = agent.pendingInterrupts.length;
const again = await run({ runId, resume });
const answers = agent.messages.filter((one) => one.role === "assistant" && one.content);
console.log(JSON.stringify({ asked: asked.type, waiting, without, after, left, again, answer: answers.at(-1)?.content ?? "" }));
