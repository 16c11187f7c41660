// A page beside the chat: its module, words and style are loaded when it is first opened.
import { useEffect, useState } from "preact/hooks";
import { html } from "../html.mjs";
import { loadWords, t } from "../i18n.mjs";
import { place } from "../route.mjs";

const MODULES = ["overview", "incidents", "approvals", "alerts", "spend", "usage", "prices", "feedback", "users", "settings", "shared"];
const loaded = new Map();

export function Beside() {
  const { page, rest } = place.value;
  const [shown, setShown] = useState({ page: "", Page: null, failed: false });
  useEffect(() => {
    let wanted = true;
    const set = (Page, failed) => wanted && setShown({ page, Page, failed });
    if (!MODULES.includes(page)) set(null, false);
    else load(page).then((Page) => set(Page, false), () => set(null, true));
    return () => (wanted = false);
  }, [page]);
  if (shown.page !== page) return html`<main class="side"><p class="starting" role="status">${t("working")}</p></main>`;
  if (!shown.Page) return html`<main class="side"><${Missing} failed=${shown.failed} /></main>`;
  return html`<main class="side" key=${page}><${shown.Page} rest=${rest} /></main>`;
}

function Missing({ failed }) {
  return html`
    <div class="sheet">
      <p class="problem" role="alert">${t(failed ? "pageNotLoaded" : "noSuchPage")}</p>
      <p><a href="#/chat">${t("backToChat")}</a></p>
    </div>
  `;
}

async function load(page) {
  if (!loaded.has(page)) {
    const parts = await Promise.all([import(`../pages/${page}.mjs`), loadWords("pages."), styled()]);
    loaded.set(page, parts[0].default);
  }
  return loaded.get(page);
}

function styled() {
  if (document.querySelector("#pages-style")) return undefined;
  return new Promise((done, failed) => {
    const link = Object.assign(document.createElement("link"), { id: "pages-style", rel: "stylesheet", href: "/pages.css" });
    link.onload = done;
    link.onerror = () => {
      link.remove();
      failed(new TypeError("pages.css"));
    };
    document.head.append(link);
  });
}
