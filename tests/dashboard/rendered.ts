/** Renders components without a browser. */
import { type ComponentChildren, h } from "preact";
import { renderToString } from "preact-render-to-string";

/** Returns the HTML of a component's markup. */
export function htmlOf(children: ComponentChildren): string {
  return renderToString(h("div", null, children));
}

/** Returns the text of a component's markup; a space between elements. */
export function textOf(children: ComponentChildren): string {
  return htmlOf(children).replaceAll(/<[^>]*>/g, " ").replaceAll("&lt;", "<").replaceAll("&amp;", "&")
    .replaceAll("&quot;", '"').replaceAll(/[ \n]+/g, " ").trim();
}
