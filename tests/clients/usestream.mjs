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
  const waits = stream.interrupt?.value;
  return h("main", { "aria-busy": stream.isLoading },
    h("p", { id: "thread" }, threadId), h("p", { id: "runs" }, runs.join(" ")),
    h("ol", null, stream.messages.map((one, n) => h("li", { key: one.id ?? n, className: one.type }, textOf(one)))),
    waits && h("section", { id: "interrupt" }, waits.action_requests.map((one) => `${one.name} ${one.description}`),
      waits.review_configs[0].allowed_decisions.map((type) => h("button", { key: type, onClick: () => decide(type) }, type)),
      h("button", { onClick: () => stream.submit({}, { command: { goto: "__end__" } }) }, "resolve")),
    stream.error && h("p", { id: "error" }, String(stream.error.message ?? stream.error)),
    h("p", { id: "history" }, `${stream.history.length} states`),
    h("button", { onClick: () => stream.stop() }, "stop"),
    h("form", { onSubmit: ask }, h("input", { name: "question", "aria-label": "question" }), h("button", null, "send")));
}
createRoot(document.getElementById("root")).render(h(Chat));
