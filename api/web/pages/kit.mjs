// What the pages beside the chat are made of: reading with its states, acting, and a few shapes.
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "../html.mjs";
import { locale, t, time } from "../i18n.mjs";
import { me } from "../store.mjs";
import { json } from "../stream.mjs";

const STATES = { 403: "forbidden", 503: "away" };

// Rows of a list page, or the whole answer: `{ state, data, rows, problem, again, more }`.
// States: loading, ready, forbidden, away (a system behind it did not answer), failed.
export function useRead(url) {
  const [read, setRead] = useState({ url: "", state: "loading", data: null, rows: [], problem: "" });
  const asked = useRef(0);
  const ask = async (cursor = "") => {
    const turn = (asked.current += 1);
    const set = (change) => turn === asked.current && setRead((now) => ({ ...now, url, ...change(now) }));
    try {
      const data = await json("GET", cursor ? withCursor(url, cursor) : url);
      const rows = data.rows ?? data.items ?? [];
      set((now) => ({ state: "ready", data, rows: cursor ? [...now.rows, ...rows] : rows, problem: "" }));
    } catch (error) {
      if (error.status === 401) me.value = null;
      set(() => ({ state: stateOf(error), problem: error.message }));
    }
  };
  useEffect(() => {
    if (url) ask();
    return () => (asked.current += 1);
  }, [url]);
  const cursor = read.data?.cursor || read.data?.next_cursor || "";
  const shown = read.url === url ? read : { ...read, state: "loading" };
  return { ...shown, again: () => ask(), more: cursor ? () => ask(cursor) : null };
}

function withCursor(url, cursor) {
  return `${url}${url.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}`;
}

export function stateOf(error) {
  return STATES[error.status] ?? (error instanceof TypeError ? "away" : "failed");
}

// Something is done once at a time, and what came of it is said.
export function useAct() {
  const [act, setAct] = useState({ busy: false, problem: "", said: "" });
  const run = async (step, said = "") => {
    setAct({ busy: true, problem: "", said: "" });
    try {
      const result = await step();
      setAct({ busy: false, problem: "", said });
      return result;
    } catch (error) {
      if (error.status === 401) me.value = null;
      setAct({ busy: false, problem: error.message, said: "" });
      return undefined;
    }
  };
  return { ...act, run };
}

export function Said({ act }) {
  return html`
    <p class="said" role="status">${act.said}</p>
    ${act.problem && html`<p class="problem" role="alert">${act.problem}</p>`}
  `;
}

export function Sheet({ title, lead, actions, children }) {
  const head = useRef(null);
  useEffect(() => {
    document.title = `${title} · Midwatch`;
    return () => (document.title = "Midwatch");
  }, [title]);
  useEffect(() => head.current?.focus({ preventScroll: true }), []);
  return html`
    <div class="sheet">
      <header class="sheet-head">
        <div><h2 tabindex="-1" ref=${head}>${title}</h2>${lead && html`<p class="quiet">${lead}</p>`}</div>
        ${actions && html`<div class="actions">${actions}</div>`}
      </header>
      ${children}
    </div>
  `;
}

export function Section({ title, note, aside, children }) {
  return html`
    <section class="part">
      <header><h3>${title}</h3>${note && html`<span class="quiet">${note}</span>`}${aside && html`<div class="actions">${aside}</div>`}</header>
      ${children}
    </section>
  `;
}

// What a read has to show, or honestly why there is nothing.
export function Shown({ read, empty, children }) {
  const nothing = read.state === "ready" && empty && read.rows.length === 0;
  if (read.state === "loading" && !read.data) return html`<p class="state" role="status">${t("loading")}</p>`;
  if (read.state === "forbidden") return html`<p class="state" role="status" data-state="forbidden">${t("notPermitted")} <span class="quiet">${read.problem}</span></p>`;
  if (read.state === "away" || read.state === "failed") {
    return html`
      <div class="state" role="alert" data-state=${read.state}>
        <p><strong>${t(read.state === "away" ? "isAway" : "readFailed")}</strong> ${read.problem}</p>
        <button type="button" onClick=${read.again}>${t("tryAgain")}</button>
      </div>
    `;
  }
  if (nothing) return html`<p class="state" data-state="empty">${empty}</p>`;
  return html`
    ${children}
    ${read.more && html`<p class="more"><button type="button" onClick=${read.more}>${t("showMore")}</button></p>`}
  `;
}

export function Refresh({ reads }) {
  const busy = reads.some((one) => one.state === "loading");
  return html`<button type="button" disabled=${busy} onClick=${() => reads.forEach((one) => one.again())}>${t(busy ? "loading" : "refresh")}</button>`;
}

export function Tiles({ children }) {
  return html`<dl class="tiles">${children}</dl>`;
}

export function Tile({ label, value, note, tone = "" }) {
  return html`<div class=${`tile ${tone}`}><dt>${label}</dt><dd>${value}</dd>${note && html`<dd class="quiet">${note}</dd>`}</div>`;
}

export function Tag({ tone = "", children }) {
  return html`<span class=${`tag ${tone}`}>${children}</span>`;
}

// The most urgent first, as `rows` of one urgency stood.
export function urgentFirst(rows) {
  const order = Object.keys(SEVERITIES);
  const place = ({ severity }) => (order.includes(severity) ? order.indexOf(severity) : order.length);
  return [...rows].sort((one, other) => place(one) - place(other));
}

const SEVERITIES = { critical: "bad", high: "bad", error: "bad", medium: "warn", warning: "warn", low: "", info: "", none: "" };

export function Severity({ level }) {
  return html`<${Tag} tone=${SEVERITIES[level] ?? ""}>${worded("severity", level)}<//>`;
}

// A word of a fixed list in the reader's language; a word that is not of the list as it is.
export function worded(list, word) {
  const key = `${list}_${word}`;
  const found = t(key);
  return found === key ? word : found;
}

export function When({ at }) {
  return at ? html`<time datetime=${at} title=${time(at)}>${ago(at)}</time>` : html`<span>–</span>`;
}

const STEPS = [["day", 86_400], ["hour", 3600], ["minute", 60]];

function ago(iso) {
  const seconds = (Date.parse(iso) - Date.now()) / 1000;
  const [unit, size] = STEPS.find(([, least]) => Math.abs(seconds) >= least) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(locale.value, { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

export function number(value, digits = 0) {
  return value === null || value === undefined ? "–" : new Intl.NumberFormat(locale.value, { maximumFractionDigits: digits }).format(value);
}

export function percent(share, digits = 0) {
  return share === null || share === undefined ? "–" : new Intl.NumberFormat(locale.value, { style: "percent", maximumFractionDigits: digits }).format(share);
}

// Small sums keep the digits that tell them apart.
export function money(value, currency) {
  if (value === null || value === undefined) return "–";
  const digits = value !== 0 && Math.abs(value) < 1 ? 4 : 2;
  return new Intl.NumberFormat(locale.value, { style: "currency", currency: currency || "USD", maximumFractionDigits: digits }).format(value);
}

export function named({ kind, namespace, name }) {
  return `${kind} ${namespace ? `${namespace}/` : ""}${name}`;
}

// Wide on a screen; on a phone each row is a list, and stays a row of a table to who listens. Columns: { head, cell(row), end, long }.
export function Table({ label, columns, rows, keyOf }) {
  return html`
    <div class="wide" tabindex="0" role="region" aria-label=${label}><table role="table">
      <thead role="rowgroup"><tr role="row">${columns.map((one) => html`<th key=${one.head} role="columnheader" scope="col" class=${look(one)}>${one.head}</th>`)}</tr></thead>
      <tbody role="rowgroup">${rows.map((row, n) => html`
        <tr key=${keyOf ? keyOf(row) : n} role="row">${columns.map((one, place) =>
          place === 0
            ? html`<th key=${one.head} role="rowheader" scope="row">${one.cell(row)}</th>`
            : html`<td key=${one.head} role="cell" class=${look(one)} data-head=${one.head}>${one.cell(row)}</td>`,
        )}</tr>
      `)}</tbody>
    </table></div>
  `;
}

function look({ end, long }) {
  return end ? "end" : long ? "long" : undefined;
}

export function Notes({ notes }) {
  if (!notes?.length) return null;
  return html`<ul class="notes quiet">${notes.map((one) => html`<li key=${one.code}>${one.text}</li>`)}</ul>`;
}

export function Evidence({ items }) {
  if (!items?.length) return null;
  return html`
    <details><summary>${t("evidenceOf", { n: items.length })}</summary>
      <ul class="proof">${items.map((one) => html`
        <li key=${one.id}><${Tag}>${worded("source", one.source)}<//> <span>${one.text}</span> <code class="quiet">${one.ref}</code>${one.at && html` <span class="quiet">${time(one.at)}</span>`}</li>
      `)}</ul>
    </details>
  `;
}

// A choice of a few, as a row of buttons of which one is pressed.
export function Choice({ label, options, value, onChoose }) {
  return html`
    <div class="choice" role="group" aria-label=${label}>
      ${options.map(([one, said]) => html`<button key=${one} type="button" aria-pressed=${one === value} onClick=${() => onChoose(one)}>${said}</button>`)}
    </div>
  `;
}

export function Field({ label, hint, children }) {
  return html`<label class="field"><span>${label}</span>${children}${hint && html`<span class="quiet">${hint}</span>`}</label>`;
}
