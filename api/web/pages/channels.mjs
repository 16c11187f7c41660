// The channels by which people are told: how they do, adding and trying one, and what is on its way.
import { useState } from "preact/hooks";
import { html } from "../html.mjs";
import { language, t } from "../i18n.mjs";
import { may } from "../parts/rail.mjs";
import { json } from "../stream.mjs";
import { Choice, Field, Refresh, Said, Section, Shown, Table, Tag, When, number, percent, useAct, useRead, worded } from "./kit.mjs";

// What each kind of channel asks for; a name with "?" may stay empty.
const KINDS = {
  webhook: ["url", "secret"],
  slack: ["url"],
  dingtalk: ["url", "secret?"],
  feishu: ["url", "secret?"],
  wecom: ["url"],
  teams: ["url"],
  pagerduty: ["routing_key"],
  email: ["host", "port?", "sender", "recipients", "username?", "password?"],
};
const SECRET = ["secret", "password", "routing_key"];

export function Channels() {
  const channels = useRead("/api/v1/channels");
  const health = useRead("/api/v1/channels/health");
  const again = () => [channels, health].forEach((one) => one.again());
  return html`
    <${Section} title=${t("channels")} aside=${html`<${Refresh} reads=${[channels, health]} />`}>
      <${Shown} read=${channels} empty=${t("noChannels")}>
        <ul class="cards">${channels.rows.map((one) => html`<${Channel} key=${one.name} channel=${one} health=${health.rows.find((row) => row.channel === one.name)} changed=${again} />`)}</ul>
      <//>
      ${may("channels:manage") && channels.state === "ready" && html`<${Adding} added=${again} />`}
    <//>
    <${Deliveries} />
  `;
}

function Channel({ channel, health, changed }) {
  const act = useAct();
  const place = `/api/v1/channels/${encodeURIComponent(channel.name)}`;
  const test = async () => {
    const tried = await act.run(() => json("POST", `${place}/test`));
    if (tried) await act.run(async () => null, `${worded("tried", tried.result)} ${tried.code} ${tried.why}`);
  };
  const turn = async () => (await act.run(() => json("PATCH", place, { enabled: !channel.enabled }))) && changed();
  const remove = async () => {
    if (confirm(t("confirmRemove", { name: channel.name })) && (await act.run(() => json("DELETE", place))) !== undefined) changed();
  };
  return html`
    <li class="card" data-channel=${channel.name}>
      <h4><${Tag} tone=${channel.enabled ? "good" : ""}>${t(channel.enabled ? "switchedOn" : "switchedOff")}<//> ${channel.name} <span class="quiet">${channel.kind}</span></h4>
      <p class="quiet">${Object.entries(channel.settings).map(([name, value]) => `${name}: ${value}`).join(" · ")}</p>
      ${health && html`<p class="quiet">${t(health.tried ? "channelHealth" : "channelQuiet", { sent: number(health.sent), tried: number(health.tried), rate: percent(health.success_rate), p95: number(health.p95_ms), waiting: number(health.waiting), dead: number(health.dead) })}</p>`}
      ${health?.last_error && html`<p class="notice">${health.last_error}</p>`}
      ${may("channels:manage") && html`
        <div class="actions">
          <button type="button" disabled=${act.busy} onClick=${test} aria-label=${`${t("sendTest")}: ${channel.name}`}>${t("sendTest")}</button>
          <button type="button" disabled=${act.busy} onClick=${turn} aria-label=${`${t(channel.enabled ? "switchOff" : "switchOn")}: ${channel.name}`}>${t(channel.enabled ? "switchOff" : "switchOn")}</button>
          <button type="button" class="deny" disabled=${act.busy} onClick=${remove} aria-label=${`${t("remove")}: ${channel.name}`}>${t("remove")}</button>
        </div>
        <${Said} act=${act} />
      `}
    </li>
  `;
}

function Adding({ added }) {
  const act = useAct();
  const [kind, setKind] = useState("webhook");
  const add = async (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    const body = { name: given.get("name").trim(), kind, language: language.value, settings: settings(kind, given) };
    if (!(await act.run(() => json("POST", "/api/v1/channels", body), t("channelAdded")))) return;
    form.reset();
    added();
  };
  return html`
    <details class="adding"><summary>${t("addChannel")}</summary>
      <form class="form" onSubmit=${add}>
        <${Field} label=${t("nameHead")}><input name="name" required maxlength="100" /><//>
        <${Field} label=${t("kindHead")}><select value=${kind} onChange=${(event) => setKind(event.target.value)}>${Object.keys(KINDS).map((one) => html`<option key=${one} value=${one}>${one}</option>`)}</select><//>
        ${KINDS[kind].map((one) => {
          const name = one.replace("?", "");
          return html`<${Field} key=${`${kind}.${name}`} label=${worded("setting", name)}><input name=${name} type=${SECRET.includes(name) ? "password" : "text"} autocomplete="off" required=${!one.endsWith("?")} /><//>`;
        })}
        <button type="submit" class="primary" disabled=${act.busy}>${t("addChannel")}</button>
      </form>
      <${Said} act=${act} />
    </details>
  `;
}

function settings(kind, given) {
  const pairs = KINDS[kind].map((one) => one.replace("?", "")).map((name) => [name, given.get(name).trim()]);
  const told = Object.fromEntries(pairs.filter(([, value]) => value));
  if (told.recipients) told.recipients = told.recipients.split(",").map((one) => one.trim());
  if (told.port) told.port = Number(told.port);
  return told;
}

function Deliveries() {
  const [state, setState] = useState("");
  const read = useRead(`/api/v1/deliveries${state ? `?state=${state}` : ""}`);
  const act = useAct();
  const replay = async (row) => (await act.run(() => json("POST", `/api/v1/deliveries/${encodeURIComponent(row.id)}/replay`), t("sentAgain"))) && read.again();
  const tones = { sent: "good", dead: "bad", pending: "warn" };
  const columns = [
    { head: t("aboutHead"), cell: (row) => row.about },
    { head: t("channelHead"), cell: (row) => row.channel },
    { head: t("statusHead"), cell: (row) => html`<${Tag} tone=${tones[row.state]}>${worded("delivery", row.state)}<//> ${row.error}` },
    { head: t("triesHead"), end: true, cell: (row) => number(row.attempts) },
    { head: t("atHead"), cell: (row) => html`<${When} at=${row.sent_at ?? row.created_at} />` },
    { head: t("doHead"), cell: (row) => row.state === "dead" && may("channels:manage") && html`<button type="button" class="small" disabled=${act.busy} onClick=${() => replay(row)} aria-label=${`${t("sendAgain")}: ${row.about}`}>${t("sendAgain")}</button>` },
  ];
  const options = [["", t("all")], ["pending", worded("delivery", "pending")], ["dead", worded("delivery", "dead")]];
  return html`
    <${Section} title=${t("deliveries")} aside=${html`<${Choice} label=${t("statusHead")} options=${options} value=${state} onChoose=${setState} />`}>
      <${Shown} read=${read} empty=${t("noDeliveries")}><${Table} label=${t("deliveries")} columns=${columns} rows=${read.rows} keyOf=${(row) => row.id} /><//>
      <${Said} act=${act} />
    <//>
  `;
}
