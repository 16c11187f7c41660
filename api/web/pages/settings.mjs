// One's own settings: language, theme, sessions, API keys, shared links; and what Midwatch is connected to.
import { useState } from "preact/hooks";
import { html } from "../html.mjs";
import { chooseLanguage, language, t } from "../i18n.mjs";
import { copied } from "../insecure.mjs";
import { may } from "../parts/rail.mjs";
import { THEMES, chooseTheme, theme } from "../parts/top-bar.mjs";
import { me } from "../store.mjs";
import { json } from "../stream.mjs";
import { Systems } from "./overview.mjs";
import { Choice, Field, Refresh, Said, Section, Sheet, Shown, Table, Tag, When, useAct, useRead } from "./kit.mjs";

export default function Settings() {
  return html`
    <${Sheet} title=${t("page_settings")} lead=${t("signedInAs", { who: me.value.subject, roles: me.value.roles.join(", ") })}>
      <${Section} title=${t("looks")}>
        <div class="filters">
          <${Choice} label=${t("languageHead")} options=${[["en", "English"], ["zh", "中文"]]} value=${language.value} onChoose=${chooseLanguage} />
          <${Choice} label=${t("theme")} options=${Object.entries(THEMES).map(([name, word]) => [name, t(word)])} value=${theme.value} onChoose=${chooseTheme} />
        </div>
      <//>
      <${Connections} />
      <${Sessions} />
      ${may("chat:use") && html`<${Links} />`}
      <${Keys} />
    <//>
  `;
}

function Connections() {
  const read = useRead("/api/v1/health/components");
  const { practice, provider, model } = me.value.edition;
  return html`
    <${Section} title=${t("connections")} aside=${html`<${Refresh} reads=${[read]} />`}>
      <p>${t(practice ? "onPractice" : "onLive")} ${provider === "offline" ? t("withoutModel") : t("withModel", { provider, model })}</p>
      <${Shown} read=${read}><${Systems} rows=${read.rows} /><//>
      ${practice && html`<p class="quiet">${t("practiceHint")}</p>`}
    <//>
  `;
}

function Sessions() {
  const read = useRead("/api/v1/sessions");
  const act = useAct();
  const end = async (url, said) => (await act.run(() => json("DELETE", url), said)) !== undefined && read.again();
  const columns = [
    { head: t("beganHead"), cell: (row) => html`<${When} at=${row.began_at} /> ${row.this && html`<${Tag} tone="good">${t("thisPage")}<//>`}` },
    { head: t("renewedHead"), cell: (row) => html`<${When} at=${row.renewed_at} />` },
    { head: t("untilHead"), cell: (row) => html`<${When} at=${row.expires_at} />` },
    { head: t("doHead"), cell: (row) => !row.this && html`<button type="button" class="small" disabled=${act.busy} onClick=${() => end(`/api/v1/sessions/${encodeURIComponent(row.id)}`, t("sessionsEnded"))}>${t("endSession")}</button>` },
  ];
  const others = html`<button type="button" disabled=${act.busy || read.rows.length < 2} onClick=${() => end("/api/v1/sessions", t("sessionsEnded"))}>${t("endOthers")}</button>`;
  return html`
    <${Section} title=${t("sessions")} aside=${others}>
      <${Shown} read=${read}><${Table} label=${t("sessions")} columns=${columns} rows=${read.rows} keyOf=${(row) => row.id} /><//>
      <${Said} act=${act} />
    <//>
  `;
}

function Links() {
  const read = useRead("/api/v1/shares");
  const act = useAct();
  const revoke = async (row) => (await act.run(() => json("DELETE", `/api/v1/shares/${encodeURIComponent(row.id)}`), t("linkTaken"))) !== undefined && read.again();
  const state = (row) => (row.revoked_at ? "takenBack" : Date.parse(row.expires_at) < Date.now() ? "expired" : "");
  const columns = [
    { head: t("conversationHead"), long: true, cell: (row) => row.title },
    { head: t("madeHead"), cell: (row) => html`<${When} at=${row.created_at} />` },
    { head: t("untilHead"), cell: (row) => html`<${When} at=${row.expires_at} />` },
    { head: t("doHead"), cell: (row) => (state(row) ? html`<${Tag}>${t(state(row))}<//>` : html`<button type="button" class="small deny" disabled=${act.busy} onClick=${() => revoke(row)} aria-label=${`${t("takeBack")}: ${row.title}`}>${t("takeBack")}</button>`) },
  ];
  return html`
    <${Section} title=${t("sharedLinks")}>
      <${Shown} read=${read} empty=${t("noLinks")}><${Table} label=${t("sharedLinks")} columns=${columns} rows=${read.rows} keyOf=${(row) => row.id} /><//>
      <${Said} act=${act} />
    <//>
  `;
}

/** The keys that end with this one: those that it made, and that these made. */
function madeBy(key, keys) {
  const made = keys.filter((one) => one.made_by === key.id && !one.revoked_at);
  return made.flatMap((one) => [one, ...madeBy(one, keys)]);
}

function Keys() {
  const read = useRead("/api/v1/tokens");
  const act = useAct();
  const [made, setMade] = useState("");
  const revoke = async (row) => {
    const made = madeBy(row, read.rows).map((one) => one.label).join(", ");
    const question = made ? t("confirmRevokeMade", { name: row.label, made }) : t("confirmRevoke", { name: row.label });
    if (confirm(question) && (await act.run(() => json("DELETE", `/api/v1/tokens/${encodeURIComponent(row.id)}`), t("keyRevoked"))) !== undefined) read.again();
  };
  const make = async (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    const scopes = given.getAll("scopes");
    const body = { label: given.get("label").trim(), ttl_days: Number(given.get("ttl_days")), ...(scopes.length ? { scopes } : {}) };
    const key = await act.run(() => json("POST", "/api/v1/tokens", body));
    if (!key) return;
    setMade(key.token);
    form.reset();
    read.again();
  };
  const state = (row) => (row.revoked_at ? "revoked" : row.expires_at && Date.parse(row.expires_at) < Date.now() ? "expired" : "");
  const columns = [
    { head: t("nameHead"), cell: (row) => row.label },
    { head: t("scopesHead"), cell: (row) => (row.scopes === null ? t("allYouMay") : row.scopes.join(", ")) },
    { head: t("lastUsedHead"), cell: (row) => html`<${When} at=${row.last_used_at} />` },
    { head: t("untilHead"), cell: (row) => (row.expires_at ? html`<${When} at=${row.expires_at} />` : t("withoutEnd")) },
    { head: t("doHead"), cell: (row) => (state(row) ? html`<${Tag}>${t(state(row))}<//>` : html`<button type="button" class="small deny" disabled=${act.busy} onClick=${() => revoke(row)} aria-label=${`${t("revoke")}: ${row.label}`}>${t("revoke")}</button>`) },
  ];
  return html`
    <${Section} title=${t("apiKeys")}>
      <${Shown} read=${read} empty=${t("noKeys")}><${Table} label=${t("apiKeys")} columns=${columns} rows=${read.rows} keyOf=${(row) => row.id} /><//>
      ${made && html`<div class="secret" role="status"><p><strong>${t("keyOnce")}</strong></p><pre tabindex="0">${made}</pre><button type="button" onClick=${() => act.run(() => copied(made), t("copied"))}>${t("copy")}</button><button type="button" onClick=${() => setMade("")}>${t("hide")}</button></div>`}
      <details class="adding"><summary>${t("makeKey")}</summary>
        <form class="form" onSubmit=${make}>
          <${Field} label=${t("nameHead")}><input name="label" required maxlength="200" /><//>
          <${Field} label=${t("daysHead")}><input name="ttl_days" type="number" min="1" max="3650" value="90" required /><//>
          <fieldset><legend>${t("scopesHead")} <span class="quiet">${t("noScopesMeansAll")}</span></legend><div class="scopes">${me.value.permissions.map((one) => html`<label key=${one}><input type="checkbox" name="scopes" value=${one} /> <code>${one}</code></label>`)}</div></fieldset>
          <button type="submit" class="primary" disabled=${act.busy}>${t("makeKey")}</button>
        </form>
      </details>
      <${Said} act=${act} />
    <//>
  `;
}
