// What every view shares: it speaks MCP Apps 2026-01-26 with its host, and draws what a tool answered.
// Text is only ever set as text, so nothing in a result can become markup.
"use strict";
const SVG = "http://www.w3.org/2000/svg";
const asked = new Map();
let lastId = 0;
let language = "en";

const word = (key) => WORDS[language][key] ?? key;
const known = (key) => (key in WORDS.en ? word(key) : key);

function tell(message) {
  parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
}

function ask(method, params) {
  lastId += 1;
  tell({ id: lastId, method, params });
  return new Promise((done) => asked.set(lastId, done));
}

function made(tag, attributes, children, namespace) {
  const node = namespace ? document.createElementNS(namespace, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) node.setAttribute(name, value);
  node.append(...children.filter((one) => one !== null && one !== undefined && one !== ""));
  return node;
}
const el = (tag, attributes, ...children) => made(tag, attributes, children);
const draw = (tag, attributes, ...children) => made(tag, attributes, children, SVG);

function table(heads, rows) {
  const cell = (tag, one) =>
    typeof one === "object" && one !== null && !(one instanceof Node)
      ? el(tag, { class: "number" }, String(one.number))
      : el(tag, {}, one instanceof Node ? one : String(one));
  const line = (tag, cells) => el("tr", {}, ...cells.map((one) => cell(tag, one)));
  return el("div", { class: "scroll", tabindex: "0" },
    el("table", {}, el("thead", {}, line("th", heads)), el("tbody", {}, ...rows.map((row) => line("td", row)))));
}

const folded = (label, ...inside) => el("details", {}, el("summary", {}, label), ...inside);

function show(...nodes) {
  document.getElementById("view").replaceChildren(...nodes.filter(Boolean));
}

function short(number) {
  if (number === null || number === undefined) return "–";
  return new Intl.NumberFormat(language === "zh" ? "zh-CN" : "en", { maximumSignificantDigits: 4 }).format(number);
}

const moment = (text) => (text ? new Date(text).toISOString().slice(0, 16).replace("T", " ") : "–");
const named = (one) => [one.kind, [one.namespace, one.name].filter(Boolean).join("/")].filter(Boolean).join(" ");

let last = null;
function answered(result) {
  last = result;
  if (!result) return show(el("p", { class: "soft" }, word("waiting")));
  const text = (result.content ?? []).map((one) => one.text ?? "").join("\n");
  if (result.isError) return show(el("p", { class: "bad" }, word("failed")), el("pre", {}, text));
  if (!result.structuredContent) return show(el("pre", {}, text));
  return show(...view(result.structuredContent));
}

function dressed(context) {
  if (context?.theme) document.documentElement.dataset.theme = context.theme;
  if (context?.locale) language = context.locale.toLowerCase().startsWith("zh") ? "zh" : "en";
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  answered(last);
}

const heard = {
  "ui/notifications/tool-result": (params) => answered(params),
  "ui/notifications/tool-cancelled": () => show(el("p", { class: "soft" }, word("cancelled"))),
  "ui/notifications/host-context-changed": (params) => dressed(params),
};

addEventListener("message", ({ source, data }) => {
  if (source !== parent || data?.jsonrpc !== "2.0") return;
  if (data.method) {
    heard[data.method]?.(data.params ?? {});
    if (data.id !== undefined) tell({ id: data.id, result: {} });
    return;
  }
  asked.get(data.id)?.(data.result ?? {});
  asked.delete(data.id);
});

async function opened() {
  answered(null);
  const told = await ask("ui/initialize", {
    appInfo: { name: "midwatch", version: "1" },
    appCapabilities: {},
    protocolVersion: "2026-01-26",
  });
  dressed(told.hostContext);
  new ResizeObserver(() => {
    const { width, height } = document.documentElement.getBoundingClientRect();
    tell({ method: "ui/notifications/size-changed", params: { width: Math.ceil(width), height: Math.ceil(height) } });
  }).observe(document.body);
  tell({ method: "ui/notifications/initialized", params: {} });
}
addEventListener("DOMContentLoaded", opened);
