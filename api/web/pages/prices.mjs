// What models cost: prices set here, each from a day on, those of a file, and those that come with Midwatch.
import { useEffect, useState } from "preact/hooks";
import { html } from "../html.mjs";
import { locale, t } from "../i18n.mjs";
import { may } from "../parts/rail.mjs";
import { json } from "../stream.mjs";
import { Choice, Field, Refresh, Said, Section, Sheet, Shown, Table, Tag, When, money, number, useAct, useRead, worded } from "./kit.mjs";

const PATH = "/api/v1/usage/prices";
const TONES = { kept: "good", file: "warn" };
const AMOUNTS = ["input", "output", "cache_read", "cache_write"];
const TODAY = () => new Date().toISOString().slice(0, 10);

export default function Prices() {
  const read = useRead(PATH);
  const [source, setSource] = useState("");
  const [words, setWords] = useState("");
  const [open, setOpen] = useState("");
  const sources = ["", ...new Set(read.rows.map((one) => one.source))].map((one) => [one, one ? worded("source_of_price", one) : t("all")]);
  const named = (one) => `${one.provider}/${one.model}`.toLowerCase().includes(words.trim().toLowerCase());
  const shown = { ...read, rows: read.rows.filter((one) => (!source || one.source === source) && named(one)) };
  const changed = () => {
    setOpen("");
    read.again();
  };
  return html`
    <${Sheet} title=${t("page_prices")} lead=${t("pricesLead")} actions=${html`<${Refresh} reads=${[read]} />`}>
      <p><a href="#/usage">${t("backToUsage")}</a></p>
      <${Effective} />
      <${Section} title=${t("pricesOf")} note=${t("perMillion")}>
        <div class="filters">
          <${Choice} label=${t("sourceHead")} options=${sources} value=${source} onChoose=${setSource} />
          <${Field} label=${t("modelHead")}><input type="search" value=${words} onInput=${(event) => setWords(event.target.value)} /><//>
        </div>
        <${Shown} read=${shown} empty=${t("noPrices")}><${Rows} rows=${shown.rows} change=${setOpen} changed=${changed} /><//>
      <//>
      ${may("budgets:manage") && read.state === "ready" && html`<${Setting} key=${open} id=${open} changed=${changed} left=${() => setOpen("")} />`}
    <//>
  `;
}

function Rows({ rows, change, changed }) {
  const act = useAct();
  const remove = async (row) => {
    if (!confirm(t("confirmRemove", { name: `${row.provider}/${row.model}` }))) return;
    if ((await act.run(() => json("DELETE", `${PATH}/${row.id}`), t("priceRemoved"))) !== undefined) changed();
  };
  const of = (row) => `${row.provider}/${row.model} ${row.since ?? ""}`.trim();
  const columns = [
    { head: t("modelHead"), cell: (row) => html`${row.provider === "*" ? "" : `${row.provider}/`}${row.model}${row.above_input_tokens > 0 && html` <span class="quiet">${t("aboveTokens", { n: number(row.above_input_tokens) })}</span>`}` },
    { head: t("sinceHead"), cell: (row) => html`<span class="day">${row.since ?? t("always")}</span>` },
    ...AMOUNTS.map((name) => ({ head: t(`price_${name}`), end: true, cell: (row) => money(Number(row[name]), "USD") })),
    { head: t("sourceHead"), cell: (row) => html`<${Tag} tone=${TONES[row.source] ?? ""}>${worded("source_of_price", row.source)}<//>` },
    { head: t("noteHead"), long: true, cell: (row) => html`${row.note}${row.changed_by && html` <span class="quiet">${row.changed_by}, <${When} at=${row.changed_at} /></span>`}` },
  ];
  if (may("budgets:manage")) {
    columns.push({
      head: t("doHead"),
      cell: (row) => row.id && html`<div class="actions">
        <button type="button" class="small" onClick=${() => change(row.id)} aria-label=${`${t("changePrice")}: ${of(row)}`}>${t("changePrice")}</button>
        <button type="button" class="small deny" disabled=${act.busy} onClick=${() => remove(row)} aria-label=${`${t("remove")}: ${of(row)}`}>${t("remove")}</button>
      </div>`,
    });
  }
  return html`<${Table} label=${t("pricesOf")} columns=${columns} rows=${rows} keyOf=${(row) => row.id || `${row.source} ${of(row)} ${row.above_input_tokens}`} /><${Said} act=${act} />`;
}

// Which price a call has on a day; none is said, too, because unpriced is not free.
function Effective() {
  const act = useAct();
  const [found, setFound] = useState(null);
  const look = async (event) => {
    event.preventDefault();
    const asked = new URLSearchParams([...new FormData(event.currentTarget)].map(([name, value]) => [name, value.trim()]));
    const told = await act.run(() => json("GET", `${PATH}/effective?${asked}`));
    setFound(told ?? null);
  };
  const price = found?.price;
  return html`
    <${Section} title=${t("effectivePrice")}>
      <form class="form" onSubmit=${look}>
        <${Field} label=${t("providerHead")}><input name="provider" required maxlength="64" placeholder="openai" /><//>
        <${Field} label=${t("modelHead")}><input name="model" required maxlength="128" /><//>
        <${Field} label=${t("onDay")}><input name="on" type="date" required value=${TODAY()} /><//>
        <button type="submit" disabled=${act.busy}>${t("lookUp")}</button>
      </form>
      <p class="effective" role="status">${found && (price ? html`<${Tag} tone=${TONES[price.source] ?? ""}>${worded("source_of_price", price.source)}<//> ${t("costsSo", { model: price.model, input: money(Number(price.input), "USD"), output: money(Number(price.output), "USD") })}` : t("unpricedModel"))}</p>
      <${Said} act=${act} />
    <//>
  `;
}

// A new price, or one that is kept: then with the mark it was read with, so that nobody's change is lost.
function Setting({ id, changed, left }) {
  const act = useAct();
  const [kept, setKept] = useState(null);
  const read = async () => {
    const answer = await fetch(`${PATH}/${id}`, { credentials: "same-origin", headers: { "accept-language": locale.value } });
    if (answer.ok) setKept({ ...(await answer.json()), tag: answer.headers.get("etag") });
  };
  useEffect(() => void (id && read()), [id]);
  if (id && !kept) return html`<p class="state" role="status">${t("loading")}</p>`;
  const save = async (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value));
    const step = () => (id ? json("PUT", `${PATH}/${id}`, given, { "if-match": kept.tag }) : json("POST", PATH, given));
    if (!(await act.run(step, t("priceKept")))) return;
    form.reset();
    changed();
  };
  const value = (name) => (kept ? String(kept[name] ?? "") : "");
  const amount = (name, required) => html`<${Field} label=${t(`price_${name}`)} hint=${required ? "" : t("asInput")}><input name=${name} inputmode="decimal" pattern="[0-9]+([.][0-9]+)?" maxlength="24" required=${required} value=${value(name)} /><//>`;
  return html`
    <details class="adding" open=${Boolean(id)}><summary>${t(id ? "changePrice" : "addPrice")}</summary>
      <p class="quiet">${t(id ? "changePriceHint" : "addPriceHint")}</p>
      <form class="form" onSubmit=${save}>
        <${Field} label=${t("modelHead")} hint=${t("starIsAny")}><input name="model" required maxlength="128" pattern="[^\\s]+" value=${value("model")} /><//>
        <${Field} label=${t("providerHead")} hint=${t("starIsAny")}><input name="provider" maxlength="128" pattern="[^\\s]+" value=${kept ? kept.provider : "*"} /><//>
        <${Field} label=${t("sinceHead")} hint=${t("emptyIsAlways")}><input name="since" type="date" value=${value("since")} /><//>
        ${amount("input", true)}${amount("output", true)}${amount("cache_read", false)}${amount("cache_write", false)}
        <${Field} label=${t("aboveHead")} hint=${t("emptyIsAll")}><input name="above_input_tokens" inputmode="numeric" pattern="[0-9]+" maxlength="9" value=${kept?.above_input_tokens ? value("above_input_tokens") : ""} /><//>
        <${Field} label=${t("noteHead")}><input name="note" maxlength="200" value=${value("note")} /><//>
        <button type="submit" class="primary" disabled=${act.busy}>${t("save")}</button>
        ${id && html`<button type="button" onClick=${left}>${t("leaveIt")}</button>`}
      </form>
      <${Said} act=${act} />
    </details>
  `;
}
