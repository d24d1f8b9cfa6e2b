/** Sends random requests to every route: each answer is a documented one, and no error is unexpected. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { checkpoint, failed, fakeApp, fakePredictor } from "./fakes.ts";
import { soon } from "./http/reading.ts";

const { paths } = await (await fakeApp().app.request("/openapi.json")).json() as { paths: Record<string, object> };

const part = fc.oneof(
  fc.constantFrom("r1", "r0", "lockstep", "7", "..", "%2e%2e", "%00", "%", "%zz", "é", "a".repeat(300)),
  fc.string({ maxLength: 20 }).map(encodeURIComponent),
  fc.webPath(),
);
const path = fc.oneof(
  fc.tuple(fc.constantFrom(...Object.keys(paths), "/", "/docs", "/openapi.json"), fc.array(part, { minLength: 3 })).map(
    ([template, parts]) => template.replaceAll(/\{\w+\}/g, () => parts.pop() ?? "x"),
  ),
  fc.webPath(),
);
const query = fc.oneof(
  fc.constant(""),
  fc.webQueryParameters().map((text) => `?${text}`),
  fc.constantFrom("?lastEventId=1", "?lastEventId=-1", "?lastEventId=1e9", "?lastEventId"),
);
const headerValue = fc.string({ unit: fc.constantFrom(..."abc019 ;,=/*\"'(){}[]%:.-_~\t"), maxLength: 60 });
const headers = fc.dictionary(
  fc.constantFrom(
    "Host",
    "Origin",
    "Content-Type",
    "Content-Length",
    "Last-Event-ID",
    "Authorization",
    "X-Request-Id",
    "If-None-Match",
    "Accept",
    "Range",
  ),
  fc.oneof(headerValue, fc.constantFrom("localhost", "application/json", "0", "*", 'W/"x"')),
  { maxKeys: 3 },
);
const tensor = fc.record({
  name: fc.constantFrom("tokens", "lengths", "text"),
  shape: fc.array(fc.integer({ min: -1, max: 5 }), { maxLength: 3 }),
  datatype: fc.constantFrom("INT64", "INT32", "BYTES"),
  data: fc.oneof(fc.array(fc.integer({ min: -2, max: 60 }), { maxLength: 12 }), fc.jsonValue()),
});
const body = fc.oneof(
  fc.constant(undefined),
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc.record({ inputs: fc.array(tensor, { maxLength: 3 }), id: fc.jsonValue() }, { requiredKeys: ["inputs"] })
    .map((value) => JSON.stringify(value)),
  fc.record({ tokens: fc.array(fc.nat(60), { maxLength: 5 }) }).map((value) => JSON.stringify(value)),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => new Uint8Array(bytes)),
);
const method = fc.constantFrom("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH");

Deno.test("every route answers any request without an unexpected error", async () => {
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const options = { onError, rateLimit: 0, maxInstances: 4, events: [checkpoint(1), failed] };
  const { app } = fakeApp({ ...options, services: { predictor: fakePredictor() } });
  await fc.assert(
    fc.asyncProperty(method, path, query, headers, body, async (method, path, query, headers, body) => {
      const init: RequestInit = { method, headers };
      if (body !== undefined && method !== "GET" && method !== "HEAD") init.body = body;
      let request: Request;
      try {
        request = new Request(`http://localhost${path.startsWith("/") ? path : `/${path}`}${query}`, init);
      } catch {
        return; // Not even a request.
      }
      const response = await soon(app.fetch(request), "an answer");
      assert(response.status < 500, `${method} ${path} ${response.status}`);
      assertEquals(response.headers.get("X-Content-Type-Options"), "nosniff");
      await soon(response.body?.cancel() ?? Promise.resolve(), "the end");
    }),
    { numRuns: 3000, seed: 1 },
  );
  assertEquals(errors, []);
});
