// Where one can go from here, by writing a part of its name; and what the keys do.
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "../html.mjs";
import { t } from "../i18n.mjs";
import { go } from "../route.mjs";
import { newThread, openThread, threads, tried } from "../store.mjs";
import { PAGES, may } from "./rail.mjs";

const MOST = 10;
// Each key of the keyboard, or keys, with the word for what they do.
const KEYS = [
  ["Enter", "keySend"], ["Shift+Enter", "keyLine"], ["/", "keyFocus"], ["@", "keyNames"], ["Alt+↑", "keyEdit"],
  ["Ctrl/⌘+K", "keyPalette"], ["j / k", "keyCards"], ["Esc", "keyEscape"], ["?", "keyHelp"],
];

export function Palette({ kind, onClose }) {
  const dialog = useRef(null);
  useEffect(() => dialog.current.showModal(), []);
  const close = () => dialog.current.close();
  return html`
    <dialog class="palette" ref=${dialog} aria-label=${t(kind === "help" ? "keys" : "palette")} onClose=${onClose}>
      ${kind === "help" ? html`<${Help} />` : html`<${Places} close=${close} />`}
      <button type="button" onClick=${close}>${t("close")}</button>
    </dialog>
  `;
}

function Help() {
  return html`<h2>${t("keys")}</h2><dl>${KEYS.map(([key, word]) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${t(word)}</dd></div>`)}</dl>`;
}

function Places({ close }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const shown = places().filter((one) => one.name.toLowerCase().includes(text.trim().toLowerCase())).slice(0, MOST);
  const take = (one) => {
    close();
    one?.act();
  };
  const pressed = (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((at + step + shown.length) % (shown.length || 1));
    else if (event.key === "Enter") take(shown[at]);
    else return;
    event.preventDefault();
  };
  const write = (event) => {
    setText(event.target.value);
    setAt(0);
  };
  return html`
    <input type="search" autofocus value=${text} onInput=${write} onKeyDown=${pressed} placeholder=${t("palette")} aria-label=${t("palette")}
      role="combobox" aria-expanded="true" aria-autocomplete="list" aria-controls="places" aria-activedescendant=${shown.length ? `place-${at}` : undefined} />
    <ul id="places" role="listbox" aria-label=${t("palette")}>
      ${shown.map((one, n) => html`<li key=${one.id} id=${`place-${n}`} role="option" aria-selected=${n === at} onClick=${() => take(one)}><span>${one.name}</span> <span class="quiet">${one.note}</span></li>`)}
    </ul>
    ${shown.length === 0 && html`<p class="quiet" role="status">${t("nothingFound")}</p>`}
  `;
}

function places() {
  const pages = Object.entries(PAGES).filter(([, { takes }]) => may(...takes));
  return [
    ...pages.map(([name]) => ({ id: name, name: t(`page_${name}`), note: t("pages"), act: () => go(name) })),
    ...(may("chat:use") ? [{ id: "new", name: t("newThread"), note: "", act: () => (newThread(), go("chat")) }] : []),
    ...threads.value.map((one) => ({ id: one.id, name: one.title, note: t("threads"), act: () => (go("chat"), tried(() => openThread(one.id))) })),
  ];
}
