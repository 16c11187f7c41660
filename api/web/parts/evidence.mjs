import { html } from "../html.mjs";
import { t, time } from "../i18n.mjs";
import { evidence } from "../store.mjs";
import { Passage, placeOf } from "./passage.mjs";

export function Evidence() {
  const shown = evidence.value;
  if (!shown) return null;
  return html`
    <aside class="evidence" aria-label=${t("evidence")}>
      <header>
        <h2>${t("evidence")}</h2>
        <button type="button" class="plain small" aria-label=${t("closeEvidence")} onClick=${() => (evidence.value = null)}>✕</button>
      </header>
      ${shown.citations.map((one) => html`<${Item} key=${one.n} item=${one} chosen=${one.n === shown.n} shown=${shown} />`)}
    </aside>
  `;
}

function Item({ item, chosen, shown }) {
  const reveal = (element) => chosen && element?.scrollIntoView({ block: "nearest" });
  return html`
    <section class=${`item ${chosen ? "chosen" : ""}`} ref=${reveal} data-n=${item.n}>
      <h3><span class="number">${item.n}</span> ${t(`source_${item.source}`)}</h3>
      ${item.source === "document"
        ? html`<${Passage} item=${item} chosen=${chosen} question=${shown.question} docs=${docsOf(shown.citations)} />`
        : html`<pre>${item.text}</pre><p class="quiet">${t("where")}: <code>${item.ref}</code></p>`}
      ${item.at && html`<p class="quiet">${t("seenAt", { at: time(item.at) })}</p>`}
    </section>
  `;
}

function docsOf(citations) {
  const places = citations.filter((one) => one.source === "document").map((one) => placeOf(one.ref));
  return [...new Set(places.filter(Boolean).map((one) => one.doc))];
}
