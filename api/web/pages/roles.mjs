// Roles: what the built-in ones may, and those of one's own.
import { html } from "../html.mjs";
import { t } from "../i18n.mjs";
import { me } from "../store.mjs";
import { json } from "../stream.mjs";
import { Field, Said, Section, Shown, Tag, number, useAct, worded } from "./kit.mjs";

export function Roles({ read }) {
  return html`
    <${Section} title=${t("roles")}>
      <${Shown} read=${read}>
        <ul class="cards">${read.rows.map((one) => html`<${Role} key=${one.name} role=${one} changed=${read.again} />`)}</ul>
        <${Adding} added=${read.again} />
      <//>
    <//>
  `;
}

function Role({ role, changed }) {
  const act = useAct();
  const remove = async () => {
    if (!confirm(t("confirmRemove", { name: role.name }))) return;
    if ((await act.run(() => json("DELETE", `/api/v1/roles/${encodeURIComponent(role.name)}`))) !== undefined) changed();
  };
  return html`
    <li class="card" data-role=${role.name}>
      <h4>${worded("role", role.name)} <${Tag}>${t(role.built_in ? "builtIn" : "ownRole")}<//></h4>
      ${role.about && html`<p>${role.about}</p>`}
      ${role.namespaces && html`<p class="quiet">${t("namespacesOf", { which: role.namespaces.join(", ") })}</p>`}
      <details><summary>${t("permissionsOf", { n: number(role.permissions.length) })}</summary><ul class="labels">${role.permissions.map((one) => html`<li key=${one}><code>${one}</code></li>`)}</ul></details>
      ${!role.built_in && html`<div class="actions"><button type="button" class="deny" disabled=${act.busy} onClick=${remove} aria-label=${`${t("remove")}: ${role.name}`}>${t("remove")}</button></div>`}
      <${Said} act=${act} />
    </li>
  `;
}

// Nobody makes a role of what they do not hold, so only that is offered.
function Adding({ added }) {
  const act = useAct();
  const add = async (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    const body = { name: given.get("name").trim(), about: given.get("about").trim(), permissions: given.getAll("permissions") };
    if (!(await act.run(() => json("POST", "/api/v1/roles", body), t("roleAdded")))) return;
    form.reset();
    added();
  };
  return html`
    <details class="adding"><summary>${t("addRole")}</summary>
      <form class="form" onSubmit=${add}>
        <${Field} label=${t("nameHead")} hint=${t("roleNameHint")}><input name="name" required minlength="2" maxlength="16" /><//>
        <${Field} label=${t("aboutHead")}><input name="about" maxlength="200" /><//>
        <fieldset><legend>${t("scopesHead")}</legend><div class="scopes">${me.value.permissions.map((one) => html`<label key=${one}><input type="checkbox" name="permissions" value=${one} /> <code>${one}</code></label>`)}</div></fieldset>
        <button type="submit" class="primary" disabled=${act.busy}>${t("addRole")}</button>
      </form>
      <${Said} act=${act} />
    </details>
  `;
}
