import { assertEquals, assertRejects } from "@std/assert";
import { ThreadClient } from "../../lib/predict/thread_client.ts";

Deno.test("a prediction thread may not read, write, run, or ask for the network or the environment", async () => {
  const workerUrl = new URL("./prying_thread.ts", import.meta.url);
  const thread = new ThreadClient({ workerUrl, timeoutMs: 30_000, onLost: () => {} });
  try {
    const question = { type: "predict", tokens: new Int32Array(), lengths: new Int32Array() } as const;
    const error = await assertRejects(() => thread.ask(question), Error);
    assertEquals(error.message, "permitted: ");
  } finally {
    thread.close();
  }
});
