// What people said of answers, and seeing to it.
import { useState } from "preact/hooks";
import { html } from "../html.mjs";
import { t } from "../i18n.mjs";
import { may } from "../parts/rail.mjs";
import { json } from "../stream.mjs";
import { Choice, Refresh, Said, Sheet, Shown, Tag, When, useAct, useRead, worded } from "./kit.mjs";

export default function Feedback() {
  const [resolved, setResolved] = useState("false");
  const [helpful, setHelpful] = useState("");
  const query = [resolved && `resolved=${resolved}`, helpful && `helpful=${helpful}`].filter(Boolean).join("&");
  const read = useRead(`/api/v1/feedback${query && `?${query}`}`);
  return html`
    <${Sheet} title=${t("page_feedback")} lead=${t("feedbackLead")} actions=${html`<${Refresh} reads=${[read]} />`}>
      <div class="filters">
        <${Choice} label=${t("statusHead")} options=${[["false", t("open")], ["true", t("resolvedOnes")], ["", t("all")]]} value=${resolved} onChoose=${setResolved} />
        <${Choice} label=${t("verdictHead")} options=${[["", t("all")], ["true", t("helpedTag")], ["false", t("helpedNotTag")]]} value=${helpful} onChoose=${setHelpful} />
      </div>
      <${Shown} read=${read} empty=${t("noFeedback")}><ul class="cards">${read.rows.map((one) => html`<${Word} key=${one.id} word=${one} changed=${read.again} />`)}</ul><//>
    <//>
  `;
}

function Word({ word, changed }) {
  const act = useAct();
  const resolve = async () => (await act.run(() => json("POST", `/api/v1/feedback/${word.id}/resolve`))) && changed();
  return html`
    <li class="card" data-feedback=${word.id}>
      <h3><${Tag} tone=${word.helpful ? "good" : "bad"}>${t(word.helpful ? "helpedTag" : "helpedNotTag")}<//> ${word.question}</h3>
      ${word.reason && html`<p><strong>${worded("reason", word.reason)}</strong></p>`}
      ${word.comment && html`<p class="said-text">${word.comment}</p>`}
      <p class="quiet">${word.subject} · ${worded("door", word.door)} · <${When} at=${word.said_at} />${word.route.length > 0 && ` · ${word.route.join(", ")}`}${word.resolved_by && ` · ${t("resolvedBy", { who: word.resolved_by })}`}</p>
      ${!word.resolved_by && may("knowledge:manage") && html`<div class="actions"><button type="button" disabled=${act.busy} onClick=${resolve} aria-label=${`${t("markResolved")}: ${word.question}`}>${t("markResolved")}</button></div>`}
      <${Said} act=${act} />
    </li>
  `;
}
