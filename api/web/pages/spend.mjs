// Where the money goes: spend by namespace, budgets and how they will end, what was unusual, what could be saved.
import { useState } from "preact/hooks";
import { html } from "../html.mjs";
import { language, t } from "../i18n.mjs";
import { Chart } from "../parts/chart.mjs";
import { may } from "../parts/rail.mjs";
import { json } from "../stream.mjs";
import { Budgets } from "./budgets.mjs";
import { Choice, Field, Notes, Refresh, Said, Section, Severity, Sheet, Shown, Table, Tag, Tile, Tiles, money, named, number, percent, useAct, useRead, worded } from "./kit.mjs";

const MOST_BARS = 12;

export default function Spend() {
  const [window, setWindow] = useState("P7D");
  const spent = useRead(`/api/v1/costs?window=${window}&language=${language.value}`);
  const odd = useRead(`/api/v1/costs/anomalies?language=${language.value}`);
  const savings = useRead(`/api/v1/savings?language=${language.value}`);
  const options = [["P1D", t("days", { n: 1 })], ["P7D", t("days", { n: 7 })], ["P30D", t("days", { n: 30 })]];
  return html`
    <${Sheet} title=${t("page_spend")} lead=${t("spendLead")} actions=${html`<${Refresh} reads=${[spent, odd, savings]} />`}>
      <${Section} title=${t("spendByNamespace")} aside=${html`<${Choice} label=${t("period")} options=${options} value=${window} onChoose=${setWindow} />`}>
        <${Shown} read=${spent}>${spent.data && html`<${Spent} data=${spent.data} rows=${spent.rows} />`}<//>
      <//>
      <${Budgets} />
      <${Section} title=${t("oddSpend")}>
        <${Shown} read=${odd} empty=${t("noOddSpend")}><ul class="cards">${odd.rows.map((one) => html`<${Odd} key=${`${one.scope}${one.start}`} odd=${one} currency=${odd.data.currency} changed=${odd.again} />`)}</ul><//>
        <${Notes} notes=${odd.data?.notes} />
      <//>
      <${Section} title=${t("savings")} note=${savings.data && t("savingsTotal", { sum: money(savings.data.monthly, savings.data.currency) })}>
        <${Shown} read=${savings} empty=${t("noSavings")}><${Savings} rows=${savings.rows} currency=${savings.data?.currency} /><//>
        <${Notes} notes=${savings.data?.notes} />
      <//>
    <//>
  `;
}

function Spent({ data, rows }) {
  const chart = {
    form: "bars",
    title: t("spendByNamespace"),
    unit: data.currency,
    columns: [t("namespaceHead"), t("costHead"), t("unusedHead")],
    rows: rows.slice(0, MOST_BARS).map((one) => [payer(one.name), one.cost, one.unused_cost]),
    more: Math.max(0, rows.length - MOST_BARS),
  };
  return html`
    <${Tiles}>
      <${Tile} label=${t("billTile")} value=${money(data.bill, data.currency)} />
      <${Tile} label=${t("workloadsTile")} value=${money(data.cost, data.currency)} />
      <${Tile} label=${t("idleTile")} value=${money(data.idle, data.currency)} note=${data.bill > 0 && percent(data.idle / data.bill)} tone=${data.idle > data.bill / 2 ? "warn" : ""} />
      <${Tile} label=${t("coverageTile")} value=${percent(data.coverage.share)} note=${t("hoursSeen", { seen: number(data.coverage.hours_seen), all: number(data.coverage.hours) })} />
    <//>
    ${rows.length > 0 ? html`<${Chart} chart=${chart} />` : html`<p class="state" data-state="empty">${t("noSpend")}</p>`}
    <${Notes} notes=${data.notes} />
  `;
}

// What is nobody's carries names for programs: "(none)", "team=(none)", "(idle)", "(overhead)".
function payer(name) {
  return name.replace(/\((none|idle|overhead)\)$/, (_, kind) => t(`payer_${kind}`));
}

function Odd({ odd, currency, changed }) {
  const act = useAct();
  const expect = async (event) => {
    event.preventDefault();
    const note = new FormData(event.currentTarget).get("note").trim();
    if (await act.run(() => json("POST", "/api/v1/costs/anomalies/expected", { scope: odd.scope, start: odd.start, note }), t("expectedNoted"))) changed();
  };
  return html`
    <li class="card">
      <h4><${Severity} level=${odd.severity} /> ${payer(odd.scope)}: ${t(odd.direction === "down" ? "oddDown" : "oddUp", { sum: money(Math.abs(odd.impact), currency) })}</h4>
      <p class="quiet">${odd.start} – ${odd.end}${odd.expected_by && html` · <${Tag}>${t("expectedBy", { who: odd.expected_by })}<//>`}</p>
      <ul class="notes">${odd.causes.map((one) => html`<li key=${one.workload}>${payer(one.workload)}: ${t("dailyFromTo", { before: money(one.daily_before, currency), now: money(one.daily, currency) })}${one.rollouts.length > 0 && html` <span class="quiet">${one.rollouts.join("; ")}</span>`}</li>`)}</ul>
      ${!odd.expected_by && may("budgets:manage") && html`
        <details><summary>${t("wasExpected")}</summary>
          <form class="form" onSubmit=${expect}><${Field} label=${t("whyExpected")}><input name="note" required maxlength="500" /><//><button type="submit" disabled=${act.busy}>${t("note")}</button></form>
        </details>
      `}
      <${Said} act=${act} />
    </li>
  `;
}

// Some advice is to give more, not less.
function saved(monthly, currency) {
  if (monthly === null) return t("unpricedThing");
  return monthly < 0 ? t("costsMore", { sum: money(-monthly, currency) }) : money(monthly, currency);
}

function Savings({ rows, currency }) {
  const change = (now, then) => (then ? `${now || "–"} → ${then}` : now || "–");
  const columns = [
    { head: t("savedHead"), cell: (row) => html`${named(row)} <span class="quiet">${row.container || (row.size_gib ? `${number(row.size_gib)} GiB` : "")}</span>` },
    { head: t("monthlyHead"), end: true, cell: (row) => saved(row.monthly, currency) },
    { head: "CPU", cell: (row) => change(row.cpu_request, row.cpu_recommended) },
    { head: t("memoryHead"), cell: (row) => change(row.memory_request, row.memory_recommended) },
    { head: t("confidenceHead"), cell: (row) => worded("sure", row.confidence) },
    { head: t("whyHead"), long: true, cell: (row) => row.reasons.map((one) => one.text).join(" ") },
  ];
  return html`<${Table} label=${t("savings")} columns=${columns} rows=${rows} />`;
}
