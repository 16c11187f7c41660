// Who may come in: adding somebody, roles, and shutting an account.
import { useState } from "preact/hooks";
import { html } from "../html.mjs";
import { t } from "../i18n.mjs";
import { me } from "../store.mjs";
import { json } from "../stream.mjs";
import { Roles } from "./roles.mjs";
import { Field, Refresh, Said, Section, Sheet, Shown, Tag, When, useAct, useRead, worded } from "./kit.mjs";

export default function Users() {
  const read = useRead("/api/v1/users");
  const roles = useRead("/api/v1/roles");
  const names = roles.rows.map((one) => one.name);
  return html`
    <${Sheet} title=${t("page_users")} lead=${t("usersLead")} actions=${html`<${Refresh} reads=${[read, roles]} />`}>
      <${Shown} read=${read}>
        <${People} users=${read.rows} roles=${names} changed=${read.again} />
        <${Adding} roles=${names} added=${read.again} />
        <${Roles} read=${roles} />
      <//>
    <//>
  `;
}

const AT_ONCE = 20;

// Of many some are shown, and one is found by a part of the name.
function People({ users, roles, changed }) {
  const [part, setPart] = useState("");
  const [most, setMost] = useState(AT_ONCE);
  const found = users.filter((one) => one.name.toLowerCase().includes(part.trim().toLowerCase()));
  return html`
    ${users.length > AT_ONCE && html`<p><input type="search" class="finding" value=${part} placeholder=${t("searchUsers")} aria-label=${t("searchUsers")} onInput=${(event) => setPart(event.target.value)} /> <span class="quiet" role="status">${t("ofAll", { n: found.length, all: users.length })}</span></p>`}
    <ul class="cards">${found.slice(0, most).map((one) => html`<${User} key=${one.name} user=${one} roles=${roles} changed=${changed} />`)}</ul>
    ${found.length > most && html`<p class="more"><button type="button" onClick=${() => setMost(most + AT_ONCE)}>${t("showMore")}</button></p>`}
  `;
}

function User({ user, roles, changed }) {
  const act = useAct();
  const [role, setRole] = useState(user.role);
  const own = user.name === me.value.subject;
  const change = async (body, said) => (await act.run(() => json("PATCH", `/api/v1/users/${encodeURIComponent(user.name)}`, body), said)) && changed();
  const endSessions = () => act.run(() => json("DELETE", `/api/v1/sessions?user=${encodeURIComponent(user.name)}`), t("sessionsEnded"));
  const password = async (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    await change({ password: new FormData(form).get("password") }, t("passwordSet"));
    form.reset();
  };
  return html`
    <li class="card" data-user=${user.name}>
      <h3><${Tag} tone=${user.disabled ? "bad" : "good"}>${t(user.disabled ? "shut" : "letIn")}<//> ${user.name}${user.service && html` <${Tag}>${t("program")}<//>`}${own && html` <span class="quiet">(${t("yourself")})</span>`}</h3>
      <p class="quiet">${t("namespacesOf", { which: user.namespaces === null ? t("all") : user.namespaces.join(", ") || t("none") })}${user.team && ` · ${t("teamOf", { team: user.team })}`} · ${t("since")} <${When} at=${user.created_at} /></p>
      <div class="actions">
        <label class="inline">${t("roleHead")} <select value=${role} disabled=${own} onChange=${(event) => setRole(event.target.value)}>${[...new Set([...roles, user.role])].map((one) => html`<option key=${one} value=${one}>${worded("role", one)}</option>`)}</select></label>
        ${role !== user.role && html`<button type="button" class="primary" disabled=${act.busy} onClick=${() => change({ role }, t("roleChanged"))}>${t("save")}</button>`}
        ${!own && html`<button type="button" class=${user.disabled ? "" : "deny"} disabled=${act.busy} onClick=${() => change({ disabled: !user.disabled })} aria-label=${`${t(user.disabled ? "letInAgain" : "shutOut")}: ${user.name}`}>${t(user.disabled ? "letInAgain" : "shutOut")}</button>`}
        ${!own && html`<button type="button" disabled=${act.busy} onClick=${endSessions} aria-label=${`${t("endSessions")}: ${user.name}`}>${t("endSessions")}</button>`}
      </div>
      ${user.shut_until && html`<p class="notice">${t("shutUntil")} <${When} at=${user.shut_until} /></p>`}
      ${!user.service && html`<details><summary>${t("setPassword")}</summary>
        <form class="form" onSubmit=${password}><${Field} label=${t("newPassword")}><input name="password" type="password" required autocomplete="new-password" maxlength="1024" /><//><button type="submit" disabled=${act.busy}>${t("save")}</button></form>
      </details>`}
      <${Said} act=${act} />
    </li>
  `;
}

function Adding({ roles, added }) {
  const act = useAct();
  const add = async (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = Object.fromEntries(new FormData(form));
    const names = given.namespaces.split(",").map((one) => one.trim()).filter(Boolean);
    const body = { name: given.name.trim(), role: given.role, password: given.password, namespaces: names.length ? names : null, service: given.service === "on" };
    if (!(await act.run(() => json("POST", "/api/v1/users", body), t("userAdded")))) return;
    form.reset();
    added();
  };
  return html`
    <${Section} title=${t("addUser")}>
      <form class="form" onSubmit=${add}>
        <${Field} label=${t("nameHead")}><input name="name" required maxlength="200" autocomplete="off" /><//>
        <${Field} label=${t("roleHead")}><select name="role">${roles.map((one) => html`<option key=${one} value=${one} selected=${one === "user"}>${worded("role", one)}</option>`)}</select><//>
        <${Field} label=${t("password")} hint=${t("emptyByLink")}><input name="password" type="password" autocomplete="new-password" maxlength="1024" /><//>
        <${Field} label=${t("namespacesHead")} hint=${t("emptyIsAll")}><input name="namespaces" /><//>
        <label class="tick"><input type="checkbox" name="service" /> ${t("isProgram")}</label>
        <button type="submit" class="primary" disabled=${act.busy}>${t("addUser")}</button>
      </form>
      <${Said} act=${act} />
    <//>
  `;
}
