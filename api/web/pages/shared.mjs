// Somebody's conversation, opened by a link: to be read, nothing else.
import { useEffect, useState } from "preact/hooks";
import { html } from "../html.mjs";
import { t, time } from "../i18n.mjs";
import { Evidence } from "../parts/evidence.mjs";
import { Turn } from "../parts/turn.mjs";
import { evidence } from "../store.mjs";
import { json } from "../stream.mjs";
import { told } from "../told.mjs";
import { Sheet, Shown, stateOf } from "./kit.mjs";

const NOTHING = { state: "loading", data: null, rows: [], problem: "", more: null };

export default function Shared({ rest }) {
  const [read, setRead] = useState(NOTHING);
  const open = async () => {
    try {
      const data = await json("POST", "/api/v1/shares/open", { link: rest });
      setRead({ ...NOTHING, state: "ready", data });
    } catch (error) {
      setRead({ ...NOTHING, state: stateOf(error), problem: error.message });
    }
  };
  useEffect(() => {
    open();
    return () => (evidence.value = null);
  }, [rest]);
  const shared = read.data;
  const lead = shared && t("sharedLead", { who: shared.owner, at: time(shared.shared_at), until: time(shared.expires_at) });
  return html`
    <${Sheet} title=${shared ? shared.title : t("sharedTitle")} lead=${lead}>
      <${Shown} read=${{ ...read, again: open }}>
        ${shared && html`<div class="turns-read">${told(shared.messages).map((turn) => html`<${Turn} key=${turn.id} turn=${turn} fixed=${true} />`)}</div>`}
      <//>
    <//>
    <${Evidence} />
  `;
}
