// A plan as it would be approved: what it changes, its risk and checks. Nothing is approved from here.
function view(plan) {
  const head = [el("h1", {}, plan.title || word("approval_title"))];
  if (plan.refused) return [...head, ...refused(plan)];
  return [
    ...head,
    el("p", { class: plan.risk === "low" ? "good" : plan.risk === "medium" ? "warn" : "bad" }, `${word("risk")}: ${known(plan.risk)}`),
    ...plan.steps.flatMap(step),
    el("h2", {}, word("checks")),
    el("ul", {}, ...plan.preflight.map((one) =>
      el("li", { class: one.ok ? "good" : "bad" }, `${one.check}: ${word(one.ok ? "passed" : "not_passed")} – ${one.detail}`))),
    ...deciding(plan),
  ];
}

function deciding(plan) {
  if (!plan.plan_id) return [el("p", { class: "soft" }, word("not_kept"))];
  return [
    el("p", {}, `${word("approvers")}: ${plan.approval.approvers}`),
    el("p", {}, `${word("expires")}: ${moment(plan.approval.expires_at)} UTC`),
    el("p", { class: "soft" }, word("approve_where")),
    el("pre", {}, `midwatch fix approve ${plan.plan_id}`),
  ];
}

function refused(plan) {
  const why = plan.refused;
  return [
    el("p", { class: "warn" }, word("refused")),
    el("p", {}, [why.message, why.hint].filter(Boolean).join(" ")),
    plan.proposal ? diff(plan.proposal.diff) : null,
  ];
}

function step(one) {
  return [
    el("h2", {}, `${one.n}. ${one.action} – ${named(one.target)}`),
    el("ul", {}, ...one.risk.facts.map((fact) => el("li", {}, fact))),
    diff(one.diff),
  ];
}

// The sign stays in the text, so that the colour is not all that tells.
function diff(text) {
  const kind = (line) => (/^\+(?!\+\+)/.test(line) ? "plus" : /^-(?!--)/.test(line) ? "minus" : "");
  return el("pre", { tabindex: "0", "aria-label": word("change") },
    ...(text ?? "").split("\n").map((line) => el("span", { class: kind(line) }, `${line}\n`)));
}
