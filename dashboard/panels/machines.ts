/// <reference lib="dom" />
/** Shows one row per machine of a cluster: its round, its bytes, its waiting time and its newest incident. */
import type { ClusterMember, EventOf } from "../../lib/base/events.ts";
import { byId, create, setText } from "../page/dom.ts";
import { count, percent } from "../state/format.ts";
import type { RunView } from "../state/state.ts";

const MEGABYTE = 1e6;

/** Returns the texts of a machine's row. */
function cellsOf(member: ClusterMember, { leader, member: own }: EventOf<"cluster">): string[] {
  const role = [member.member === leader ? "leader" : "", member.member === own ? "this machine" : ""].filter(Boolean);
  return [
    role.length > 0 ? `${member.member} (${role.join(", ")})` : member.member,
    count(member.round),
    `${(member.bytesUp / MEGABYTE).toFixed(1)} / ${(member.bytesDown / MEGABYTE).toFixed(1)}`,
    percent(member.wait, 1),
    member.incident,
  ];
}

export class Machines {
  readonly #card = byId("machines", HTMLElement);
  readonly #body = byId("machine-rows", HTMLTableSectionElement);
  #drawn: EventOf<"cluster"> | undefined;

  draw({ cluster }: RunView): void {
    if (cluster === this.#drawn) return;
    this.#drawn = cluster;
    this.#card.hidden = cluster === undefined;
    this.#body.replaceChildren(...(cluster?.members ?? []).map((member) => {
      const cells = cellsOf(member, cluster!).map((text, index) => {
        const cell = create(index === 0 ? "th" : "td", index > 0 && index < 4 ? "number" : "");
        setText(cell, text);
        return cell;
      });
      return create("tr", "", ...cells);
    }));
  }
}
