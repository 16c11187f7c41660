// Alerts that were sent here, silences, the channels by which people are told, and the messages on their way.
import { useState } from "preact/hooks";
import { coded, html } from "../html.mjs";
import { language, t, time } from "../i18n.mjs";
import { may } from "../parts/rail.mjs";
import { json } from "../stream.mjs";
import { Channels } from "./channels.mjs";
import { Choice, Refresh, Said, Section, Severity, Sheet, Shown, Table, Tag, When, urgentFirst, useAct, useRead, worded } from "./kit.mjs";

export default function Alerts() {
  const [status, setStatus] = useState("firing");
  const seesAlerts = may("alerts:read");
  const alerts = useRead(seesAlerts ? `/api/v1/alerts${status ? `?status=${status}` : ""}` : "");
  const silences = useRead(seesAlerts ? "/api/v1/silences" : "");
  const managers = useRead(seesAlerts ? "/api/v1/alertmanagers/alerts" : "");
  const options = [["firing", t("firing")], ["resolved", t("resolved")], ["", t("all")]];
  return html`
    <${Sheet} title=${t("page_alerts")} lead=${t("alertsLead")} actions=${seesAlerts && html`<${Refresh} reads=${[alerts, managers, silences]} />`}>
      ${seesAlerts && html`
        ${alerts.data?.unheard?.en && html`<p class="notice boxed" role="status" data-unheard>${coded(inWords(alerts.data.unheard))}</p>`}
        <${Section} title=${t("alertsReceived")} aside=${html`<${Choice} label=${t("statusHead")} options=${options} value=${status} onChoose=${setStatus} />`}>
          <${Shown} read=${alerts} empty=${t(status === "firing" ? "noneFiring" : "noAlerts")}>
            <ul class="cards">${alerts.rows.map((one) => html`<${Alert} key=${one.id} alert=${one} changed=${alerts.again} />`)}</ul>
          <//>
        <//>
        <${Section} title=${t("firingThere")} note=${t("firingThereNote")}>
          <${Shown} read=${managers} empty=${t("noneFiringThere")}><${Firing} rows=${urgentFirst(managers.rows)} /><//>
          ${managers.data?.unanswered?.length > 0 && html`<p class="notice">${t("unanswered", { who: managers.data.unanswered.join(", ") })}</p>`}
        <//>
        <${Section} title=${t("silences")}>
          <${Shown} read=${silences} empty=${t("noSilences")}><${Silences} rows=${silences.rows} changed=${silences.again} /><//>
          ${silences.data?.unanswered?.length > 0 && html`<p class="notice">${t("unanswered", { who: silences.data.unanswered.join(", ") })}</p>`}
        <//>
      `}
      ${may("channels:read") && html`<${Channels} />`}
    <//>
  `;
}

// What is told in both languages, in that of the page.
const inWords = (texts) => texts[language.value] ?? texts.en;

// What fires in the Alertmanagers, whether or not it was sent here.
function Firing({ rows }) {
  const columns = [
    { head: t("nameHead"), cell: (row) => row.name },
    { head: t("severityHead"), cell: (row) => html`<${Severity} level=${row.severity} />` },
    { head: t("namespaceHead"), cell: (row) => row.namespace || "–" },
    { head: t("firingSinceHead"), cell: (row) => html`<${When} at=${row.since} />` },
    { head: t("summaryHead"), long: true, cell: (row) => html`${row.summary} ${row.silenced_by.length > 0 && html`<${Tag}>${t("silenced")}<//>`}` },
  ];
  return html`<${Table} label=${t("firingThere")} columns=${columns} rows=${rows} />`;
}

function Alert({ alert, changed }) {
  const act = useAct();
  const [open, setOpen] = useState(false);
  const place = `/api/v1/alerts/${encodeURIComponent(alert.id)}`;
  const acknowledge = async () => (await act.run(() => json("POST", `${place}/acknowledge`), t("acknowledged"))) && changed();
  const analyse = () => act.run(() => json("POST", `${place}/analyse?language=${language.value}`), t("analysisQueued"));
  return html`
    <li class="card split" data-alert=${alert.id}>
      <h4><${Severity} level=${alert.severity} /> ${alert.name} ${alert.status === "resolved" && html`<${Tag} tone="good">${t("resolved")}<//>`}</h4>
      <p>${alert.summary}</p>
      <p class="quiet">${alert.namespace && html`<code>${alert.namespace}</code> · `}${t("since")} <${When} at=${alert.starts_at} />${` · ${t(alert.told ? "wasTold" : "toldNobody")}`}${alert.acknowledged_by && ` · ${t("takenBy", { who: alert.acknowledged_by })}`}</p>
      <div class="actions">
        ${may("alerts:manage") && html`
          <button type="button" class="primary" disabled=${act.busy} onClick=${analyse} aria-label=${`${t("investigate")}: ${alert.name}`}>${t("investigate")}</button>
          ${!alert.acknowledged_by && alert.status === "firing" && html`<button type="button" disabled=${act.busy} onClick=${acknowledge} aria-label=${`${t("acknowledge")}: ${alert.name}`}>${t("acknowledge")}</button>`}
        `}
        <button type="button" aria-expanded=${open} onClick=${() => setOpen(!open)} aria-label=${`${t("record")}: ${alert.name}`}>${t("record")}</button>
      </div>
      <${Said} act=${act} />
      ${open && html`<${Record} place=${place} />`}
    </li>
  `;
}

// What was done with an alert, step by step, and what its investigation found.
function Record({ place }) {
  const read = useRead(place);
  const found = read.data?.analysis;
  return html`
    <${Shown} read=${read}>${read.data && html`
      <ul class="labels">${Object.entries(read.data.labels).map(([name, value]) => html`<li key=${name}><code>${name}=${value}</code></li>`)}</ul>
      ${read.data.unheard.en && html`<p class="notice">${coded(inWords(read.data.unheard))}</p>`}
      <ol class="timeline">${read.data.steps.map((one, n) => html`<li key=${n}><time datetime=${one.at}>${time(one.at)}</time> <span>${worded("step", one.step)}: ${worded("step", one.outcome)}</span></li>`)}</ol>
      ${found && html`<p><strong>${t("analysis")}</strong> ${found.summary || found.error || worded("step", found.state)} ${found.incident_id && html`<a href=${`#/incidents/${encodeURIComponent(found.incident_id)}`}>${t("openIncident")}</a>`}</p>`}
      <div class="actions"><button type="button" onClick=${read.again}>${t("refresh")}</button></div>
    `}<//>
  `;
}

function Silences({ rows, changed }) {
  const act = useAct();
  const end = async (row) => {
    if (!confirm(t("confirmEndSilence"))) return;
    if ((await act.run(() => json("DELETE", `/api/v1/silences/${encodeURIComponent(row.id)}`), t("silenceEnded"))) !== undefined) changed();
  };
  const columns = [
    { head: t("matchersHead"), long: true, cell: (row) => html`<code>${row.matchers.join(", ")}</code>` },
    { head: t("statusHead"), cell: (row) => html`<${Tag} tone=${row.state === "active" ? "warn" : ""}>${worded("silence", row.state)}<//>` },
    { head: t("untilHead"), cell: (row) => html`<${When} at=${row.ends_at} />` },
    { head: t("catchesHead"), end: true, cell: (row) => row.catches_now ?? "–" },
    { head: t("byHead"), cell: (row) => row.created_by },
    { head: t("commentHead"), long: true, cell: (row) => row.comment },
    { head: t("doHead"), cell: (row) => may("silences:write") && row.state !== "expired" && html`<button type="button" class="small" disabled=${act.busy} onClick=${() => end(row)} aria-label=${`${t("endSilence")}: ${row.matchers.join(", ")}`}>${t("endSilence")}</button>` },
  ];
  return html`<${Table} label=${t("silences")} columns=${columns} rows=${rows} keyOf=${(row) => row.id} /><${Said} act=${act} />`;
}
