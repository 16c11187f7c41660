// The page's words. The language is the reader's choice, else the browser's.
import { computed, signal } from "@preact/signals";

const CATALOGUES = { en: "en.json", zh: "zh-CN.json" };
const words = { en: {}, zh: {} };

const remembered = localStorage.getItem("midwatch.language");
const preferred = (navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en";

export const language = signal(remembered in CATALOGUES ? remembered : preferred);
export const locale = computed(() => (language.value === "zh" ? "zh-CN" : "en"));

// `part` "": those of the chat page; "pages.": those of the pages beside it.
export async function loadWords(part = "") {
  await Promise.all(
    Object.entries(CATALOGUES).map(async ([name, file]) => {
      Object.assign(words[name], await (await fetch(`/i18n/${part}${file}`)).json());
    }),
  );
  document.documentElement.lang = locale.value;
}

export function chooseLanguage(name) {
  language.value = name;
  localStorage.setItem("midwatch.language", name);
  document.documentElement.lang = locale.value;
}

export function t(key, params = {}) {
  const text = words[language.value]?.[key];
  if (typeof text !== "string") return text ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in params ? params[name] : whole));
}

// How long something took, in the unit that a person would say.
export function spent(ms) {
  if (ms < 1000) return t("ms", { n: Math.round(ms) });
  return t("seconds", { n: new Intl.NumberFormat(locale.value, { maximumFractionDigits: 1 }).format(ms / 1000) });
}

export function time(iso) {
  const format = { dateStyle: "medium", timeStyle: "long" };
  return new Intl.DateTimeFormat(locale.value, format).format(new Date(iso));
}
