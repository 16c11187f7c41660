// A page of somebody else's around `useStream`: page.html?apiUrl=…&apiKey=… (built by esbuild, served from another origin)
import { createElement as h, useState } from "react";
import { createRoot } from "react-dom/client";
import { useStream } from "@langchain/langgraph-sdk/react";

const given = new URLSearchParams(location.search);
const textOf = ({ content }) => typeof content === "string" ? content : content.map((one) => one.text).join("");

function Chat() {
  const [threadId, setThreadId] = useState(given.get("threadId"));
  const [runs, setRuns] = useState([]);
  const stream = useStream({
    apiUrl: given.get("apiUrl"), apiKey: given.get("apiKey"), assistantId: "agent",
    threadId, onThreadId: setThreadId, fetchStateHistory: true, reconnectOnMount: true,
    onCreated: ({ run_id }) => setRuns((before) => [...before, run_id]),
  });
  const ask = (event) => {
    event.preventDefault();
    const asked = { type: "human", content: [{ type: "text", text: event.target.elements.question.value }] };
    stream.submit({ messages: [asked] }, {
      streamMode: ["values"], streamSubgraphs: true, streamResumable: true,
      optimisticValues: (before) => ({ ...before, messages: [...(before.messages ?? []), asked] }),
    });
  };
  const decide = (type) => stream.submit({}, { command: { resume: { decisions: [{ type }] } } });
  const from = (one, n) => ({ checkpoint: stream.getMessagesMetadata(one, n)?.firstSeenState?.parent_checkpoint, streamMode: ["values"] });
  const edit = (one, n) => stream.submit({ messages: [{ type: "human", content: document.getElementById("edited").value }] }, from(one, n));
  const switcher = (one, n) => {
    const { branch, branchOptions = [] } = stream.getMessagesMetadata(one, n) ?? {};
    const other = branchOptions[(branchOptions.indexOf(branch) + 1) % branchOptions.length];
    return branchOptions.length > 1 && h("button", { className: "branch", onClick: () => stream.setBranch(other) },
      `${branchOptions.indexOf(branch) + 1}/${branchOptions.length}`);
  };
  const waits = stream.interrupt?.value;
  return h("main", { "aria-busy": stream.isLoading },
    h("p", { id: "thread" }, threadId), h("p", { id: "runs" }, runs.join(" ")),
    h("ol", null, stream.messages.map((one, n) => h("li", { key: one.id ?? n, className: one.type }, textOf(one)))),
    h("nav", null, stream.messages.map((one, n) => h("span", { key: one.id ?? n }, switcher(one, n),
      one.type === "human" && h("button", { onClick: () => edit(one, n) }, `edit ${n}`),
      one.type === "ai" && h("button", { onClick: () => stream.submit(undefined, from(one, n)) }, `again ${n}`)))),
    h("input", { id: "edited" }),
    waits && h("section", { id: "interrupt" }, waits.action_requests.map((one) => `${one.name} ${one.description}`),
      waits.review_configs[0].allowed_decisions.map((type) => h("button", { key: type, onClick: () => decide(type) }, type)),
      h("button", { onClick: () => stream.submit({}, { command: { goto: "__end__" } }) }, "resolve")),
    stream.error && h("p", { id: "error" }, String(stream.error.message ?? stream.error)),
    h("p", { id: "history" }, `${stream.history.length} states`),
    h("button", { onClick: () => stream.stop() }, "stop"),
    h("form", { onSubmit: ask }, h("input", { name: "question", "aria-label": "question" }), h("button", null, "send")));
}
createRoot(document.getElementById("root")).render(h(Chat));
