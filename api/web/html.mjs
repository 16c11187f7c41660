// htm bound to Preact: templates in plain JavaScript, no build step.
import htm from "htm";
import { h } from "preact";

export const html = htm.bind(h);

// Commands stand between backticks in sentences.
export const coded = (text) => text.split("`").map((part, n) => (n % 2 ? html`<code key=${n}>${part}</code>` : part));
