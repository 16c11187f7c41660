// Markdown of answers. What a model or a log wrote is data: no images, no forms, no styles.
import DOMPurify from "dompurify";
import { Marked } from "marked";

const citation = {
  name: "citation",
  level: "inline",
  start: (text) => text.search(/\[\d+\]/),
  tokenizer(text) {
    const match = /^\[(\d+)\](?!\()/.exec(text);
    return match && { type: "citation", raw: match[0], n: match[1] };
  },
  renderer: ({ n }) => `<button type="button" class="cite" data-n="${n}">${n}</button>`,
};

// What each line of a diff is; a line that is as it was has no word.
const LINES = [[/^(---|\+\+\+|@@)/, "place"], [/^\+/, "added"], [/^-/, "removed"]];
export const lineOf = (line) => LINES.find(([begins]) => begins.test(line))?.[1] ?? "";

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

function code({ text, lang }) {
  if (lang !== "diff") return false;
  const lines = text.split("\n").map((line) => `<span class="${lineOf(line)}">${escaped(line)}\n</span>`);
  return `<pre class="diff" tabindex="0"><code>${lines.join("")}</code></pre>`;
}

const marked = new Marked({ gfm: true });
marked.use({ extensions: [citation], renderer: { code } });

// 253.9 MiB, $1.20, 12 %: what is not broken over two lines.
const FIGURE = /^[-−+~≈]?[$€¥£]?\d[\d.,:]*(\s?[\p{L}%°/]{1,9})?$/u;

const ALLOWED = {
  FORBID_TAGS: ["img", "style", "form", "input", "iframe", "video", "audio", "svg", "math"],
  FORBID_ATTR: ["style", "id", "name"],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:)/i,
  ADD_ATTR: ["data-n", "target"],
};

DOMPurify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName === "A") {
    node.setAttribute("target", "_blank");
    node.setAttribute("rel", "noopener noreferrer nofollow");
  }
  // A wide table is moved sideways, by the keyboard too.
  if (node.tagName === "TABLE") node.setAttribute("tabindex", "0");
  if (node.tagName === "TD" && FIGURE.test(node.textContent.trim())) node.classList.add("figure");
});

// An answer as it is read aloud: without marks of Markdown and without the numbers of its evidence.
export function spoken(text) {
  const { body } = new DOMParser().parseFromString(rendered(text), "text/html");
  for (const number of body.querySelectorAll("button.cite")) number.remove();
  return body.textContent;
}

// While an answer streams, an open code fence is closed for the reader.
export function rendered(text) {
  const open = (text.match(/^```/gm) || []).length % 2 === 1;
  return DOMPurify.sanitize(marked.parse(open ? `${text}\n\`\`\`` : text), ALLOWED);
}
