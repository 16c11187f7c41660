// What things cost, the largest first, each with its part of the whole.
function view(spend) {
  const money = (amount) => (amount === null || amount === undefined ? "–"
    : new Intl.NumberFormat(language === "zh" ? "zh-CN" : "en", { style: "currency", currency: spend.currency }).format(amount));
  const rows = spend.rows ?? [];
  const head = [
    el("h1", {}, word("cost_title")),
    el("p", { class: "soft" }, `${moment(spend.start)} – ${moment(spend.end)} UTC`),
    el("p", {}, `${word("whole")}: ${money(spend.bill ?? spend.cost)} · ${word("idle")}: ${money(spend.idle)} · ${word("measured")}: ${Math.round(spend.coverage.share * 100)} %`),
  ];
  if (!rows.length) return [...head, el("p", {}, word("nothing"))];
  return [...head, table(
    [word("name"), { number: word("cost") }, { number: word("unused") }, word("share")],
    rows.map((row) => [payer(row.name), { number: money(row.cost) }, { number: money(row.unused_cost) }, part(row.share)])),
    ...(spend.notes ?? []).map((note) => el("p", { class: "soft" }, note.text))];
}

// What is nobody's carries names for programs: "(none)", "team=(none)".
function payer(name) {
  return language === "zh" ? name.replace(/\(none\)$/, "（无）") : name;
}

function part(share) {
  const told = `${Math.round(share * 100)} %`;
  return el("span", {}, el("meter", { min: 0, max: 1, value: share, "aria-label": told }), ` ${told}`);
}
