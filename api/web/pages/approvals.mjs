// What waits for a person: questions of one's own conversations, and plans of repairs.
import { useState } from "preact/hooks";
import { html } from "../html.mjs";
import { t } from "../i18n.mjs";
import { go } from "../route.mjs";
import { openThread } from "../store.mjs";
import { Card } from "../parts/approval.mjs";
import { may } from "../parts/rail.mjs";
import { json } from "../stream.mjs";
import { Changes } from "./changes.mjs";
import { Refresh, Said, Section, Sheet, Shown, Tag, When, named, useAct, useRead, worded } from "./kit.mjs";

const NONE = { state: "ready", rows: [], data: {}, again: () => null, more: null };

export default function Approvals() {
  const asked = useRead(may("chat:use") ? "/api/v1/approvals" : "");
  const plans = useRead(may("fixes:plan") ? "/api/v1/autofix/plans?limit=50" : "");
  const changes = useRead(may("fixes:plan") ? "/api/v1/autofix/changes" : "");
  const reads = [may("chat:use") && asked, may("fixes:plan") && plans, may("fixes:plan") && changes].filter(Boolean);
  const open = plans.rows.filter((one) => one.status === "proposed" || one.status === "approved");
  return html`
    <${Sheet} title=${t("page_approvals")} lead=${t("approvalsLead")} actions=${html`<${Refresh} reads=${reads} />`}>
      <${Section} title=${t("askedInChat")}>
        <${Shown} read=${may("chat:use") ? asked : NONE} empty=${t("nothingAsked")}>
          ${asked.rows.map((one) => html`<${Asked} key=${one.id} asked=${one} answered=${asked.again} />`)}
        <//>
      <//>
      ${may("fixes:plan") && html`
        <${Section} title=${t("plansWaiting")}>
          <${Shown} read=${{ ...plans, rows: open }} empty=${t("noPlans")}>
            <ul class="cards">${open.map((one) => html`<${Plan} key=${one.plan_id} plan=${one} decided=${() => reads.forEach((read) => read.again())} />`)}</ul>
          <//>
        <//>
        <${Section} title=${t("changesMade")}>
          <${Shown} read=${changes} empty=${t("noChanges")}><${Changes} rows=${changes.rows} changed=${changes.again} /><//>
        <//>
      `}
    <//>
  `;
}

// The card of the conversation; its turn goes on when it is answered, and its whole answer is waited for.
function Asked({ asked, answered }) {
  const act = useAct();
  const { id, expires_at: expiresAt, thread_id: thread, ...metadata } = asked;
  const answer = async (verdict) => {
    const done = await act.run(() => json("POST", `/api/v1/approvals/${encodeURIComponent(id)}`, verdict));
    if (done) answered();
  };
  const open = async () => {
    if ((await act.run(async () => (await openThread(thread), true))) === true) go("chat");
  };
  return html`
    <div class="asked-card">
      <${Card} asked=${{ id, expiresAt, metadata }} answer=${answer} busy=${act.busy} />
      <div class="actions"><button type="button" onClick=${open}>${t("openConversation")}</button></div>
      ${act.busy && html`<p class="quiet" role="status">${t("turnGoesOn")}</p>`}
      <${Said} act=${act} />
    </div>
  `;
}

function Plan({ plan, decided }) {
  const [open, setOpen] = useState(false);
  return html`
    <li class="card" data-plan=${plan.plan_id}>
      <h4><${Tag} tone=${plan.risk === "low" ? "" : plan.risk === "medium" ? "warn" : "bad"}>${t("risk", { level: worded("risk", plan.risk) })}<//> ${plan.title}</h4>
      <p class="quiet"><code>${plan.plan_id}</code> · ${worded("plan", plan.status)} · ${t("askedBy", { who: plan.requester })} <${When} at=${plan.created_at} /></p>
      ${open ? html`<${Opened} id=${plan.plan_id} decided=${decided} />` : html`<button type="button" onClick=${() => setOpen(true)} aria-label=${`${t("lookAndDecide")}: ${plan.title}`}>${t("lookAndDecide")}</button>`}
    </li>
  `;
}

function Opened({ id, decided }) {
  const read = useRead(`/api/v1/autofix/plans/${encodeURIComponent(id)}`);
  return html`<${Shown} read=${read}>${read.data && html`<${Decision} plan=${read.data} changed=${() => { read.again(); decided(); }} />`}<//>`;
}

function Decision({ plan, changed }) {
  const act = useAct();
  const answer = async ({ approved, typed, reason = "" }) => {
    const body = approved ? { plan_id: plan.plan_id, typed_name: typed, reason } : { plan_id: plan.plan_id, reason };
    if (await act.run(() => json("POST", `/api/v1/autofix/${approved ? "approve" : "deny"}`, body), t(approved ? "planApproved" : "planDenied"))) changed();
  };
  const apply = async () => {
    if (await act.run(() => json("POST", "/api/v1/autofix/apply", { plan_id: plan.plan_id, wait_s: 0 }), t("planApplied"))) changed();
  };
  return html`
    ${plan.status === "proposed" && html`
      <${Card} asked=${asCard(plan)} answer=${may("fixes:approve") ? answer : null} busy=${act.busy} keeps=${true} />
      ${!may("fixes:approve") && html`<p class="quiet">${t("mayNotApprove")}</p>`}
    `}
    ${plan.status === "approved" && may("fixes:apply") && html`<div class="actions"><button type="button" class="primary" disabled=${act.busy} onClick=${apply}>${t("carryOut")}</button></div>`}
    <${Said} act=${act} />
  `;
}

// A plan as what the approval card of a conversation shows.
function asCard(plan) {
  const [first] = plan.steps;
  return {
    id: plan.plan_id,
    expiresAt: plan.approval.expires_at,
    metadata: {
      tool: plan.fix,
      arguments: {},
      risk: plan.risk,
      facts: plan.steps.flatMap((one) => one.risk.facts),
      diff: plan.steps.map((one) => one.diff).join("\n"),
      approvers: plan.approval.approvers,
      typed: plan.approval.typed_name ? first.target.name : "",
      rehearsal: plan.rehearsal?.said,
      cannot_know: plan.rehearsal?.cannot_know,
      cluster: plan.cluster,
      objects: [...new Set(plan.steps.map((one) => named(one.target)))].join(", "),
      actions: plan.steps.map((one) => one.action),
    },
  };
}
