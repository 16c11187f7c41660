// Budgets: what is spent of each, how its period will end, and setting one.
import { html } from "../html.mjs";
import { language, t } from "../i18n.mjs";
import { may } from "../parts/rail.mjs";
import { json } from "../stream.mjs";
import { Field, Notes, Refresh, Said, Section, Shown, Tag, money, number, useAct, useRead, worded } from "./kit.mjs";

const TONES = { over: "bad", at_risk: "warn", ok: "good" };
const BAR = { width: 640, height: 34, top: 8, thick: 16 };

export function Budgets() {
  const read = useRead(`/api/v1/budgets?language=${language.value}`);
  return html`
    <${Section} title=${t("budgets")} aside=${html`<${Refresh} reads=${[read]} />`}>
      <${Shown} read=${read} empty=${t("noBudgets")}>
        <ul class="cards">${read.rows.map((one) => html`<${Budget} key=${one.name} budget=${one} changed=${read.again} />`)}</ul>
      <//>
      ${may("budgets:manage") && read.state === "ready" && html`<${Adding} added=${read.again} />`}
    <//>
  `;
}

function Budget({ budget, changed }) {
  const act = useAct();
  const sum = (value) => money(value, budget.currency);
  const remove = async () => {
    if (!confirm(t("confirmRemove", { name: budget.name }))) return;
    if ((await act.run(() => json("DELETE", `/api/v1/budgets/${encodeURIComponent(budget.name)}`))) !== undefined) changed();
  };
  const { foretold } = budget;
  return html`
    <li class="card" data-budget=${budget.name}>
      <h4><${Tag} tone=${TONES[budget.state] ?? ""}>${worded("budget", budget.state)}<//> ${budget.name} <span class="quiet">${budget.scope}</span></h4>
      <p>${t("spentOf", { spent: sum(budget.spent), amount: sum(budget.amount), share: budget.share === null ? "–" : number(budget.share, 1) })}${foretold && ` · ${t("willEndAt", { mean: sum(foretold.mean), lower: sum(foretold.lower), upper: sum(foretold.upper) })}`}</p>
      <${Meter} budget=${budget} sum=${sum} />
      <p class="quiet">${budget.starts_on} – ${budget.ends_on}${budget.exhausted_on && ` · ${t("exhaustedOn", { day: budget.exhausted_on })}`}</p>
      <${Notes} notes=${budget.notes} />
      ${may("budgets:manage") && html`<div class="actions"><button type="button" class="deny" disabled=${act.busy} onClick=${remove} aria-label=${`${t("remove")}: ${budget.name}`}>${t("remove")}</button></div>`}
      <${Said} act=${act} />
    </li>
  `;
}

// Spent as a bar, the amount and its thresholds as marks, the end of the period as an interval.
function Meter({ budget, sum }) {
  const { spent, amount, foretold, thresholds } = budget;
  if (spent === null) return null;
  const most = Math.max(amount, spent, foretold?.upper ?? 0) * 1.05 || 1;
  const x = (value) => Math.round((value / most) * BAR.width * 10) / 10;
  const middle = BAR.top + BAR.thick / 2;
  const label = t("budgetDrawn", { spent: sum(spent), amount: sum(amount) });
  return html`
    <svg class="meter" viewBox=${`0 0 ${BAR.width} ${BAR.height}`} role="img" aria-label=${label} preserveAspectRatio="none">
      <rect class="room" x="0" y=${BAR.top} width=${x(amount)} height=${BAR.thick} />
      <rect class=${spent > amount ? "bar below" : "bar"} x="0" y=${BAR.top} width=${x(spent)} height=${BAR.thick} />
      ${foretold && html`<rect class="band" x=${x(foretold.lower)} y=${middle - 4} width=${Math.max(2, x(foretold.upper) - x(foretold.lower))} height="8" />`}
      ${thresholds.map((one) => html`<line key=${one} class="mark" x1=${x((amount * one) / 100)} x2=${x((amount * one) / 100)} y1="2" y2=${BAR.height - 4} />`)}
    </svg>
  `;
}

function Adding({ added }) {
  const act = useAct();
  const add = async (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
    const body = { ...given, channels: given.channels.split(",").map((one) => one.trim()).filter(Boolean) };
    if (!(await act.run(() => json("POST", `/api/v1/budgets?language=${language.value}`, body), t("budgetAdded")))) return;
    form.reset();
    added();
  };
  return html`
    <details class="adding"><summary>${t("addBudget")}</summary>
      <form class="form" onSubmit=${add}>
        <${Field} label=${t("nameHead")} hint=${t("budgetNameHint")}><input name="name" required maxlength="100" pattern="[a-z0-9][a-z0-9_.\\-]*" title=${t("budgetNameHint")} /><//>
        <${Field} label=${t("amountHead")}><input name="amount" required inputmode="decimal" maxlength="20" /><//>
        <${Field} label=${t("periodHead")}><select name="period">${["month", "quarter", "year"].map((one) => html`<option key=${one} value=${one}>${t(`period_${one}`)}</option>`)}</select><//>
        <${Field} label=${t("namespaceHead")} hint=${t("emptyIsCluster")}><input name="namespace" maxlength="63" /><//>
        <${Field} label=${t("channels")} hint=${t("commaBetween")}><input name="channels" /><//>
        <button type="submit" class="primary" disabled=${act.busy}>${t("addBudget")}</button>
      </form>
      <${Said} act=${act} />
    </details>
  `;
}
