import { useRef } from "preact/hooks";
import { html } from "../html.mjs";
import { t } from "../i18n.mjs";
import { ask, draft, lost, running, stop, turns } from "../store.mjs";
import { useKeepingUp } from "./keeping-up.mjs";
import { Offer, chosen, close, key, look, meant, offer, picked } from "./picker.mjs";
import { Turn } from "./turn.mjs";

export function Chat() {
  const list = useRef(null);
  const { atEnd, scrolled, toEnd } = useKeepingUp(list, turns.value.at(-1)?.id);
  return html`
    <main class="chat">
      <div class="turns" ref=${list} onScroll=${scrolled}>
        <div>
          ${turns.value.length === 0 && html`<${Welcome} />`}
          ${turns.value.map((turn) => html`<${Turn} key=${turn.id} turn=${turn} />`)}
        </div>
      </div>
      ${!atEnd && html`<button type="button" class="jump" onClick=${toEnd}>${t("jumpToLatest")}</button>`}
      ${lost.value && html`<p class="lost" role="status">${t(lost.value)}</p>`}
      <${Composer} />
    </main>
  `;
}

function Welcome() {
  return html`
    <section class="welcome">
      <h2>${t("welcome")}</h2>
      <p>${t("welcomeMore")}</p>
      <ul>
        ${t("starters").map((text) => html`<li key=${text}><button type="button" onClick=${() => ask(text)}>${text}</button></li>`)}
      </ul>
    </section>
  `;
}

// A link may bring a question along, such as that of an alert. It is shown, and a person sends it.
function handed() {
  const place = new URL(location.href);
  const question = (place.searchParams.get("ask") ?? "").slice(0, 500);
  place.searchParams.delete("ask");
  if (question) history.replaceState(null, "", place);
  return question;
}

draft.value = handed();

function Composer() {
  const box = useRef(null);
  const text = draft.value;
  const put = ({ text: words, caret }) => {
    draft.value = words;
    // The words are in the box once it was drawn anew.
    requestAnimationFrame(() => {
      box.current?.focus();
      box.current?.setSelectionRange(caret, caret);
      look(words, caret);
    });
  };
  const send = (event) => {
    event?.preventDefault();
    if (!text.trim() || running.value) return;
    close();
    ask(meant(text.trim()));
    draft.value = "";
  };
  const write = ({ target, isComposing }) => {
    draft.value = target.value;
    if (!isComposing) look(target.value, target.selectionStart);
  };
  // Enter while an input method is composing chooses a word; it must not send half a sentence.
  const pressed = (event) => {
    if (key(event)) return;
    const composing = event.isComposing || event.keyCode === 229;
    const takes = offer.value && (event.key === "Enter" || event.key === "Tab") && !event.shiftKey && !composing;
    if (takes) {
      event.preventDefault();
      put(picked(text));
    } else if (event.key === "ArrowUp" && event.altKey) editLast(event);
    else if (event.key === "Enter" && !event.shiftKey && !composing) send(event);
  };
  return html`
    <form class="composer" onSubmit=${send}>
      <${Offer} onPick=${() => put(picked(draft.value))} />
      <label class="unseen" for="question">${t("placeholder")}</label>
      <textarea id="question" rows="1" ref=${box} value=${text} placeholder=${t("placeholder")} onInput=${write} onCompositionEnd=${write} onKeyDown=${pressed} onBlur=${close}
        aria-autocomplete="list" aria-controls=${offer.value ? "offer" : undefined} aria-activedescendant=${offer.value ? `offer-${chosen.value}` : undefined}></textarea>
      ${running.value
        ? html`<button type="button" class="stop" onClick=${stop}>${t("stop")}</button>`
        : html`<button type="submit" class="primary" disabled=${!text.trim()}>${t("send")}</button>`}
    </form>
  `;
}

function editLast(event) {
  event.preventDefault();
  [...document.querySelectorAll(".asked .edit")].at(-1)?.click();
}
