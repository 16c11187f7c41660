// The chat page: conversations on the left, the open one in the middle, evidence on the right.
import { render } from "preact";
import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { html } from "./html.mjs";
import { language, loadWords } from "./i18n.mjs";
import { evidence, me, running, stop, whoAmI } from "./store.mjs";
import { Chat } from "./parts/chat.mjs";
import { Evidence } from "./parts/evidence.mjs";
import { SignIn } from "./parts/sign-in.mjs";
import { Threads } from "./parts/threads.mjs";
import { TopBar } from "./parts/top-bar.mjs";

const menuOpen = signal(false);

function keys(event) {
  if (event.key === "Escape" && running.value) stop();
  else if (event.key === "Escape" && evidence.value) evidence.value = null;
  else if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "")) {
    event.preventDefault();
    document.querySelector("#question")?.focus();
  }
}

function App() {
  useEffect(() => {
    document.addEventListener("keydown", keys);
    return () => document.removeEventListener("keydown", keys);
  }, []);
  if (me.value === undefined) return html`<p class="starting" role="status">Midwatch…</p>`;
  if (me.value === null) return html`<${SignIn} />`;
  return html`
    <div class=${`page ${evidence.value ? "with-evidence" : ""} ${menuOpen.value ? "with-menu" : ""}`} data-language=${language.value}>
      <${TopBar} menuOpen=${menuOpen} />
      <${Threads} onChosen=${() => (menuOpen.value = false)} />
      <${Chat} />
      <${Evidence} />
    </div>
  `;
}

await loadWords();
render(html`<${App} />`, document.querySelector("#app"));
await whoAmI();
