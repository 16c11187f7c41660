// What a reader says of an answer: good, or what was wrong with it.
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "../html.mjs";
import { t } from "../i18n.mjs";
import { threadId } from "../store.mjs";
import { json } from "../stream.mjs";

const THUMB = html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M7 11v9H3v-9zM7 11l4-8c2 0 3 1 2 6h7l-2 11H7" /></svg>`;
const REASONS = ["wrong_cause", "incomplete", "unclear", "not_asked", "too_slow", "other"];

export function Opinion({ turn }) {
  const [asking, setAsking] = useState(false);
  const [said, setSaid] = useState("");
  const [problem, setProblem] = useState("");
  const form = useRef(null);
  useEffect(() => form.current?.scrollIntoView({ block: "nearest" }), [asking]);
  const say = async (word) => {
    try {
      const place = `/api/v1/threads/${encodeURIComponent(threadId.value)}/feedback`;
      await json("PUT", place, { run_id: turn.answeredBy ?? turn.runId, ...word });
      setSaid(word.helpful ? "up" : "down");
      setAsking(false);
      setProblem("");
    } catch (error) {
      setProblem(error.message);
    }
  };
  const submit = (event) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    say({ helpful: false, reason: given.get("reason") ?? "", comment: given.get("comment").trim() });
  };
  return html`
    <span class="opinion" role="group" aria-label=${t("didItHelp")}>
      <button type="button" class="plain small" title=${t("thumbsUp")} aria-label=${t("thumbsUp")} aria-pressed=${said === "up"} onClick=${() => say({ helpful: true })}>${THUMB}</button>
      <button type="button" class="plain small down" title=${t("thumbsDown")} aria-label=${t("thumbsDown")} aria-pressed=${said === "down"} aria-expanded=${asking} onClick=${() => setAsking(!asking)}>${THUMB}</button>
      <span class="quiet" role="status">${said && t("rated")}</span>
    </span>
    ${asking && html`
      <form class="wrong" ref=${form} onSubmit=${submit}>
        <fieldset><legend>${t("whatWasWrong")}</legend>${REASONS.map((one) => html`<label key=${one}><input type="radio" name="reason" value=${one} /> ${t(`reason_${one}`)}</label>`)}</fieldset>
        <label>${t("commentOn")}<input name="comment" maxlength="2000" /></label>
        <button type="submit" class="primary">${t("sayIt")}</button>
      </form>
    `}
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
  `;
}
