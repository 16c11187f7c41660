// What waits for a person's yes: what will happen, how risky it is, and until when.
import { useEffect, useRef, useState } from "preact/hooks";
import { coded, html } from "../html.mjs";
import { t, time } from "../i18n.mjs";
import { lineOf } from "../markdown.mjs";
import { decide } from "../store.mjs";

export function Approvals({ turn }) {
  if (!turn.approvals?.length) return null;
  return turn.approvals.map(
    (one) => html`<${Card} key=${one.id} asked=${one} answer=${(verdict) => decide(turn.id, one.id, verdict)} />`,
  );
}

// `answer({ approved, typed, reason })` is what a person decides; null: it is only shown.
// `keeps`: a reason is kept with a yes, too.
export function Card({ asked, answer, busy = false, keeps = false }) {
  const { tool, arguments: given, risk, facts, diff, approvers, typed, problem, rehearsal, cannot_know: cannotKnow, cluster, objects, actions = [] } = asked.metadata;
  const left = useSecondsLeft(asked.expiresAt);
  const [name, setName] = useState("");
  const [reason, setReason] = useState("");
  const card = useRef(null);
  useEffect(() => {
    if (!document.querySelector("#question")?.value) card.current?.focus();
  }, []);
  const title = `approval-${asked.id}`;
  const mayApprove = !typed || name.trim() === typed;
  const open = left > 0 && !busy;
  const say = (approved) => answer({ approved, typed: name.trim(), ...((approved && !keeps) || !reason.trim() ? {} : { reason: reason.trim() }) });
  const submit = (event) => {
    event.preventDefault();
    if (mayApprove && open) say(true);
  };
  return html`
    <section class=${`approval ${risk}`} aria-labelledby=${title} data-tool=${tool} tabindex="-1" ref=${card}>
      <h3 id=${title}>${t("approvalTitle")} <code>${tool}</code></h3>
      <dl>
        ${Object.entries(given).map(([key, value]) => html`<dt key=${key}>${key}</dt><dd key=${`${key}=`}><code>${typeof value === "string" ? value : JSON.stringify(value)}</code></dd>`)}
      </dl>
      ${objects && html`<p class="where"><strong>${objects}</strong> <span class="quiet">${t("onCluster", { cluster })}</span></p>`}
      ${actions.map((one) => html`<p key=${one} class="action">${one}</p>`)}
      ${risk && html`<p class="risk"><strong>${t("risk", { level: t(`risk_${risk}`) })}</strong></p>`}
      ${facts.length > 0 && html`<ul class="facts">${facts.map((fact) => html`<li key=${fact}>${fact}</li>`)}</ul>`}
      ${diff && html`<${Diff} text=${diff} />`}
      ${rehearsal && html`<p class="rehearsal">${coded(rehearsal)}</p>`}
      ${cannotKnow && html`<p class="quiet cannot-know">${cannotKnow}</p>`}
      ${problem && html`<p class="problem">${t("planUnreadable", { why: problem })}</p>`}
      ${approvers && html`<p class="quiet">${t("approvers", { who: approvers })}</p>`}
      <${Deadline} left=${left} at=${asked.expiresAt} />
      ${answer && html`<form onSubmit=${submit}>
        ${typed && html`<label>${t("typeName", { name: typed })}<input type="text" autocomplete="off" spellcheck="false" value=${name} onInput=${(event) => setName(event.target.value)} /></label>`}
        <label>${t(keeps ? "reasonKept" : "whyNot")}<input type="text" maxlength="500" autocomplete="off" class="reason" value=${reason} onKeyDown=${unsent} onInput=${(event) => setReason(event.target.value)} /></label>
        <button type="button" class="deny" disabled=${!open} onClick=${() => say(false)}>${t("deny")}</button>
        <button type="submit" class="primary approve" disabled=${!open || !mayApprove}>${t("approve")}</button>
      </form>`}
      ${asked.decided && html`<p class="quiet" role="status">${t(asked.decided.approved ? "willApprove" : "willDeny")}</p>`}
    </section>
  `;
}

function Deadline({ left, at }) {
  if (left <= 0) return html`<p class="notice" role="status">${t("approvalExpired")}</p>`;
  const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  return html`<p class="quiet countdown" title=${time(at)}>${t("timeLeft", { clock })}</p>`;
}

function useSecondsLeft(iso) {
  const seconds = () => Math.max(0, Math.ceil((Date.parse(iso) - Date.now()) / 1000));
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    const timer = setInterval(() => setLeft(seconds()), 1000);
    return () => clearInterval(timer);
  }, [iso]);
  return left;
}

// Enter would say yes, beside a reason for no.
const unsent = (event) => event.key === "Enter" && event.preventDefault();

function Diff({ text }) {
  return html`
    <pre class="diff" tabindex="0" aria-label=${t("diff")}>${text.split("\n").map(
      (line, n) => html`<span key=${n} class=${lineOf(line)}>${`${line}\n`}</span>`,
    )}</pre>
  `;
}
