import { assertEquals } from "@std/assert";
import { linkTo, parseAddress, VIEWS } from "../../../dashboard/state/address.ts";

Deno.test("parseAddress() reads what linkTo() writes", () => {
  for (const view of VIEWS) {
    for (const run of [undefined, "20260102-030405-7f3a", "odd & run#1"]) {
      for (const more of [{}, { compare: ["a"] }, { compare: ["a", "", "odd & run#1"] }]) {
        const address = { view, run, ...more };
        assertEquals(parseAddress(new URL(linkTo(address), "http://dashboard")), address);
      }
    }
  }
});

Deno.test("parseAddress() returns the overview of the server's run for an unknown address", () => {
  for (const path of ["/", "/#nowhere", "/?run=#", "/?other=1"]) {
    assertEquals(parseAddress(new URL(path, "http://dashboard")), { view: "overview", run: undefined });
  }
});

Deno.test("linkTo() stays under the path of the page, also behind a proxy", () => {
  const link = linkTo({ view: "runs", run: undefined });
  assertEquals(new URL(link, "http://host/lockstep/?run=a#overview").pathname, "/lockstep/");
});
