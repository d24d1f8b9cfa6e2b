/** The digest of the weights, and the config of the run: by group, with the values that are not the defaults marked. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { counted } from "../../lib/base/counted.ts";
import type { DataStatistics } from "../../lib/data/statistics.ts";
import { count, shortDigest } from "../../lib/report/format.ts";
import { fieldsFor, listText, textsOf } from "../../lib/report/run_form.ts";
import { type RunView, settings } from "../../lib/report/run_view.ts";
import { type Properties, runProperties } from "../api.ts";
import { Card, Copy } from "../ui/card.ts";

type Data = DataStatistics | undefined;
type ConfigProps = Pick<RunView, "started" | "config" | "digest" | "digestRound"> & { readonly data?: Data };

export function ConfigCard({ started, config, digest, digestRound, data }: ConfigProps): ComponentChildren {
  const properties = useSignal<Properties>({});
  useEffect(() => void runProperties().then((found) => properties.value = found, () => {}), []);
  const known = properties.value;
  // Some ninety values are not compared for each event.
  const groups = useMemo(() => groupsOf(settings({ started, config }), known, data).map(Group), [
    started,
    config,
    known,
    data,
  ]);
  const code = markup`<code id="digest-text">${shortDigest(digest)}</code>`;
  const copy = h(Copy, { id: "digest", text: digest, name: "the digest", look: "digest" }, code);
  const facts = started ? ` · engine ${started.engine} · ${counted(started.parameters, "parameter")}` : "";
  const content = markup`
    <p><span id="digest-of" class="hint">digest of the weights after round ${count(digestRound)}</span>${" "}${copy}
      <span class="hint">${facts}</span></p>
    <p class="hint">Bold values are not the defaults for such data.</p>
    <div id="settings">${groups}</div>`;
  return h(Card, { id: "config", title: "Config", empty: started ? "" : "Nothing yet" }, content);
}

type Setting = Readonly<{ name: string; value: string; isChanged: boolean }>;

/** Returns the settings by group, in the order of the schema; those that no request can set come last. */
export function groupsOf(values: RunView["config"], properties: Properties, data?: Data): [string, Setting[]][] {
  const given = textsOf(fieldsFor(properties, values, data), values);
  const settings = Object.entries(values).map(([name, value]) => ({ name, value: listText(value) }));
  const all = settings.map((one): Setting => ({ ...one, isChanged: given.has(one.name) }));
  const groups = Map.groupBy(all, ({ name }) => properties[name]?.["x-group"] ?? "Process");
  return [...groups].toSorted(([a], [b]) => Number(a === "Process") - Number(b === "Process"));
}

function Group([group, all]: [string, Setting[]]): ComponentChildren {
  const item = ({ name, value, isChanged }: Setting) => {
    const shown = isChanged ? markup`<strong>${value}</strong>` : value;
    return markup`<div key=${name}><dt>${name}</dt><dd>${shown}</dd></div>`;
  };
  const changed = all.filter(({ isChanged }) => isChanged);
  const number = changed.length > 0
    ? `${count(changed.length)} of ${count(all.length)} are not the defaults`
    : count(all.length);
  return markup`<details key=${group} open=${
    changed.length > 0
  }><summary>${group}${" "}<span class="at">${number}</span>
    </summary><dl class="settings">${all.map(item)}</dl></details>`;
}
