// A change that was still under way when the answer was given: its end is shown once it is known.
import { useEffect, useState } from "preact/hooks";
import { html } from "../html.mjs";
import { locale, t } from "../i18n.mjs";
import { json } from "../stream.mjs";

const UNDER_WAY = /\bchange (chg-[0-9a-f]{12}) of [^:]+: (?:running|undoing)\./;
const TOOLS = ["autofix_apply", "autofix_get_change", "autofix_rollback"];
const ENDLESS = ["running", "undoing"];
const PAUSE_MS = 2000;
const WAIT_S = 20;
// Longer than any change is verified for.
const MOST_LOOKS = 120;

export function Following({ turn }) {
  const change = turn.state !== "running" && underWay(turn);
  return change ? html`<${End} key=${change} id=${change} />` : null;
}

function underWay(turn) {
  const calls = turn.items.filter((one) => TOOLS.includes(one.name) && one.status === "ok");
  return UNDER_WAY.exec(calls.at(-1)?.result ?? "")?.[1];
}

function End({ id }) {
  const change = useChange(id);
  if (!change) return null;
  const ended = !ENDLESS.includes(change.status);
  const language = locale.value.startsWith("zh") ? "zh" : "en";
  const told = (ended ? change.detail_in[language] || change.detail : change.progress_in[language]) || "";
  return html`
    <p class=${`notice change ${change.status}`} role="status" data-change=${id} data-status=${change.status}>
      <strong>${t(`change_${change.status}`)}</strong> <code>${id}</code> ${told}
    </p>
  `;
}

function useChange(id) {
  const [change, setChange] = useState(null);
  useEffect(() => {
    let left = MOST_LOOKS;
    let timer;
    const look = async () => {
      const seen = await json("GET", `/api/v1/autofix/changes/${id}?wait_s=${WAIT_S}`).catch(() => null);
      left -= 1;
      if (seen && left >= 0) setChange(seen);
      if (left > 0 && (!seen || ENDLESS.includes(seen.status))) timer = setTimeout(look, PAUSE_MS);
    };
    look();
    return () => {
      left = -1;
      clearTimeout(timer);
    };
  }, [id]);
  return change;
}
