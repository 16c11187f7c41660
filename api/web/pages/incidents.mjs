// One incident: its causes with what led to what, what was felt, in which order, and what was ruled out.
import { useEffect, useState } from "preact/hooks";
import { html } from "../html.mjs";
import { language, t, time } from "../i18n.mjs";
import { go } from "../route.mjs";
import { askLater } from "../store.mjs";
import { Graph } from "../parts/graph.mjs";
import { may } from "../parts/rail.mjs";
import { json } from "../stream.mjs";
import { timesFound } from "./overview.mjs";
import { Evidence, Refresh, Said, Section, Severity, Sheet, Shown, Tag, When, named, percent, useAct, useRead, worded } from "./kit.mjs";

export default function Incident({ rest }) {
  // Without a name it is all of them that is meant.
  useEffect(() => {
    if (!rest) go("overview");
  }, [rest]);
  return rest ? html`<${One} rest=${rest} />` : null;
}

function One({ rest }) {
  const read = useRead(`/api/v1/incidents/${encodeURIComponent(rest)}`);
  const found = read.data;
  return html`
    <${Sheet} title=${t("incident")} actions=${html`<a class="button" href="#/overview">${t("backToOverview")}</a><${Refresh} reads=${[read]} />`}>
      <${Shown} read=${read}>${found && html`<${Told} incident=${found} again=${read.again} />`}<//>
    <//>
  `;
}

function Told({ incident, again }) {
  const { investigation: told } = incident;
  const causes = told.root_causes ?? [];
  return html`
    <p class="summary">${incident.summary}</p>
    <p class="quiet"><code>${incident.id}</code> · ${incident.cluster} · ${t("firstFound")} <${When} at=${incident.first_found} /> · ${t("lastFound")} <${When} at=${incident.last_found} /> · ${timesFound(incident)}</p>
    <${Doing} incident=${incident} cause=${causes[0]} again=${again} />
    <${Postmortem} id=${incident.id} />
    ${causes.map((one) => html`<${Cause} key=${one.rank} cause=${one} symptoms=${told.symptoms ?? []} />`)}
    ${told.timeline?.length > 0 && html`<${Section} title=${t("timeline")}><ol class="timeline">${told.timeline.map((one, n) => html`<li key=${n}><time datetime=${one.at}>${time(one.at)}</time> <span>${one.text}</span></li>`)}</ol><//>`}
    ${told.symptoms?.length > 0 && html`<${Section} title=${t("symptoms")}><ul class="cards">${told.symptoms.map((one, n) => html`<li key=${n} class="card"><h4>${one.title}</h4><${Evidence} items=${one.evidence} /></li>`)}</ul><//>`}
    ${told.ruled_out?.length > 0 && html`<${Section} title=${t("ruledOut")}><ul class="notes">${told.ruled_out.map((one, n) => html`<li key=${n}>${one.hypothesis}: <span class="quiet">${one.why}</span></li>`)}</ul><//>`}
    ${told.not_checked?.length > 0 && html`<${Section} title=${t("notChecked")}><ul class="notes notice">${told.not_checked.map((one, n) => html`<li key=${n}>${one.what}: ${one.why}</li>`)}</ul><//>`}
  `;
}

function Doing({ incident, cause, again }) {
  const act = useAct();
  const about = cause?.resource ?? {};
  const repeat = async () => {
    const body = { kind: about.kind ?? "", namespace: about.namespace ?? "", name: about.name ?? "", language: language.value };
    const made = await act.run(() => json("POST", "/api/v1/investigations", body), t("investigatedAgain"));
    if (!made) return;
    if (made.incident_id && made.incident_id !== incident.id) go("incidents", made.incident_id);
    else again();
  };
  return html`
    <div class="actions">
      <button type="button" class="primary" disabled=${act.busy} onClick=${repeat}>${t(act.busy ? "investigating" : "investigateAgain")}</button>
      ${cause && may("chat:use") && html`<button type="button" onClick=${() => askLater(t("askWhy", { what: named(about) }))}>${t("askInChat")}</button>`}
    </div>
    <${Said} act=${act} />
  `;
}

// A draft for a person to edit; nothing is kept of it.
function Postmortem({ id }) {
  const act = useAct();
  const [page, setPage] = useState(null);
  const draft = async () => {
    const made = await act.run(() => json("POST", "/api/v1/knowledge/draft", { incident_id: id, kind: "postmortem", language: language.value }));
    if (made) setPage({ ...made, file: URL.createObjectURL(new Blob([made.markdown], { type: "text/markdown" })) });
  };
  return html`
    <div class="actions"><button type="button" disabled=${act.busy} onClick=${draft}>${t("draftPostmortem")}</button>
      ${page && html`<a class="button" href=${page.file} download=${page.name.split("/").at(-1)}>${t("saveDraft")}</a>`}</div>
    ${page && html`<pre class="draft" tabindex="0" aria-label=${page.title}>${page.markdown}</pre>`}
    <${Said} act=${act} />
  `;
}

function Cause({ cause, symptoms }) {
  const rows = edges(cause, symptoms);
  return html`
    <${Section} title=${t("rootCause", { n: cause.rank })}>
      <div class="card">
        <h4><${Severity} level=${cause.severity} /> ${cause.summary}</h4>
        <p>${cause.cause}</p>
        ${cause.change && html`<p><strong>${t("afterChange")}</strong> ${cause.change}</p>`}
        <p class="quiet"><${Tag}>${worded("category", cause.category)}<//> ${t("confidenceOf", { share: percent(cause.confidence) })} · ${t("since")} <${When} at=${cause.since} /></p>
        ${rows.length > 0 && html`<${Graph} chart=${{ title: t("whatLedToWhat"), tool: "rca_investigate", rows, more: 0 }} />`}
        <${Evidence} items=${cause.evidence} />
        ${cause.recommendations?.length > 0 && html`<h5>${t("recommendations")}</h5><ol class="notes">${cause.recommendations.map((one, n) => html`<li key=${n}>${one.description}</li>`)}</ol>`}
      </div>
    <//>
  `;
}

// Cause, effect, and the first evidence of the effect: along the chain, after the change that began it.
function edges(cause, symptoms) {
  const steps = cause.chain.map((one) => ({ title: one.title, why: shown(one, symptoms) }));
  const whole = cause.change ? [{ title: cause.change }, { ...steps[0], why: cause.evidence[0]?.text }, ...steps.slice(1)] : steps;
  return whole.slice(1).map((one, n) => [whole[n].title, one.title, one.why ?? ""]).filter(([from, to]) => from && to && from !== to);
}

function shown(step, symptoms) {
  const same = (one) => one.rule === step.rule && named(one.resource) === named(step.resource);
  return symptoms.find(same)?.evidence[0]?.text;
}
