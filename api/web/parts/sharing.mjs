// Letting others read a conversation: a link with an end, and those there are.
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "../html.mjs";
import { t, time } from "../i18n.mjs";
import { copied as put } from "../insecure.mjs";
import { json } from "../stream.mjs";

const ENDS_H = [24, 168, 720];

export function Sharing({ thread, onClose }) {
  const dialog = useRef(null);
  const [hours, setHours] = useState(168);
  const [link, setLink] = useState("");
  const [copied, setCopied] = useState(false);
  const [open, setOpen] = useState([]);
  const [problem, setProblem] = useState("");
  const tried = (step) => step().then(() => setProblem(""), (error) => setProblem(error.message));
  const list = async () => setOpen(await mine(thread.id));
  useEffect(() => {
    dialog.current.showModal();
    tried(list);
  }, []);
  const make = (event) => {
    event.preventDefault();
    tried(async () => {
      const made = await json("POST", `/api/v1/threads/${encodeURIComponent(thread.id)}/shares`, { hours });
      setLink(`${location.origin}${made.path}`);
      setCopied(false);
      await list();
    });
  };
  const revoke = (id) => tried(async () => {
    await json("DELETE", `/api/v1/shares/${id}`);
    setLink("");
    await list();
  });
  const copy = () => tried(async () => {
    await put(link);
    setCopied(true);
  });
  return html`
    <dialog class="sharing" ref=${dialog} aria-labelledby="sharing-title" onClose=${onClose}>
      <h2 id="sharing-title">${t("shareTitle", { title: thread.title })}</h2>
      <p class="quiet">${t("shareHint")}</p>
      <form onSubmit=${make}>
        <label>${t("shareFor")} <select value=${hours} onChange=${(event) => setHours(Number(event.target.value))}>
          ${ENDS_H.map((one) => html`<option key=${one} value=${one}>${t(`share_${one}`)}</option>`)}
        </select></label>
        <button type="submit" class="primary">${t("makeLink")}</button>
      </form>
      ${link && html`<p class="link"><input readonly aria-label=${t("shareLink")} value=${link} onFocus=${(event) => event.target.select()} /><button type="button" onClick=${copy}>${t(copied ? "copied" : "copy")}</button></p>`}
      ${open.length > 0 && html`
        <h3>${t("openLinks")}</h3>
        <ul>${open.map((one) => html`<li key=${one.id}><span>${t("madeUntil", { made: time(one.created_at), until: time(one.expires_at) })}</span> <button type="button" class="small deny" onClick=${() => revoke(one.id)}>${t("takeBack")}</button></li>`)}</ul>
      `}
      <p>${t("saveAs")} ${["markdown", "json"].map((format) => html`<a key=${format} href=${`/api/v1/threads/${encodeURIComponent(thread.id)}/export?format=${format}`} download>${format === "json" ? "JSON" : "Markdown"}</a> `)}</p>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      <button type="button" onClick=${() => dialog.current.close()}>${t("close")}</button>
    </dialog>
  `;
}

async function mine(threadId) {
  const { items } = await json("GET", "/api/v1/shares");
  return items.filter((one) => one.thread_id === threadId && !one.revoked_at && Date.parse(one.expires_at) > Date.now());
}
