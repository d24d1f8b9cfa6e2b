import { assertEquals } from "@std/assert";
import { linkTo, parseAddress, VIEWS } from "../../../dashboard/state/address.ts";

Deno.test("parseAddress() reads what linkTo() writes", () => {
  for (const view of VIEWS) {
    for (const run of [undefined, "20260102-030405-7f3a", "odd & run#1"]) {
      assertEquals(parseAddress(new URL(linkTo({ view, run }), "http://dashboard")), { view, run });
    }
  }
});

Deno.test("parseAddress() returns the training of the server's run for an unknown address", () => {
  for (const path of ["/", "/#nowhere", "/?run=#", "/?other=1"]) {
    assertEquals(parseAddress(new URL(path, "http://dashboard")), { view: "training", run: undefined });
  }
});
