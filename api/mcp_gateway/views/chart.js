// A range of metrics as lines, and the same as a table.
const DASHES = ["", "6 3", "2 3", "8 3 2 3", "1 4", "12 4"];
const COLOURS = ["#0b63ce", "#c2410c", "#15803d", "#a21caf", "#0f766e", "#b45309"];
const [WIDE, HIGH, LEFT, FOOT] = [640, 220, 56, 22];

function view(found) {
  const rows = (found.rows ?? []).filter((row) => row.points?.length);
  const head = [el("h1", {}, found.query || word("chart_title")), found.note ? el("p", { class: "soft" }, found.note) : null];
  if (!rows.length) return [...head, el("p", {}, word("nothing"))];
  const shown = rows.slice(0, COLOURS.length);
  return [...head, lines(shown, found), legend(shown, found), folded(word("as_table"), points(rows))];
}

function label(row) {
  const parts = Object.entries(row.labels ?? {}).filter(([key]) => key !== "__name__");
  return parts.map(([key, value]) => `${key}=${value}`).join(", ") || row.labels?.__name__ || "–";
}

function lines(rows, found) {
  const every = rows.flatMap((row) => row.points.map(([at, value]) => [Date.parse(at), value]));
  const [from, to] = [Math.min(...every.map((one) => one[0])), Math.max(...every.map((one) => one[0]))];
  const top = Math.max(...every.map((one) => one[1]), 0) || 1;
  const low = Math.min(...every.map((one) => one[1]), 0);
  const x = (at) => LEFT + ((at - from) / (to - from || 1)) * (WIDE - LEFT - 8);
  const y = (value) => HIGH - FOOT - ((value - low) / (top - low || 1)) * (HIGH - FOOT - 12);
  const drawn = rows.map((row, place) =>
    draw("polyline", {
      points: row.points.map(([at, value]) => `${x(Date.parse(at)).toFixed(1)},${y(value).toFixed(1)}`).join(" "),
      fill: "none", stroke: COLOURS[place], "stroke-width": 2, "stroke-dasharray": DASHES[place],
    }));
  const marks = [low, (low + top) / 2, top].map((value) =>
    draw("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, short(value)));
  const ends = [
    draw("text", { x: LEFT, y: HIGH - 4 }, moment(from)),
    draw("text", { x: WIDE - 8, y: HIGH - 4, "text-anchor": "end" }, `${moment(to)} UTC`),
  ];
  const told = `${found.query ?? ""} ${found.unit ?? ""}: ${rows.map(label).join("; ")}`;
  const floor = draw("line", { x1: LEFT, x2: WIDE - 8, y1: y(low), y2: y(low), class: "edge" });
  return draw("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": told }, floor, ...drawn, ...marks, ...ends);
}

function swatch(place) {
  return draw("svg", { viewBox: "0 0 28 8", style: "width:28px;display:inline-block", "aria-hidden": "true" },
    draw("line", { x1: 0, x2: 28, y1: 4, y2: 4, stroke: COLOURS[place], "stroke-width": 2, "stroke-dasharray": DASHES[place] }));
}

function legend(rows, found) {
  const unit = found.unit ? ` (${found.unit})` : "";
  return table(
    ["", word("series") + unit, { number: word("latest") }, { number: word("lowest") }, { number: word("highest") }],
    rows.map((row, place) => [swatch(place), label(row), { number: short(row.last) }, { number: short(row.min) }, { number: short(row.max) }]));
}

function points(rows) {
  return table([word("series"), word("time"), { number: word("value") }],
    rows.flatMap((row) => row.points.map(([at, value]) => [label(row), moment(at), { number: short(value) }])));
}
