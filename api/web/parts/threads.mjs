import { signal } from "@preact/signals";
import { html } from "../html.mjs";
import { t } from "../i18n.mjs";
import { deleteThread, listThreads, newThread, openThread, pinThread, query, renameThread, threadId, threads, tried, trouble } from "../store.mjs";

let waiting;

function search(event) {
  query.value = event.target.value;
  clearTimeout(waiting);
  waiting = setTimeout(() => tried(listThreads), 200);
}

function rename(thread) {
  const title = prompt(t("newTitle"), thread.title);
  if (title?.trim()) tried(() => renameThread(thread.id, title.trim()));
}

// What shares is loaded when it is first wanted.
const sharing = signal(null);

async function share(thread) {
  const { Sharing } = await import("./sharing.mjs");
  sharing.value = { Sharing, thread };
}

function remove(thread) {
  if (confirm(t("confirmDelete"))) tried(() => deleteThread(thread.id));
}

export function Threads({ onChosen }) {
  const choose = (action) => () => {
    action();
    onChosen();
  };
  return html`
    <aside class="threads" aria-label=${t("threads")}>
      <button type="button" class="primary" onClick=${choose(newThread)}>${t("newThread")}</button>
      <input type="search" value=${query.value} onInput=${search} placeholder=${t("searchThreads")} aria-label=${t("searchThreads")} />
      ${trouble.value && html`<p class="problem" role="alert">${trouble.value}</p>`}
      <ul>
        ${threads.value.map(
          (thread) => html`
            <li key=${thread.id} class=${thread.id === threadId.value ? "open" : ""}>
              <button type="button" class="title" title=${thread.title} aria-current=${thread.id === threadId.value ? "true" : undefined} onClick=${choose(() => tried(() => openThread(thread.id)))}>
                ${thread.pinned && html`<span class="pin" aria-hidden="true">★ </span><span class="unseen">${t("pinned")} </span>`}${thread.branch_of && html`<span class="quiet">⑂ <span class="unseen">${t("branch")} </span></span>`}${thread.title}
              </button>
              <button type="button" class="plain small" aria-pressed=${thread.pinned ? "true" : "false"} title=${t(thread.pinned ? "unpin" : "pin")} aria-label=${`${t("pin")}: ${thread.title}`} onClick=${() => tried(() => pinThread(thread.id, !thread.pinned))}>${thread.pinned ? "★" : "☆"}</button>
              <button type="button" class="plain small" title=${t("rename")} aria-label=${`${t("rename")}: ${thread.title}`} onClick=${() => rename(thread)}>✎</button>
              <button type="button" class="plain small" title=${t("share")} aria-label=${`${t("share")}: ${thread.title}`} onClick=${() => share(thread)}>⤴</button>
              <a class="plain small" title=${t("export")} aria-label=${`${t("export")}: ${thread.title}`} href=${`/api/v1/threads/${encodeURIComponent(thread.id)}/export`} download>⇩</a>
              <button type="button" class="plain small" title=${t("delete")} aria-label=${`${t("delete")}: ${thread.title}`} onClick=${() => remove(thread)}>✕</button>
            </li>
          `,
        )}
      </ul>
      ${threads.value.length === 0 && !trouble.value && html`<p class="quiet">${t(query.value.trim() ? "nothingFound" : "noThreads")}</p>`}
    </aside>
    ${sharing.value && html`<${sharing.value.Sharing} key=${sharing.value.thread.id} thread=${sharing.value.thread} onClose=${() => (sharing.value = null)} />`}
  `;
}
