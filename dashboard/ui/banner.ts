/** Shows one message about the whole page: what is missing, and what to do. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import type { Banner } from "../state/banner.ts";
import { Copy } from "./copy.ts";

export function BannerView(
  { banner: { isBad, text, remedy, command } }: { readonly banner: Banner },
): ComponentChildren {
  return markup`
    <div id="banner" class="card banner ${isBad ? "bad" : ""}" role="status">
      <p><strong>${text}</strong>${remedy === undefined ? "" : ` ${remedy}`}</p>
      ${
    command === undefined
      ? null
      : markup`<p class="command"><code>${command}</code>${h(Copy, { text: command, name: command }, "Copy")}</p>`
  }
    </div>`;
}
