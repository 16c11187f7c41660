// Changes that were carried out: how each stands, how it went, and the way back.
import { useEffect, useState } from "preact/hooks";
import { html } from "../html.mjs";
import { language, t } from "../i18n.mjs";
import { may } from "../parts/rail.mjs";
import { json } from "../stream.mjs";
import { Said, Table, Tag, When, named, useAct, worded } from "./kit.mjs";

const TONES = { verified: "good", running: "", undoing: "" };
const UNDER_WAY = ["running", "undoing"];
const WAIT_S = 20;

export function Changes({ rows, changed }) {
  const act = useAct();
  useFollowing(rows.find((one) => UNDER_WAY.includes(one.status)), changed);
  const back = async (row) => {
    if (!confirm(t("confirmChangeBack", { what: named(row.target) }))) return;
    if (await act.run(() => json("POST", "/api/v1/autofix/rollback", { change_id: row.change_id, wait_s: 0 }), t("changeGoesBack"))) changed();
  };
  const columns = [
    { head: t("changeHead"), cell: (row) => html`<code>${row.change_id}</code>` },
    { head: t("objectHead"), cell: (row) => named(row.target) },
    { head: t("statusHead"), cell: (row) => html`<${Tag} tone=${TONES[row.status] ?? "warn"}>${worded("outcome", row.status)}<//>` },
    { head: t("atHead"), cell: (row) => html`<${When} at=${row.started_at} />` },
    { head: t("byHead"), cell: (row) => row.requester },
    { head: t("approvedByHead"), cell: (row) => row.approvers || "–" },
    { head: t("howItWent"), long: true, cell: (row) => html`<${Course} key=${row.status} id=${row.change_id} />` },
    { head: t("doHead"), cell: (row) => row.status === "verified" && may("fixes:apply") && html`<button type="button" class="small" disabled=${act.busy} onClick=${() => back(row)} aria-label=${`${t("takeChangeBack")}: ${row.change_id}`}>${t("takeChangeBack")}</button>` },
  ];
  return html`<${Table} label=${t("changesMade")} columns=${columns} rows=${rows} keyOf=${(row) => row.change_id} /><${Said} act=${act} />`;
}

// What is under way is looked at again once it stands otherwise.
function useFollowing(change, changed) {
  useEffect(() => {
    if (!change) return undefined;
    let here = true;
    const look = async () => {
      const seen = await json("GET", `/api/v1/autofix/changes/${change.change_id}?wait_s=${WAIT_S}`).catch(() => null);
      if (here && seen && seen.status === change.status) look();
      else if (here && seen) changed();
    };
    look();
    return () => (here = false);
  }, [change?.change_id, change?.status]);
}

// Read when it is asked for: what was written, and why it ended as it did.
function Course({ id }) {
  const act = useAct();
  const [told, setTold] = useState(null);
  const read = () => act.run(async () => setTold(await json("GET", `/api/v1/autofix/changes/${id}`)));
  if (!told) return html`<button type="button" class="small" disabled=${act.busy} onClick=${read} aria-label=${`${t("howItWent")}: ${id}`}>${t("howItWent")}</button><${Said} act=${act} />`;
  return [told.detail_in?.[language.value] || told.detail, told.progress_in?.[language.value]].filter(Boolean).join(" ") || t("nothingMoreKnown");
}
