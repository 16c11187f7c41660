// What the composer offers while one writes: "/" for whole questions, "@" for namespaces and workloads.
import { signal } from "@preact/signals";
import { html } from "../html.mjs";
import { t } from "../i18n.mjs";
import { me } from "../store.mjs";
import { json } from "../stream.mjs";

const COMMAND = /^\/(\S*)$/;
const GIVEN = /^\/(\S+)(?:\s+(.*))?$/s;
const NAME = /(?:^|\s)@([\p{L}\p{N}._/-]*)$/u;
const MOST = 8;
const FRESH_MS = 60_000;
// In their order; those with {what} in their question take a name.
const COMMANDS = ["why", "findings", "changes", "logs", "fix", "alerts", "costs", "budgets", "savings", "runbook"];

// Offered now: { kind, from, to, items }, where in the text it goes, and which of it is chosen.
export const offer = signal(null);
export const chosen = signal(0);
const known = { at: 0, names: [], asked: null };

// `text` with the caret at `caret`: what can be picked there.
export async function look(text, caret) {
  const command = COMMAND.exec(text);
  if (command && caret === text.length) return show("command", 0, caret, commands(command[1]));
  const name = NAME.exec(text.slice(0, caret));
  if (!name) return close();
  const from = caret - name[1].length - 1;
  const names = await cluster();
  return show("name", from, caret, matching(names, name[1]));
}

export function close() {
  offer.value = null;
}

function show(kind, from, to, items) {
  chosen.value = 0;
  offer.value = items.length ? { kind, from, to, items } : null;
}

function commands(begun) {
  return COMMANDS.filter((one) => one.startsWith(begun.toLowerCase())).map((one) => ({ id: one, label: `/${one}`, note: t(`command_${one}`) }));
}

// A namespace or "namespace/workload"; what begins with the words comes before what only holds them.
function matching(names, begun) {
  const wanted = begun.toLowerCase();
  const rank = ({ id }) => [id, id.split("/").at(-1)].some((one) => one.startsWith(wanted)) ? 0 : 1;
  const held = names.filter(({ id }) => id.toLowerCase().includes(wanted));
  return held.sort((one, other) => rank(one) - rank(other)).slice(0, MOST);
}

async function cluster() {
  if (!me.value?.permissions.includes("cluster:read")) return [];
  if (Date.now() - known.at > FRESH_MS) {
    known.asked ??= read().finally(() => (known.asked = null));
    // What is known is offered where the cluster does not answer.
    await known.asked.catch(() => null);
  }
  return [...known.names];
}

async function read() {
  const [spaces, workloads] = await Promise.all(["namespaces", "workloads"].map(all));
  const note = (row) => `${row.kind}${row.healthy === false ? ` · ${row.state}` : ""}`;
  known.names = [
    ...spaces.map((row) => ({ id: row.name, label: row.name, note: row.kind })),
    ...workloads.map((row) => ({ id: `${row.namespace}/${row.name}`, label: `${row.namespace}/${row.name}`, note: note(row) })),
  ];
  known.at = Date.now();
}

async function all(what) {
  const rows = [];
  for (let cursor = "", pages = 0; pages === 0 || (cursor && pages < 5); pages += 1) {
    const page = await json("POST", `/api/v1/tools/kubernetes_list_${what}`, { cursor });
    rows.push(...page.rows);
    cursor = page.cursor;
  }
  return rows;
}

// What stands in the composer once the chosen one is taken, and where the caret goes.
export function picked(text) {
  const { kind, from, to, items } = offer.value;
  const item = items[chosen.value];
  close();
  if (kind === "name") {
    const before = `${text.slice(0, from)}${item.id} `;
    return { text: before + text.slice(to).trimStart(), caret: before.length };
  }
  const question = t(`question_${item.id}`);
  const place = question.indexOf("{what}");
  if (place < 0) return { text: question, caret: question.length };
  return { text: question.replace("{what}", "@"), caret: place + 1 };
}

// "/logs checkout" sent as it is means the question that the command stands for.
export function meant(text) {
  const [, command, what = ""] = GIVEN.exec(text) ?? [];
  if (!COMMANDS.includes(command)) return text;
  const question = t(`question_${command}`);
  return question.includes("{what}") && !what.trim() ? text : question.replace("{what}", what.trim().replace(/^@/, ""));
}

// Keys while something is offered; true where one was meant for it. Not while an input method composes.
export function key(event) {
  if (!offer.value || event.isComposing || event.keyCode === 229) return false;
  const { items } = offer.value;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) chosen.value = (chosen.value + step + items.length) % items.length;
  else if (event.key === "Escape") close();
  else return false;
  event.preventDefault();
  event.stopPropagation();
  return true;
}

const shown = (item) => item?.scrollIntoView({ block: "nearest" });

export function Offer({ onPick }) {
  if (!offer.value) return html`<p class="unseen" role="status"></p>`;
  const { kind, items } = offer.value;
  // The composer keeps the focus, so that writing goes on.
  const pick = (n) => (event) => {
    event.preventDefault();
    chosen.value = n;
    onPick();
  };
  return html`
    <ul id="offer" class="offer" role="listbox" tabindex="0" onMouseDown=${(event) => event.preventDefault()} aria-label=${t(kind === "command" ? "commands" : "namesOffered")}>
      ${items.map((one, n) => html`
        <li key=${one.id} id=${`offer-${n}`} role="option" aria-selected=${n === chosen.value} ref=${n === chosen.value ? shown : null} onMouseDown=${pick(n)}><span>${one.label}</span> <span class="quiet">${one.note}</span></li>
      `)}
    </ul>
    <p class="unseen" role="status">${t("offered", { n: items.length })}</p>
  `;
}
