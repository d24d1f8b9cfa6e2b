/** One row per machine of a cluster: its round, its bytes, its waiting time and its newest incident. */
import { type ComponentChildren, h } from "preact";
import type { ClusterMember, EventOf } from "../../lib/base/events.ts";
import { count, percent } from "../../lib/report/format.ts";
import { Card, Numbers } from "../ui/card.ts";

const MEGABYTE = 1e6;

export function Machines({ cluster }: { readonly cluster: EventOf<"cluster"> }): ComponentChildren {
  return h(
    Card,
    { id: "machines", title: "Machines" },
    h(Numbers, {
      labelledBy: "machines-title",
      columns: ["machine", "round", "MB up / down", "waiting", "newest incident"],
      rows: cluster.members.map((member) => cellsOf(member, cluster)),
    }),
  );
}

function cellsOf(member: ClusterMember, { leader, member: own }: EventOf<"cluster">): [string, ...string[]] {
  const role = [member.member === leader ? "leader" : "", member.member === own ? "this machine" : ""].filter(Boolean);
  return [
    role.length > 0 ? `${member.member} (${role.join(", ")})` : member.member,
    count(member.round),
    `${(member.bytesUp / MEGABYTE).toFixed(1)} / ${(member.bytesDown / MEGABYTE).toFixed(1)}`,
    percent(member.wait, 1),
    member.incident,
  ];
}
