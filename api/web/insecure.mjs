// What browsers offer only over https or on the same machine, done so that it works over plain http, too.
import { t } from "./i18n.mjs";

// A random UUID (version 4): `crypto.randomUUID` is missing over plain http.
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

// Puts a text on the clipboard. Where there is no such thing, a selection is copied instead.
export async function copied(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const held = document.activeElement;
  const box = Object.assign(document.createElement("textarea"), { value: text, className: "unseen" });
  // In an open dialog nothing outside of it can be selected.
  (document.querySelector("dialog[open]") ?? document.body).append(box);
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  held?.focus();
  if (!done) throw new Error(t("notCopied"));
}
