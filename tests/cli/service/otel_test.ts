/** Tests OpenTelemetry as docs/serve.md describes it: the runtime sends spans and metrics to a collector. */
import { assert } from "@std/assert";
import { soon } from "../../serve/http/reading.ts";
import { start, TINY, withFolder } from "../process.ts";

Deno.test("train with OTEL_DENO sends a collector spans of requests and metrics", () =>
  withFolder(async (folder) => {
    const wanted = new Set(["/v1/traces POST", "/v1/metrics http.server.request.duration"]);
    const arrived = Promise.withResolvers<void>();
    const collector = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      const { pathname } = new URL(request.url);
      const text = await request.text();
      for (const entry of wanted) {
        const [path, name] = entry.split(" ");
        if (path === pathname && new RegExp(`"name":\\s*"${name}"`).test(text)) wanted.delete(entry);
      }
      if (wanted.size === 0) arrived.resolve();
      return new Response("{}", { headers: { "Content-Type": "application/json" } });
    });
    const flags = [...TINY, "--port", "0", "--runs-dir", folder, "--epochs", "1"];
    const process = start("train", folder, flags, "", {
      OTEL_DENO: "true",
      OTEL_SERVICE_NAME: "lockstep",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.addr.port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_METRIC_EXPORT_INTERVAL: "200",
      OTEL_BSP_SCHEDULE_DELAY: "200",
    });
    const base = /http:\/\/[\w.]+:\d+/.exec(await process.printed(/^Serving on/m))![0];
    const response = await fetch(`${base}/predict`, { method: "POST", body: '{"tokens":[1,2,3,4,5,6,7,8]}' });
    assert(response.ok, await response.text());
    await soon(arrived.promise, "the arrival of both");
    process.signal("SIGTERM");
    await process.finished;
    await collector.shutdown();
  }));
