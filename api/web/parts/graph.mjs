// What led to what: a drawing of causes and effects without any style of its own, and the same as a list.
import { html } from "../html.mjs";
import { t } from "../i18n.mjs";

// Letters are as large on a phone: the drawing is as wide as there is room.
const WIDE = 640;
const EDGES = 56;
const GAP = { side: 16, down: 34 };
const LINE = 16;
const PAD = 10;
const MOST_LINES = 4;
// A word, or one sign of Chinese with the marks that may not begin a line.
const WORDS = /[\u2e80-\uffff][）。，、；：？！》」]*|[^\s\u2e80-\uffff]+[）。，、；：？！》」]*\s*|\s+/gu;
// About how wide a letter of the drawing's text is; those of Chinese are twice that.
const LETTER = 6.6;

// Rows of `chart`: cause, effect, and what shows it.
export function Graph({ chart }) {
  const width = Math.max(260, Math.min(WIDE, document.documentElement.clientWidth - EDGES));
  const boxes = placed(chart.rows, width);
  const height = Math.max(...boxes.map((one) => one.y + one.height)) + 2;
  const at = new Map(boxes.map((one) => [one.name, one]));
  return html`
    <figure class="graph-of" data-tool=${chart.tool}>
      <figcaption>${chart.title}</figcaption>
      <svg viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${t("graphOf", { title: chart.title, n: chart.rows.length })}>
        ${chart.rows.map(([from, to], n) => html`<${Arrow} key=${n} from=${at.get(from)} to=${at.get(to)} />`)}
        ${boxes.map((one) => html`
          <g key=${one.name} class=${one.layer === 0 ? "root" : ""}>
            <title>${one.name}</title>
            <rect x=${one.x} y=${one.y} width=${one.width} height=${one.height} rx="6" />
            ${one.lines.map((line, n) => html`<text key=${n} x=${one.x + PAD} y=${one.y + PAD + 11 + n * LINE}>${line}</text>`)}
          </g>
        `)}
      </svg>
      ${chart.more > 0 && html`<p class="quiet">${t("chartMore", { n: chart.more })}</p>`}
      <details><summary>${t("graphAsText")}</summary>
        <ol>${chart.rows.map(([from, to, why], n) => html`<li key=${n}>${from} → ${to}${why && html` <span class="quiet">(${why})</span>`}</li>`)}</ol>
      </details>
    </figure>
  `;
}

function Arrow({ from, to }) {
  const [x1, y1, x2, y2] = [from.x + from.width / 2, from.y + from.height, to.x + to.width / 2, to.y - 2];
  const turn = (y1 + y2) / 2;
  return html`
    <path class="arrow" d=${`M${x1} ${y1}C${x1} ${turn} ${x2} ${turn} ${x2} ${y2 - 6}`} />
    <path class="tip" d=${`M${x2 - 5} ${y2 - 8}h10L${x2} ${y2}z`} />
  `;
}

// Causes above their effects: each thing one row below the lowest of what led to it.
function placed(rows, whole) {
  const layers = layered(rows);
  const boxes = [];
  let y = 2;
  for (let layer = 0; [...layers.values()].includes(layer); layer += 1) {
    const names = [...layers].filter(([, one]) => one === layer).map(([name]) => name);
    const width = Math.min(420, (whole - 4 - GAP.side * (names.length - 1)) / names.length);
    const left = (whole - width * names.length - GAP.side * (names.length - 1)) / 2;
    const lines = names.map((name) => wrapped(name, Math.floor((width - 2 * PAD) / LETTER)));
    const height = Math.max(...lines.map((one) => one.length)) * LINE + 2 * PAD - 4;
    names.forEach((name, n) => boxes.push({ name, layer, x: left + n * (width + GAP.side), y, width, height, lines: lines[n] }));
    y += height + GAP.down;
  }
  return boxes;
}

function layered(rows) {
  const layers = new Map(rows.flatMap(([from, to]) => [[from, 0], [to, 0]]));
  // A circle would go down for ever: no thing lies lower than there are things.
  for (let round = 0; round < layers.size; round += 1) {
    for (const [from, to] of rows) {
      if (from !== to) layers.set(to, Math.min(layers.size - 1, Math.max(layers.get(to), layers.get(from) + 1)));
    }
  }
  // Rows that a circle left empty are closed up.
  const used = [...new Set(layers.values())].sort((one, other) => one - other);
  return new Map([...layers].map(([name, layer]) => [name, used.indexOf(layer)]));
}

function wrapped(text, room) {
  const lines = [""];
  for (const word of text.match(WORDS) ?? []) {
    for (const piece of pieces(word, room)) {
      if (lines.at(-1) && wide(lines.at(-1) + piece.trimEnd()) > room) lines.push("");
      lines[lines.length - 1] += piece;
    }
  }
  if (lines.length <= MOST_LINES) return lines;
  return [...lines.slice(0, MOST_LINES - 1), `${lines[MOST_LINES - 1].slice(0, -1)}…`];
}

// A name longer than a line is broken where the line ends.
function pieces(word, room) {
  const found = [];
  for (let n = 0; n < word.length; n += room) found.push(word.slice(n, n + room));
  return found;
}

function wide(text) {
  return [...text].reduce((sum, one) => sum + (one > "\u2e7f" ? 2 : 1), 0);
}
