// Who worked on an answer: a lane for each subagent, with the tools that it called.
import { useState } from "preact/hooks";
import { html } from "../html.mjs";
import { spent, t } from "../i18n.mjs";

export function Work({ items }) {
  const lanes = items.filter((one) => one.kind === "lane");
  const known = new Set(lanes.map((one) => one.id));
  const others = items.filter((one) => one.kind === "tool" && !known.has(one.lane));
  return html`
    <div class="work">
      ${lanes.map((lane) => html`<${Lane} key=${lane.id} lane=${lane} calls=${items.filter((one) => one.lane === lane.id)} />`)}
      ${others.map((call) => html`<${Tool} key=${call.id} call=${call} />`)}
    </div>
  `;
}

const LANE_WORDS = { running: "in_progress", ok: "done", error: "stepFailed", cancelled: "stopped", waiting: "waitsForYou" };

function Lane({ lane, calls }) {
  return html`
    <section class=${`lane ${lane.status}`} data-subagent=${lane.name} data-status=${lane.status}>
      <p class="lane-head">
        <strong>${nameOf(lane.name)}</strong>
        <span class="state-of">${t(LANE_WORDS[lane.status] ?? "done")}</span>
        ${lane.why && html`<span class="quiet">${lane.why}</span>`}
      </p>
      ${calls.map((call) => html`<${Tool} key=${call.id} call=${call} />`)}
    </section>
  `;
}

// What a subagent is for; one of somebody else's has its own name only.
function nameOf(name) {
  const key = `lane_${name}`;
  const found = t(key);
  return found === key ? name : found;
}

function Tool({ call }) {
  const running = call.status === "running";
  const failed = !running && call.status !== "ok";
  return html`
    <details class=${`tool ${failed ? "failed" : ""}`} data-tool=${call.name} data-status=${call.status}>
      <summary>
        <code>${call.name}</code>
        <span class="quiet args">${short(call.args)}</span>
        <span class="status">
          ${running ? t("toolRunning") : failed ? call.status : ""}
          ${call.durationMs !== undefined && call.durationMs !== null && spent(call.durationMs)}
        </span>
      </summary>
      <h3>${t("toolArguments")}</h3>
      <pre>${pretty(call.args)}</pre>
      ${call.cached && html`<p class="quiet">${t("toolCached")}</p>`}
      ${call.result && html`<h3>${t("toolResult")}${call.tokens ? ` · ${t("tokens", { n: call.tokens })}` : ""}</h3><${Result} text=${call.result} />`}
    </details>
  `;
}

const RESULT_SHOWN = 1500;

function Result({ text }) {
  const [whole, setWhole] = useState(false);
  if (whole || text.length <= RESULT_SHOWN) return html`<pre>${text}</pre>`;
  return html`
    <pre>${text.slice(0, RESULT_SHOWN)}…</pre>
    <button type="button" class="plain" onClick=${() => setWhole(true)}>${t("showAll")}</button>
  `;
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function short(text) {
  try {
    const pairs = Object.entries(JSON.parse(text)).filter(([name, value]) => value !== "" && name !== "language");
    return pairs.map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`).join(" ");
  } catch {
    return "";
  }
}
