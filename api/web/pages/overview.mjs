// What is wrong now, what was found before, and whether the systems behind answer.
import { coded, html } from "../html.mjs";
import { language, t } from "../i18n.mjs";
import { go } from "../route.mjs";
import { askLater } from "../store.mjs";
import { may } from "../parts/rail.mjs";
import { json } from "../stream.mjs";
import { Evidence, Refresh, Said, Section, Severity, Sheet, Shown, Tag, Tile, Tiles, When, named, number, useAct, useRead, worded } from "./kit.mjs";

const URGENT = ["critical", "high"];
const TONES = { ok: "good", off: "" };
const LEVELS = [["critical", "bad"], ["high", "bad"], ["medium", "warn"]];

export default function Overview() {
  const findings = useRead(`/api/v1/findings?language=${language.value}`);
  const incidents = useRead("/api/v1/incidents");
  const systems = useRead("/api/v1/health/components");
  const found = findings.data?.findings ?? [];
  const whole = { ...findings, rows: found };
  return html`
    <${Sheet} title=${t("page_overview")} lead=${t("overviewLead", { cluster: findings.data?.cluster ?? "…" })} actions=${html`<${Refresh} reads=${[findings, incidents, systems]} />`}>
      ${findings.state === "ready" && html`<${Counts} found=${found} systems=${systems} />`}
      <${Section} title=${t("findings")} note=${findings.data && t("objectsChecked", { n: number(checked(findings.data)) })}>
        <${Shown} read=${whole} empty=${t("noFindings")}>
          <ul class="cards">${found.map((one) => html`<${Finding} key=${one.id} finding=${one} />`)}</ul>
          ${findings.data?.skipped?.length > 0 && html`<ul class="notes notice">${findings.data.skipped.map((one) => html`<li key=${one.what}>${one.what}: ${one.why}</li>`)}</ul>`}
        <//>
      <//>
      <${Section} title=${t("incidents")}>
        <${Shown} read=${incidents} empty=${t("noIncidents")}>
          <ul class="cards">${incidents.rows.map((one) => html`<${Incident} key=${one.id} incident=${one} />`)}</ul>
        <//>
      <//>
      <${Section} title=${t("systems")}>
        <${Shown} read=${systems}><${Systems} rows=${systems.rows} /><//>
      <//>
    <//>
  `;
}

function checked({ checked: counts = {} }) {
  return Object.values(counts).reduce((sum, one) => sum + one, 0);
}

function Counts({ found, systems }) {
  const count = (level) => found.filter((one) => one.severity === level).length;
  const away = systems.rows.filter((one) => one.status === "failed");
  return html`
    <${Tiles}>
      ${LEVELS.map(([level, tone]) => html`<${Tile} key=${level} label=${worded("severity", level)} value=${number(count(level))} tone=${count(level) ? tone : ""} />`)}
      <${Tile} label=${t("others")} value=${number(found.filter((one) => !LEVELS.some(([level]) => level === one.severity)).length)} />
      <${Tile} label=${t("systemsAway")} value=${systems.state === "ready" ? number(away.length) : "–"} tone=${away.length ? "bad" : ""} note=${away.map((one) => one.name).join(", ")} />
    <//>
  `;
}

function Finding({ finding }) {
  const act = useAct();
  const { kind, namespace, name } = finding.resource;
  const investigate = async () => {
    const body = { kind, namespace: namespace ?? "", name, symptom: finding.title.slice(0, 2000), language: language.value };
    const made = await act.run(() => json("POST", "/api/v1/investigations", body));
    if (made?.incident_id) go("incidents", made.incident_id);
    else if (made) await act.run(async () => null, made.summary);
  };
  return html`
    <li class="card split" data-rule=${finding.rule}>
      <h4><${Severity} level=${finding.severity} /> ${finding.title}</h4>
      <p>${finding.cause}</p>
      ${finding.fix && html`<p class="fix"><strong>${t("suggestedFix")}</strong> ${finding.fix.summary}</p>`}
      <p class="quiet"><code>${named(finding.resource)}</code> · ${worded("confidence", finding.confidence)}${finding.since && html` · ${t("since")} <${When} at=${finding.since} />`}</p>
      <${Evidence} items=${finding.evidence} />
      <div class="actions">
        <button type="button" class=${URGENT.includes(finding.severity) ? "primary" : ""} disabled=${act.busy} onClick=${investigate} aria-label=${`${t("investigate")}: ${finding.title}`}>${t(act.busy ? "investigating" : "investigate")}</button>
        ${may("chat:use") && html`<button type="button" onClick=${() => askLater(t("askWhy", { what: named(finding.resource) }))}>${t("askInChat")}</button>`}
        ${finding.fix && may("fixes:plan") && may("chat:use") && html`<button type="button" onClick=${() => askLater(t("askFix", { what: named(finding.resource) }))}>${t("planRepair")}</button>`}
      </div>
      <${Said} act=${act} />
    </li>
  `;
}

export function timesFound({ times_found: n }) {
  return n === 1 ? t("foundOnce") : t("timesFound", { n: number(n) });
}

function Incident({ incident }) {
  return html`
    <li class="card">
      <h4 class="told"><a href=${`#/incidents/${encodeURIComponent(incident.id)}`}>${incident.summary}</a></h4>
      <p class="quiet"><code>${incident.id}</code> · ${timesFound(incident)} · ${t("lastFound")} <${When} at=${incident.last_found} /></p>
    </li>
  `;
}

export function Systems({ rows }) {
  return html`
    <ul class="systems">${rows.map((one) => html`
      <li key=${one.name}><${Tag} tone=${TONES[one.status] ?? "bad"}>${one.status === "ok" ? t("answers") : worded("status", one.status)}<//> <strong>${worded("system", one.name)}</strong> <span class="quiet">${coded(one.detail)}${one.response_ms !== undefined && ` · ${t("ms", { n: number(one.response_ms) })}`}</span></li>
    `)}</ul>
  `;
}
