/** The digest of the weights, and the config of the run. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { useMemo } from "preact/hooks";
import { count, plain, shortDigest } from "../../lib/report/format.ts";
import { type RunView, settings } from "../../lib/report/run_view.ts";
import { Card } from "../ui/card.ts";
import { Copy } from "../ui/copy.ts";

interface ConfigProps extends Pick<RunView, "started" | "config" | "digest"> {
  /** The round of the digest. */
  readonly round: number;
}

export function ConfigCard({ started, config, digest, round }: ConfigProps): ComponentChildren {
  const list = useMemo(() => {
    const all = started
      ? [...Object.entries(settings({ started, config })), ["parameters", count(started.parameters)]]
      : [];
    return markup`<dl id="settings" class="settings">${
      all.map(([name, value]) => markup`<div key=${name}><dt>${name}</dt><dd>${plain(value)}</dd></div>`)
    }</dl>`;
  }, [started, config]);
  const copy = h(
    Copy,
    { id: "digest", text: digest, name: "the digest", look: "digest" },
    markup`<code id="digest-text">${shortDigest(digest)}</code>`,
  );
  const engine = started ? ` · engine ${started.engine}` : "";
  return h(
    Card,
    { id: "config", title: "Config", empty: started ? "" : "Nothing yet" },
    markup`
    <p><span id="digest-of" class="hint">digest of the weights after round ${
      count(round)
    }</span>${" "}${copy}<span class="hint">${engine}</span></p>
    <details><summary>All values</summary>${list}</details>`,
  );
}
