import { signal } from "@preact/signals";
import { html } from "../html.mjs";
import { chooseLanguage, language, t } from "../i18n.mjs";
import { me, signOut, tried } from "../store.mjs";

export const THEMES = { auto: "themeAuto", light: "themeLight", dark: "themeDark" };
export const theme = signal(localStorage.getItem("midwatch.theme") ?? "auto");
document.documentElement.dataset.theme = theme.value;

export function chooseTheme(name) {
  theme.value = name;
  localStorage.setItem("midwatch.theme", name);
  document.documentElement.dataset.theme = name;
}

function nextTheme() {
  const names = Object.keys(THEMES);
  chooseTheme(names[(names.indexOf(theme.value) + 1) % names.length]);
}

export function TopBar({ menuOpen }) {
  const practising = me.value.edition?.practice;
  return html`
    <header class="top">
      <button type="button" class="plain menu" aria-expanded=${menuOpen.value} onClick=${() => (menuOpen.value = !menuOpen.value)}>
        <span aria-hidden="true">☰</span><span class="unseen">${t("menu")}</span>
      </button>
      <h1><img src="/icon.svg" alt="" width="22" height="22" /> <span>Midwatch</span></h1>
      ${practising && html`<p class="edition" title=${t("practiceHint")}><span class="long">${t("practice")}</span><span class="short" aria-hidden="true">${t("practiceShort")}</span></p>`}
      <nav>
        <button type="button" class="plain" id="language" onClick=${() => chooseLanguage(language.value === "zh" ? "en" : "zh")}>
          ${t("language")}
        </button>
        <button type="button" class="plain" id="theme" onClick=${nextTheme}>
          <svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="9" /><path class="half" d="M12 3a9 9 0 0 1 0 18z" /></svg>
          <span><span class="unseen">${t("theme")}: </span>${t(THEMES[theme.value])}</span>
        </button>
        <span class="quiet who" title=${me.value.subject}><span class="unseen">${t("you")}: </span>${me.value.subject}</span>
        <button type="button" class="plain" onClick=${() => tried(signOut)}>${t("signOut")}</button>
      </nav>
    </header>
  `;
}
