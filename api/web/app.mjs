// The chat page: conversations on the left, the open one in the middle, evidence on the right; or a page beside it.
import { render } from "preact";
import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { html } from "./html.mjs";
import { language, loadWords, t } from "./i18n.mjs";
import { go, place } from "./route.mjs";
import { evidence, me, running, stop, trouble, whoAmI } from "./store.mjs";
import { Beside } from "./parts/beside.mjs";
import { Chat } from "./parts/chat.mjs";
import { Evidence } from "./parts/evidence.mjs";
import { Rail, may } from "./parts/rail.mjs";
import { SignIn } from "./parts/sign-in.mjs";
import { Threads } from "./parts/threads.mjs";
import { TopBar } from "./parts/top-bar.mjs";

const menuOpen = signal(false);

// What asks where to go, loaded when it is first wanted: { Palette, kind }.
const palette = signal(null);

async function ask(event, kind) {
  event.preventDefault();
  if (!me.value || palette.value) return;
  const { Palette } = await import("./parts/palette.mjs");
  palette.value = { Palette, kind };
}

// To the next card, call or turn, or the one before.
function step(by) {
  const cards = [...document.querySelectorAll("main .card, main .tool > summary, main .turn")];
  const here = cards.indexOf(document.activeElement?.closest(".card, .tool > summary, .turn"));
  const next = cards[here < 0 && by < 0 ? cards.length - 1 : Math.max(0, here + by)];
  if (!next) return;
  if (!next.hasAttribute("tabindex") && next.tagName !== "SUMMARY") next.tabIndex = -1;
  next.focus();
}

const LETTERS = { "?": (event) => ask(event, "help"), j: () => step(1), k: () => step(-1) };

function keys(event) {
  if (event.isComposing || document.querySelector("dialog[open]")) return;
  const writing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) ask(event, "places");
  else if (!writing && !event.ctrlKey && !event.metaKey && !event.altKey && LETTERS[event.key]) LETTERS[event.key](event);
  else if (event.key === "Escape" && menuOpen.value) menuOpen.value = false;
  else if (event.key === "Escape" && running.value) stop();
  else if (event.key === "Escape" && evidence.value) evidence.value = null;
  else if (event.key === "/" && !writing) {
    event.preventDefault();
    document.querySelector("#question")?.focus();
  }
}

function toContent() {
  const main = document.querySelector("main");
  main.tabIndex = -1;
  main.focus();
}

function Starting() {
  if (!trouble.value) return html`<p class="starting" role="status">Midwatch…</p>`;
  return html`
    <div class="starting">
      <p class="problem" role="alert">${trouble.value}</p>
      <button type="button" onClick=${whoAmI}>${t("tryAgain")}</button>
    </div>
  `;
}

function App() {
  useEffect(() => {
    document.addEventListener("keydown", keys);
    return () => document.removeEventListener("keydown", keys);
  }, []);
  // Who may not ask is shown what they may look at.
  useEffect(() => {
    if (me.value && place.value.page === "chat" && !may("chat:use")) go("overview");
  });
  if (me.value === undefined) return html`<${Starting} />`;
  if (me.value === null) return html`<${SignIn} />`;
  const chatting = place.value.page === "chat";
  const shut = () => (menuOpen.value = false);
  const look = [chatting ? "chatting" : "beside", evidence.value && "with-evidence", menuOpen.value && "with-menu"];
  return html`
    <div class=${["page", ...look].filter(Boolean).join(" ")} data-language=${language.value}>
      <button type="button" class="skip" onClick=${toContent}>${t("skip")}</button>
      <${TopBar} menuOpen=${menuOpen} />
      <${Rail} onChosen=${shut} />
      ${palette.value && html`<${palette.value.Palette} kind=${palette.value.kind} onClose=${() => (palette.value = null)} />`}
      ${chatting ? html`<${Threads} onChosen=${shut} /><${Chat} /><${Evidence} />` : html`<${Beside} />`}
    </div>
  `;
}

await loadWords();
render(html`<${App} />`, document.querySelector("#app"));
await whoAmI();
