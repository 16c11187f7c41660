// How language models are used: how fast and how surely they answer, and what that costs whom.
import { useState } from "preact/hooks";
import { html } from "../html.mjs";
import { language, t } from "../i18n.mjs";
import { Chart } from "../parts/chart.mjs";
import { Choice, Field, Refresh, Section, Sheet, Shown, Table, Tag, Tile, Tiles, When, money, number, percent, useRead, worded } from "./kit.mjs";

const SPANS = { day: 30, week: 84, month: 360 };
const DRAWN = {
  calls: (one) => one.calls,
  cost: (one) => one.cost_usd,
  tokens: (one) => one.input_tokens + one.output_tokens,
  p95: (one) => one.p95_ms,
  success: (one) => one.success_rate * 100,
};

export default function Usage() {
  const [step, setStep] = useState("day");
  const [model, setModel] = useState("");
  const [who, setWho] = useState("");
  const filter = `${model && `&model=${encodeURIComponent(model)}`}${who && `&subject=${encodeURIComponent(who)}`}`;
  const read = useRead(`/api/v1/usage/statistics?step=${step}&days=${SPANS[step]}${filter}`);
  const all = useRead(`/api/v1/usage/statistics?step=month&days=${SPANS[step]}`);
  const steps = Object.keys(SPANS).map((one) => [one, t(`by_${one}`)]);
  const names = (list) => (all.data?.[list] ?? []).map((one) => one.name);
  return html`
    <${Sheet} title=${t("page_usage")} lead=${t("usageLead")} actions=${html`<a class="button" href="#/prices">${t("page_prices")}</a><${Refresh} reads=${[read, all]} />`}>
      <div class="filters">
        <${Choice} label=${t("period")} options=${steps} value=${step} onChoose=${setStep} />
        <${Pick} label=${t("modelHead")} names=${names("by_model")} value=${model} onPick=${setModel} />
        <${Pick} label=${t("user")} names=${names("by_user")} value=${who} onPick=${setWho} />
      </div>
      <${Shown} read=${read}>${read.data && html`<${Told} data=${read.data} />`}<//>
      <${Calls} who=${who} />
    <//>
  `;
}

function Pick({ label, names, value, onPick }) {
  return html`
    <${Field} label=${label}><select value=${value} onChange=${(event) => onPick(event.target.value)}>
      <option value="">${t("all")}</option>
      ${names.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}
    </select><//>
  `;
}

function Told({ data }) {
  const { totals } = data;
  if (totals.calls === 0) return html`<p class="state" data-state="empty">${t("noCalls")}</p>`;
  return html`
    <${Tiles}>
      <${Tile} label=${t("callsTile")} value=${number(totals.calls)} note=${t("failedCalls", { n: number(totals.failed) })} tone=${totals.failed ? "warn" : ""} />
      <${Tile} label=${t("successTile")} value=${percent(totals.success_rate, 1)} />
      <${Tile} label=${t("medianTile")} value=${t("ms", { n: number(totals.p50_ms) })} note=${t("tails", { p95: number(totals.p95_ms), p99: number(totals.p99_ms) })} />
      <${Tile} label=${t("firstTokenTile")} value=${totals.first_token_p50_ms === null ? "–" : t("ms", { n: number(totals.first_token_p50_ms) })} note=${totals.first_token_p95_ms !== null && t("tail95", { p95: number(totals.first_token_p95_ms) })} />
      <${Tile} label=${t("tokensTile")} value=${number(totals.input_tokens + totals.output_tokens)} note=${t("tokensInOut", { input: number(totals.input_tokens), output: number(totals.output_tokens) })} />
      <${Tile} label=${t("costTile")} value=${money(totals.cost_usd, "USD")} note=${totals.unpriced > 0 && t("unpricedCalls", { n: number(totals.unpriced) })} />
    <//>
    ${data.truncated && html`<p class="notice">${t("usageTruncated", { n: number(totals.calls) })}</p>`}
    <${Series} series=${data.series} />
    <${Groups} title=${t("byModel")} head=${t("modelHead")} rows=${data.by_model} />
    <${Groups} title=${t("byUser")} head=${t("user")} rows=${data.by_user} />
    <${Groups} title=${t("byApp")} head=${t("appHead")} rows=${data.by_subagent} />
  `;
}

function Series({ series }) {
  const [drawn, setDrawn] = useState("calls");
  const chart = {
    form: "line",
    title: t(`drawn_${drawn}`),
    unit: t(`unit_${drawn}`),
    columns: [t("beginsHead"), t(`drawn_${drawn}`)],
    rows: series.map((one) => [one.start, DRAWN[drawn](one)]),
    more: 0,
    days: true,
  };
  const options = Object.keys(DRAWN).map((one) => [one, t(`drawn_${one}`)]);
  return html`
    <${Section} title=${t("overTime")} aside=${html`<${Choice} label=${t("whatIsDrawn")} options=${options} value=${drawn} onChoose=${setDrawn} />`}>
      <${Chart} chart=${chart} />
    <//>
  `;
}

function Groups({ title, head, rows }) {
  const columns = [
    { head, cell: (row) => row.name || t("noName") },
    { head: t("callsTile"), end: true, cell: (row) => number(row.calls) },
    { head: t("successTile"), end: true, cell: (row) => percent(row.success_rate, 1) },
    { head: "p50 ms", end: true, cell: (row) => number(row.p50_ms) },
    { head: "p95 ms", end: true, cell: (row) => number(row.p95_ms) },
    { head: t("tokensTile"), end: true, cell: (row) => number(row.input_tokens + row.output_tokens) },
    { head: t("costTile"), end: true, cell: (row) => (row.unpriced === row.calls ? t("unpriced") : money(row.cost_usd, "USD")) },
  ];
  return html`<${Section} title=${title}><${Table} label=${title} columns=${columns} rows=${rows} keyOf=${(row) => row.name} /><//>`;
}

function Calls({ who }) {
  const read = useRead(`/api/v1/usage/calls?limit=25${who && `&subject=${encodeURIComponent(who)}`}`);
  const columns = [
    { head: t("atHead"), cell: (row) => html`<${When} at=${row.at} />` },
    { head: t("modelHead"), cell: (row) => `${row.provider} ${row.model}` },
    { head: t("user"), cell: (row) => row.subject },
    { head: t("appHead"), cell: (row) => row.subagent },
    { head: t("statusHead"), cell: (row) => html`<${Tag} tone=${row.outcome === "ok" ? "good" : "bad"}>${worded("call", row.outcome)}<//>` },
    { head: "ms", end: true, cell: (row) => number(row.duration_ms) },
    { head: t("tokensTile"), end: true, cell: (row) => number(row.input_tokens + row.output_tokens) },
    { head: t("costTile"), end: true, cell: (row) => (row.cost_usd === null ? t("unpriced") : money(row.cost_usd, "USD")) },
  ];
  return html`
    <${Section} title=${t("latestCalls")} aside=${html`<a class="button" href=${`/api/v1/costs/models.csv?by=model&language=${language.value}`} download>${t("saveCsv")}</a>`}>
      <${Shown} read=${read} empty=${t("noCalls")}><${Table} label=${t("latestCalls")} columns=${columns} rows=${read.rows} /><//>
    <//>
  `;
}
