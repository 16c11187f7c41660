// What can be done with a plan that an answer is about: the words are put in by a button.
import { html } from "../html.mjs";
import { t } from "../i18n.mjs";
import { ask, running, turns } from "../store.mjs";

const WAITING = /\bplan (fix-[0-9a-f]{12}) \((?:proposed|approved)\)/;
const TOOLS = ["autofix_plan", "autofix_get_plan"];

export function Repair({ turn }) {
  const plan = turns.value.at(-1) === turn && turn.state !== "running" && waiting(turn);
  if (!plan) return null;
  return html`
    <p class="repair" data-plan=${plan}>
      <button type="button" class="primary" disabled=${running.value} onClick=${() => ask(t("sayApply", { plan }))}>${t("applyPlan")}</button>
      <button type="button" disabled=${running.value} onClick=${() => ask(t("sayRehearse", { plan }))}>${t("rehearsePlan")}</button>
      <span class="quiet">${t("applyAsks")}</span>
    </p>
  `;
}

function waiting(turn) {
  const calls = turn.items.filter((one) => TOOLS.includes(one.name) && one.status === "ok");
  return WAITING.exec(calls.at(-1)?.result ?? "")?.[1];
}
