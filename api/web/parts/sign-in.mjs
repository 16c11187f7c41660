import { useEffect, useState } from "preact/hooks";
import { html } from "../html.mjs";
import { chooseLanguage, language, t } from "../i18n.mjs";
import { json, Refused } from "../stream.mjs";
import { signIn } from "../store.mjs";

export function SignIn() {
  const [problem, setProblem] = useState("");
  const [provider, setProvider] = useState(null);
  useEffect(() => {
    json("GET", "/auth/ways").then((ways) => setProvider(ways.provider), () => setProvider(null));
  }, []);
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    try {
      await signIn(form.get("username"), form.get("password"));
    } catch (error) {
      const refused = error instanceof Refused && error.status === 401;
      setProblem(refused ? t("signInFailed") : error.message);
    }
  };
  return html`
    <main class="sign-in">
      <form onSubmit=${submit}>
        <h1>Midwatch</h1>
        <label>${t("user")}<input name="username" autocomplete="username" required /></label>
        <label>${t("password")}<input name="password" type="password" autocomplete="current-password" required /></label>
        <button type="submit" class="primary">${t("signIn")}</button>
        ${provider && html`<a class="button" href=${provider.address}>${t("signInAt", { provider: provider.label })}</a>`}
        <p role="alert" class="problem">${problem}</p>
        <p class="quiet">${t("signInHint")}</p>
        <button type="button" class="plain" onClick=${() => chooseLanguage(language.value === "zh" ? "en" : "zh")}>
          ${t("language")}
        </button>
      </form>
    </main>
  `;
}
