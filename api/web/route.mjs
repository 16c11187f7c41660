// Which page is open: the part of the address behind "#/", such as "#/incidents/inc-1".
import { signal } from "@preact/signals";

const HASH = /^#\/([a-z]+)(?:\/(.+))?$/;

export const place = signal(read());
addEventListener("hashchange", () => (place.value = read()));

function read() {
  const found = HASH.exec(location.hash);
  return { page: found?.[1] ?? "chat", rest: found?.[2] ? decoded(found[2]) : "" };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function go(page, rest = "") {
  location.hash = rest ? `#/${page}/${encodeURIComponent(rest)}` : `#/${page}`;
}
