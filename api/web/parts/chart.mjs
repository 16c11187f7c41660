// A chart of an answer: drawn as SVG without any style of its own, with its values as a table.
import { html } from "../html.mjs";
import { locale, t } from "../i18n.mjs";

const WIDTH = 640;
const LINE = { height: 200, left: 64, right: 8, top: 10, bottom: 26 };
const BAR = { height: 24, value: 96, letter: 11 };
// As many letters as leave room for the bars where letters are larger beside them, on a phone.
const LABEL_SHOWN = 22;

export function Chart({ chart }) {
  const drawn = chart.series ? courses(chart) : chart.form === "line" ? lines(chart) : bars(chart);
  const label = t("chartOf", { title: chart.title, low: number(drawn.low), high: number(drawn.high), unit: chart.unit });
  return html`
    <figure class=${drawn.bars ? "chart-of bars" : "chart-of"} data-tool=${chart.tool}>
      <figcaption>${chart.title} <span class="quiet">${[chart.unit, chart.tool, zone(chart)].filter(Boolean).join(" · ")}</span></figcaption>
      <svg viewBox=${`0 0 ${WIDTH} ${drawn.height}`} role="img" aria-label=${label}>${drawn.shapes}</svg>
      ${chart.series && html`<${Legend} chart=${chart} />`}
      ${chart.marks?.length > 0 && html`<${Marks} chart=${chart} />`}
      ${chart.more > 0 && html`<p class="quiet">${t("chartMore", { n: chart.more })}</p>`}
      <details><summary>${t("chartValues")}</summary><${Values} chart=${chart} /></details>
    </figure>
  `;
}

function Values({ chart }) {
  const cell = (value, n) => (n === 0 ? html`<th scope="row">${first(chart, value)}</th>` : html`<td>${value === null ? "–" : number(value)}</td>`);
  return html`
    <div class="values" tabindex="0"><table>
      <caption class="unseen">${chart.title} (${chart.unit})</caption>
      <thead><tr>${chart.columns.map((one) => html`<th scope="col" key=${one}>${one}</th>`)}</tr></thead>
      <tbody>${chart.rows.map((row, n) => html`<tr key=${n}>${row.map(cell)}</tr>`)}</tbody>
    </table></div>
  `;
}

// Time, mean and, where it is known, the interval around it; after it what comes otherwise, dashed.
function lines(chart) {
  const values = chart.rows.flatMap((row) => row.slice(1)).filter((one) => one !== null);
  const [low, high] = range(values);
  const x = (n) => LINE.left + (n / Math.max(chart.rows.length - 1, 1)) * (WIDTH - LINE.left - LINE.right);
  const y = (value) => LINE.top + (1 - (value - low) / (high - low)) * (LINE.height - LINE.top - LINE.bottom);
  const path = (column, from = 0) => chart.rows.map((row, n) => `${n || from ? "L" : "M"}${round(x(n))} ${round(y(row[column]))}`);
  const whole = chart.rows.every((row) => row.length > 3 && row[2] !== null && row[3] !== null);
  const band = whole && [...path(3), ...path(2, 1).reverse(), "Z"].join("");
  const ticks = [low, (low + high) / 2, high];
  const last = chart.rows.length - 1;
  const labels = last > 1 ? [[0, ""], [Math.floor(last / 2), "middle"], [last, "end"]] : [[0, ""], [last, "end"]].slice(0, last + 1);
  const shapes = html`
    ${ticks.map((one) => html`
      <line class="rule" x1=${LINE.left} x2=${WIDTH - LINE.right} y1=${round(y(one))} y2=${round(y(one))} />
      <text class="end" x=${LINE.left - 6} y=${round(y(one)) + 4}>${number(one)}</text>
    `)}
    ${band && html`<path class="band" d=${band} />`}
    <path class="mean" d=${drawn(chart.rows, x, y)} />
    ${chart.columns.length > 4 && html`<path class="course s1" d=${path(4).join("")} />`}
    ${labels.map(([n, at]) => html`<text class=${at} x=${round(x(n))} y=${LINE.height - 6}>${first(chart, chart.rows[n][0])}</text>`)}
  `;
  return { shapes, height: LINE.height, low: values.length ? Math.min(...values) : 0, high: values.length ? Math.max(...values) : 0 };
}

// Several series by the clock: each has its own moments, so a line goes on over those of the others.
function courses(chart) {
  const moments = chart.rows.map(([at]) => Date.parse(at));
  const [from, to] = [moments[0], moments.at(-1)];
  const values = chart.rows.flatMap((row) => row.slice(1)).filter((one) => one !== null);
  const [low, high] = range(values);
  const x = (at) => round(LINE.left + ((at - from) / Math.max(to - from, 1)) * (WIDTH - LINE.left - LINE.right));
  const y = (value) => round(LINE.top + (1 - (value - low) / (high - low)) * (LINE.height - LINE.top - LINE.bottom));
  const path = (column) => chart.rows.map((row, n) => [moments[n], row[column]]).filter(([, value]) => value !== null)
    .map(([at, value], n) => `${n ? "L" : "M"}${x(at)} ${y(value)}`).join("");
  const foot = LINE.height - LINE.bottom;
  const shapes = html`
    ${[low, (low + high) / 2, high].map((one) => html`
      <line class="rule" x1=${LINE.left} x2=${WIDTH - LINE.right} y1=${y(one)} y2=${y(one)} />
      <text class="end" x=${LINE.left - 6} y=${y(one) + 4}>${number(one)}</text>
    `)}
    ${chart.columns.slice(1).map((_, n) => html`<path class=${`course s${n}`} d=${path(n + 1)} />`)}
    ${(chart.marks ?? []).map((mark, n) => html`
      <g class=${`mark ${mark.kind}`} key=${n}>
        <title>${mark.text}</title>
        <line x1=${x(Date.parse(mark.at))} x2=${x(Date.parse(mark.at))} y1=${LINE.top} y2=${foot} />
        <text class="middle" x=${x(Date.parse(mark.at))} y=${LINE.top + 2 + (n % 3) * 12}>${n + 1}</text>
      </g>
    `)}
    <text x=${LINE.left} y=${LINE.height - 6}>${first(chart, chart.rows[0][0])}</text>
    <text class="end" x=${WIDTH - LINE.right} y=${LINE.height - 6}>${first(chart, chart.rows.at(-1)[0])}</text>
  `;
  return { shapes, height: LINE.height, low: Math.min(...values), high: Math.max(...values) };
}

function Legend({ chart }) {
  return html`
    <ul class="legend">${chart.columns.slice(1).map((name, n) => html`
      <li key=${n}><svg viewBox="0 0 28 8" aria-hidden="true"><path class=${`course s${n}`} d="M0 4H28" /></svg> ${name}</li>`)}
    </ul>
  `;
}

// The numbers stand at the lines, so that what happened is read without colours or a pointer.
function Marks({ chart }) {
  return html`
    <ol class="marks" aria-label=${t("chartMarks")}>${chart.marks.map((mark, n) => html`
      <li key=${n}><time datetime=${mark.at}>${first(chart, mark.at)}</time> <span class="quiet">${t(`mark_${mark.kind}`)}</span> ${mark.text}</li>`)}
    </ol>
  `;
}

// Where nothing is known the line breaks; a value that stands alone is a dot.
function drawn(rows, x, y) {
  let pen = false;
  return rows.map(([, value], n) => {
    const move = pen ? "L" : "M";
    pen = value !== null;
    if (!pen) return "";
    const alone = move === "M" && (rows[n + 1]?.[1] ?? null) === null;
    return `${move}${round(x(n))} ${round(y(value))}${alone ? "h0" : ""}`;
  }).join("");
}

function range(values) {
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  return high > low ? [low, high] : [low, low + 1];
}

// The first number of each row; the others are in the table.
function bars(chart) {
  const values = chart.rows.map((row) => row[1] ?? 0);
  const most = Math.max(...values.map(Math.abs)) || 1;
  const names = chart.rows.map((row) => short(String(row[0])));
  const label = 16 + BAR.letter * Math.max(...names.map((one) => one.length));
  const room = WIDTH - label - BAR.value;
  const shapes = chart.rows.map((row, n) => html`
    <g key=${n}>
      <title>${row[0]}: ${number(values[n])} ${chart.unit}</title>
      <text class="end" x=${label - 8} y=${n * BAR.height + 16}>${names[n]}</text>
      <rect class=${values[n] < 0 ? "bar below" : "bar"} x=${label} y=${n * BAR.height + 4} width=${round((Math.abs(values[n]) / most) * room)} height=${BAR.height - 8} />
      <text x=${label + round((Math.abs(values[n]) / most) * room) + 6} y=${n * BAR.height + 16}>${number(values[n])}</text>
    </g>
  `);
  return { shapes, bars: true, height: chart.rows.length * BAR.height, low: Math.min(...values), high: Math.max(...values) };
}

// The end of a long name says more than its beginning.
function short(text) {
  return text.length > LABEL_SHOWN ? `…${text.slice(1 - LABEL_SHOWN)}` : text;
}

function first(chart, value) {
  if (chart.form !== "line") return value;
  const hours = chart.days ? { year: "numeric", timeZone: "UTC" } : { hour: "2-digit", minute: "2-digit" };
  const shape = { month: "numeric", day: "numeric", ...hours };
  return new Intl.DateTimeFormat(locale.value, shape).format(new Date(value));
}

// The clock that the times of a chart are told by: an answer's words are in UTC, a chart in the reader's time.
function zone(chart) {
  if (chart.form !== "line" || chart.rows.length === 0) return "";
  if (chart.days) return t("chartTimes", { zone: "UTC" });
  const parts = new Intl.DateTimeFormat(locale.value, { timeZoneName: "short" }).formatToParts(new Date(chart.rows[0][0]));
  return t("chartTimes", { zone: parts.find((one) => one.type === "timeZoneName").value });
}

function number(value) {
  return new Intl.NumberFormat(locale.value, { maximumSignificantDigits: 4 }).format(value);
}

function round(value) {
  return Math.round(value * 10) / 10;
}
