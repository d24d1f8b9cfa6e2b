/// <reference lib="dom" />
/** Requests the server's run. The page has this script before its others, so that the answer comes while those load. */
import { currentRun } from "./api.ts";
import { mayOnlyLabel } from "./right.ts";

/** The run that the page shows first; undefined if its address names another one, or the user may not see runs. */
export const first: ReturnType<typeof currentRun> | undefined =
  mayOnlyLabel || new URLSearchParams(location.search).has("run") ? undefined : currentRun();
// It is awaited later.
first?.catch(() => {});
