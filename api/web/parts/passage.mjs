import { useEffect, useState } from "preact/hooks";
import { html } from "../html.mjs";
import { t } from "../i18n.mjs";
import { rendered } from "../markdown.mjs";
import { json } from "../stream.mjs";

// How a source names a passage: document, lines, and the headings above it.
const REFERENCE = /^(.+):(\d+)-(\d+)(?:#(.*))?$/;
const PARTS_READ = 8;

// The passage behind a number: its document, its headings, its lines, and what it says.
export function Passage({ item, chosen, question, docs }) {
  const place = placeOf(item.ref);
  const [text, setText] = useState(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (!chosen || !place) return;
    linesOf(place).then(setText, () => setFailed(true));
  }, [chosen, item.ref]);
  if (!place) return html`<pre>${item.text}</pre><p class="quiet">${t("where")}: <code>${item.ref}</code></p>`;
  return html`
    <p class="place">${item.text}</p>
    <p class="quiet"><code>${place.doc}</code> · ${t("linesOf", { first: place.first, last: place.last })}</p>
    ${text !== null && html`<div class="passage" dangerouslySetInnerHTML=${{ __html: rendered(text) }}></div>`}
    ${failed && html`<p class="notice" role="alert">${t("passageGone")}</p>`}
    ${chosen && html`<${Rating} question=${question} docs=${docs} />`}
  `;
}

export function placeOf(ref) {
  const found = REFERENCE.exec(ref);
  return found && { doc: found[1], first: Number(found[2]), last: Number(found[3]), heading: found[4] ?? "" };
}

// A long document comes in parts: they are read until the lines are there.
async function linesOf({ doc, first, last }) {
  const url = `/api/v1/knowledge/documents/${doc.split("/").map(encodeURIComponent).join("/")}`;
  let text = "";
  let offset = 0;
  for (let n = 0; n < PARTS_READ; n += 1) {
    const part = await json("GET", `${url}?offset=${offset}`);
    text += part.text;
    offset = part.next_offset;
    if (!offset || text.split("\n").length > last) break;
  }
  return text.split("\n").slice(first - 1, last).join("\n");
}

function Rating({ question, docs }) {
  const [said, setSaid] = useState(false);
  const rate = async (helpful) => {
    await json("POST", "/api/v1/knowledge/feedback", { question: question.slice(0, 500), helpful, docs });
    setSaid(true);
  };
  if (said) return html`<p class="quiet" role="status">${t("rated")}</p>`;
  return html`
    <p class="rating">
      <span class="quiet">${t("didItHelp")}</span>
      <button type="button" class="small" onClick=${() => rate(true)}>${t("helped")}</button>
      <button type="button" class="small" onClick=${() => rate(false)}>${t("helpedNot")}</button>
    </p>
  `;
}
