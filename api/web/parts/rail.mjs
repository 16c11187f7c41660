// The way between the pages: a rail of links, which is part of the menu on a phone.
import { html } from "../html.mjs";
import { t } from "../i18n.mjs";
import { place } from "../route.mjs";
import { me } from "../store.mjs";

// What a page takes to be of any use, and its picture (strokes in a box of 24).
export const PAGES = {
  chat: { takes: ["chat:use"], icon: "M4 5h16v11H10l-5 4v-4H4z" },
  overview: { takes: ["incidents:read"], icon: "M3 12h4l3-7 4 14 3-7h4" },
  approvals: { takes: ["chat:use", "fixes:plan"], icon: "M4 12l5 5L20 6" },
  alerts: { takes: ["alerts:read", "channels:read"], icon: "M6 17V11a6 6 0 0 1 12 0v6l2 2H4zM10 21h4" },
  spend: { takes: ["costs:read"], icon: "M4 20V10M10 20V4M16 20v-7M22 20H2" },
  usage: { takes: ["usage:read"], icon: "M12 3a9 9 0 1 0 9 9M12 12l6-6" },
  feedback: { takes: ["usage:read"], icon: "M7 11v9H3v-9zM7 11l4-8c2 0 3 1 2 6h7l-2 11H7" },
  users: { takes: ["users:manage"], icon: "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 21c0-4 3-7 7-7s7 3 7 7M17 4a4 4 0 0 1 0 7M19 14c2 1 3 4 3 7" },
  settings: { takes: [], icon: "M4 7h10M18 7h2M4 17h2M10 17h10M16 4v6M8 14v6" },
};
// A page without a link of its own belongs to another.
const BELONGS = { incidents: "overview", prices: "usage" };

export function may(...permissions) {
  return permissions.length === 0 || permissions.some((one) => me.value?.permissions.includes(one));
}

export function Rail({ onChosen }) {
  const open = BELONGS[place.value.page] ?? place.value.page;
  const shown = Object.entries(PAGES).filter(([, { takes }]) => may(...takes));
  return html`
    <nav class="rail" aria-label=${t("pages")}>
      <ul>
        ${shown.map(([name, { icon }]) => html`
          <li key=${name}><a href=${`#/${name}`} aria-current=${name === open ? "page" : undefined} onClick=${onChosen}>
            <svg viewBox="0 0 24 24" aria-hidden="true"><path d=${icon} /></svg>
            <span>${t(`page_${name}`)}</span>
          </a></li>
        `)}
      </ul>
    </nav>
  `;
}
