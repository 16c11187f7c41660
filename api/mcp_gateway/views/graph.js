// Ranked causes with the chain from each to its symptom, or what depends on what; and the same as a list.
const [BOX, TALL, GAP] = [196, 34, 40];

function view(found) {
  return found.root_causes ? causes(found) : dependencies(found);
}

function causes(found) {
  const head = [el("h1", {}, word("graph_title")), el("p", {}, found.summary)];
  const verdict = { healthy: "healthy", insufficient_data: "not_enough" }[found.verdict];
  if (!found.root_causes.length) return [...head, verdict ? el("p", { class: "soft" }, word(verdict)) : null];
  return [...head, ...found.root_causes.slice(0, 3).flatMap(cause)];
}

function cause(one) {
  const steps = one.chain.map((step) => named(step.resource));
  const edges = steps.slice(1).map((step, place) => [steps[place], step, "leads_to"]);
  return [
    el("h2", {}, `${one.rank}. ${named(one.resource)}`),
    el("p", {}, one.summary),
    el("p", { class: "soft" }, `${word("confidence")} ${Math.round(one.confidence * 100)} % `,
      el("meter", { min: 0, max: 1, value: one.confidence, "aria-label": word("confidence") })),
    edges.length ? picture(edges) : null,
    folded(word("evidence"), el("ul", {}, ...one.evidence.map((item) => el("li", {}, `[${item.id}] ${item.ref}: ${item.text}`)))),
  ];
}

function dependencies(found) {
  const rows = found.rows ?? [];
  const edges = rows.map((row) => [named(row.dependent), named(row.dependency), "needs"]);
  const head = el("h1", {}, word("graph_title"));
  return edges.length ? [head, picture(edges.slice(0, 24)), folded(word("as_list"), listed(edges))] : [head, el("p", {}, word("nothing"))];
}

const listed = (edges) => el("ul", {}, ...edges.map(([from, to, how]) => el("li", {}, `${from} ${word(how)} ${to}`)));

// A column for each step from where nothing points to; a ring ends after as many rounds as there are edges.
function columns(edges) {
  const column = new Map(edges.flatMap(([from, to]) => [[from, 0], [to, 0]]));
  for (let round = 0; round < edges.length; round += 1) {
    let moved = false;
    for (const [from, to] of edges) {
      const wanted = Math.min(column.get(from) + 1, column.size - 1);
      if (from !== to && column.get(to) < wanted) moved = Boolean(column.set(to, wanted));
    }
    if (!moved) break;
  }
  return column;
}

function picture(edges) {
  const column = columns(edges);
  const filled = new Map();
  const place = new Map([...column].map(([node, at]) => {
    const row = filled.get(at) ?? 0;
    filled.set(at, row + 1);
    return [node, { x: at * (BOX + GAP), y: row * (TALL + 12) + 2 }];
  }));
  const wide = (Math.max(...column.values()) + 1) * (BOX + GAP) - GAP + 4;
  const high = Math.max(...filled.values()) * (TALL + 12);
  const arrows = edges.map(([from, to]) => arrow(place.get(from), place.get(to)));
  const boxes = [...place].map(([node, at]) => box(node, at));
  const head = draw("defs", {}, draw("marker", { id: "tip", viewBox: "0 0 8 8", refX: 8, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" },
    draw("path", { d: "M0 0L8 4L0 8z", fill: "currentColor" })));
  const told = edges.map(([from, to, how]) => `${from} ${word(how)} ${to}`).join("; ");
  return el("div", { class: "sideways", tabindex: "0" },
    draw("svg", { viewBox: `0 0 ${wide} ${high}`, style: `min-width:${Math.min(wide, 760)}px;max-width:${wide}px`, role: "img", "aria-label": told },
      head, ...arrows, ...boxes));
}

function arrow(from, to) {
  const [x1, y1, x2, y2] = [from.x + BOX, from.y + TALL / 2, to.x, to.y + TALL / 2];
  return draw("path", { class: "edge", d: `M${x1} ${y1}C${x1 + GAP / 2} ${y1} ${x2 - GAP / 2} ${y2} ${x2} ${y2}`, "marker-end": "url(#tip)" });
}

function box(node, at) {
  const text = node.length > 27 ? `${node.slice(0, 26)}…` : node;
  return draw("g", {}, draw("title", {}, node),
    draw("rect", { class: "box", x: at.x, y: at.y, width: BOX, height: TALL, rx: 6 }),
    draw("text", { class: "named", x: at.x + 8, y: at.y + TALL / 2 + 4 }, text));
}
