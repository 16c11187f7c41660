import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "../html.mjs";
import { locale, t } from "../i18n.mjs";
import { copied } from "../insecure.mjs";
import { rendered, spoken } from "../markdown.mjs";
import { edit, evidence, goOn, running } from "../store.mjs";
import { Approvals } from "./approval.mjs";
import { Chart } from "./chart.mjs";
import { Following } from "./following.mjs";
import { Graph } from "./graph.mjs";
import { Opinion } from "./opinion.mjs";
import { Repair } from "./repair.mjs";
import { Work } from "./work.mjs";

const ANNOUNCE_EVERY_MS = 500;

// `fixed`: it is only read.
export function Turn({ turn, fixed = false }) {
  return html`
    <article class="turn" aria-busy=${turn.state === "running"}>
      <${Asked} turn=${turn} fixed=${fixed} />
      <${Plan} steps=${turn.plan} />
      <${Work} items=${turn.items} />
      ${turn.earlier && html`<${Earlier} text=${turn.earlier} />`}
      <${Answer} turn=${turn} />
      ${turn.charts.map((chart) => html`<${chart.form === "graph" ? Graph : Chart} key=${chart.id} chart=${chart} />`)}
      ${!fixed && html`<${Approvals} turn=${turn} /><${Repair} turn=${turn} /><${Following} turn=${turn} />`}
      <${Ending} turn=${turn} fixed=${fixed} />
    </article>
  `;
}

// A question, which can be edited: the edited one is answered in a branch.
function Asked({ turn, fixed }) {
  const [text, setText] = useState(null);
  if (text === null) {
    return html`
      <div class="asked">
        ${!fixed && html`<button type="button" class="plain small edit" title=${t("editQuestion")} aria-label=${`${t("editQuestion")}: ${turn.question}`} disabled=${running.value} onClick=${() => setText(turn.question)}>✎</button>`}
        <p class="question"><span class="unseen">${t("you")}: </span>${turn.question}</p>
      </div>
    `;
  }
  const send = (event) => {
    event.preventDefault();
    if (!text.trim()) return;
    setText(null);
    edit(turn.id, text.trim());
  };
  return html`
    <form class="editing" onSubmit=${send}>
      <label>${t("editQuestion")}<textarea rows="2" value=${text} onInput=${(event) => setText(event.target.value)}></textarea></label>
      <p class="quiet">${t("editHint")}</p>
      <button type="button" onClick=${() => setText(null)}>${t("keepQuestion")}</button>
      <button type="submit" class="primary">${t("send")}</button>
    </form>
  `;
}

const STEP_MARKS = { pending: "○", in_progress: "◐", done: "●", failed: "✕", skipped: "–" };

function Plan({ steps }) {
  if (!steps.length) return null;
  return html`
    <ol class="plan" aria-label=${t("plan")}>
      ${steps.map(
        (step, n) => html`
          <li key=${n} class=${step.status}>
            <span aria-hidden="true">${STEP_MARKS[step.status]}</span> ${step.title}
            <span class="quiet"> ${t(step.status === "failed" ? "stepFailed" : step.status)}</span>
          </li>
        `,
      )}
    </ol>
  `;
}

// What was said before a person answered: it was so then.
function Earlier({ text }) {
  return html`
    <details class="earlier quiet" open><summary>${t("saidBefore")}</summary>
      <div class="passage" dangerouslySetInnerHTML=${{ __html: rendered(text) }}></div>
    </details>
  `;
}

function Answer({ turn }) {
  const pieces = useAnnounced(turn.answer, turn.state === "running");
  const open = (event) => {
    const n = Number(event.target.closest?.("button.cite")?.dataset.n);
    const found = turn.citations.find((one) => one.n === n);
    if (found) evidence.value = { citations: turn.citations, n, question: turn.question };
  };
  return html`
    <div class="answer" onClick=${open} dangerouslySetInnerHTML=${{ __html: rendered(turn.answer) }}></div>
    <p class="unseen" aria-live="polite">${pieces.map((piece, n) => html`<span key=${n}>${piece}</span>`)}</p>
  `;
}

// Screen readers hear an answer sentence by sentence, each once: what is said already stays as it is.
function useAnnounced(text, running) {
  const [pieces, setPieces] = useState([]);
  const latest = useRef(text);
  latest.current = text;
  useEffect(() => {
    if (!running) return undefined;
    const say = (ended) => setPieces((said) => further(said, spoken(latest.current), ended));
    const timer = setInterval(() => say(false), ANNOUNCE_EVERY_MS);
    return () => {
      clearInterval(timer);
      say(true);
    };
  }, [running]);
  return pieces;
}

const SENTENCES = /^[^]*[.!?。！？\n]/;

// What was said, and what can be said now; all anew when an answer was written over.
function further(said, whole, ended) {
  const before = said.join("");
  const kept = whole.startsWith(before);
  const rest = kept ? whole.slice(before.length) : whole;
  const piece = ended ? rest : SENTENCES.exec(rest)?.[0];
  return piece ? [...(kept ? said : []), piece] : said;
}

function Ending({ turn, fixed }) {
  if (turn.state === "running") return html`<p class="quiet" role="status">${t("working")}</p>`;
  return html`
    <footer class="ending">
      ${turn.state === "failed" && html`<p class="problem" role="alert">${t("failed", { why: turn.error })}</p>`}
      ${turn.state === "unfinished" && html`<p class="notice" role="status">${t("unfinished")}</p><button type="button" class="primary" onClick=${() => goOn(turn.id)}>${t("goOn")}</button>`}
      ${turn.state === "cancelled" && html`<p class="notice">${t("cancelled")}</p>`}
      ${turn.incomplete && html`<p class="notice">${t("incomplete", { why: turn.incomplete })}</p>`}
      ${turn.answer && html`<${Copy} text=${turn.answer} />`}
      ${!fixed && AGAIN.includes(turn.state) && html`<button type="button" class="plain small again" title=${t("editHint")} disabled=${running.value} onClick=${() => edit(turn.id, turn.question)}>${t("regenerate")}</button>`}
      ${!fixed && turn.state === "done" && turn.answer && html`<${Opinion} turn=${turn} />`}
      ${turn.usage.map((one) => html`<p class="quiet usage" key=${one.model}>${used(one)}</p>`)}
    </footer>
  `;
}

// The old answer stays where it is; the new one begins a branch.
const AGAIN = ["done", "cancelled", "failed"];

function used(usage) {
  if (usage.provider === "offline") return t("noModel");
  const number = new Intl.NumberFormat(locale.value);
  const counted = t("modelUsed", {
    model: usage.model,
    input: number.format(usage.input_tokens),
    output: number.format(usage.output_tokens),
  });
  const cost = usage.cost_usd === null ? t("unpriced") : t("cost", { cost: usage.cost_usd.toFixed(4) });
  return `${counted} · ${cost}`;
}

function Copy({ text }) {
  const [told, setTold] = useState("");
  const copy = () => copied(text).then(() => setTold(t("copied")), (error) => setTold(error.message));
  return html`<button type="button" class="plain small" onClick=${copy}>${told || t("copy")}</button>`;
}
