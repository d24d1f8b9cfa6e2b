import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Hono } from "hono";
import { type AppOptions, createApp, InputError, type Model, serve, type ServeOptions, train } from "../../mod.ts";
import { SMALL, smallRows } from "./small.ts";

const TOKEN = "0123456789abcdef";
const TEXT = "my late parcel";

async function withModel(use: (model: Model) => Promise<void>): Promise<void> {
  await using run = await train({ ...SMALL, data: smallRows(), epochs: 1 });
  await use(run.model);
}

function post(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...headers } };
}

Deno.test("serve() answers as the model does, until it is closed", () =>
  withModel(async (model) => {
    const { run, digest, labels } = model;
    const { probability: _, ...wanted } = await model.predict(TEXT);
    const server = await serve(model, { port: 0 });
    const ask = async (path: string, init?: RequestInit) => {
      const answer = await fetch(`${server.url}${path}`, init);
      return { status: answer.status, body: await answer.text() };
    };
    const { round, ...about } = JSON.parse((await ask("/model")).body);
    assertEquals([about.run, about.digest, about.labels], [run, digest, labels]);
    const predicted = JSON.parse((await ask("/predict", post({ text: TEXT }))).body);
    assertEquals(predicted, { ...wanted, run, round, digest });
    const wrong = await ask("/predict", post({ txt: TEXT }));
    assertEquals(wrong.status, 400);
    assertEquals((await ask("/readyz")).body, '{"ready":true}');
    const infer = post({ inputs: [{ name: "text", datatype: "BYTES", shape: [1], data: [TEXT] }] });
    assertEquals((await ask("/v2/models/lockstep/infer", infer)).status, 200);
    assertEquals((await ask("/docs")).status, 200);
    const { paths } = JSON.parse((await ask("/openapi.json")).body);
    assert("/predict" in paths && !("/runs" in paths) && !("/events" in paths));
    assertEquals((await ask("/runs")).status, 404);
    await server.close();
    // Another program may have the port by now.
    const later = await fetch(`${server.url}/model`).then((answer) => answer.text(), () => "refused");
    assert(!later.includes(digest), later);
  }));

Deno.test("serve() requires a token for other machines, and checks it", () =>
  withModel(async (model) => {
    await assertRejects(() => serve(model, { host: "0.0.0.0", port: 0 }), InputError, "expected a `token`");
    await assertRejects(() => serve(model, { port: 0, token: "short" }), InputError, "token has 5 characters");
    await assertRejects(() => serve(model, { port: 70_000 }), InputError, "port is 70000");
    await using server = await serve(model, { host: "0.0.0.0", port: 0, token: TOKEN });
    const status = async (headers: Record<string, string>) => {
      const answer = await fetch(`${server.url}/predict`, post({ text: TEXT }, headers));
      await answer.body?.cancel();
      return answer.status;
    };
    assertEquals(await status({}), 401);
    assertEquals(await status({ Authorization: `Bearer ${TOKEN}` }), 200);
    await assertRejects(
      () => serve(model, { port: Number(new URL(server.url).port) }),
      InputError,
      "the port is taken",
    );
  }));

Deno.test("serve() and createApp() refuse options that would have no effect", () =>
  withModel(async (model) => {
    // As a program without types passes them.
    const withFile: ServeOptions & { readonly tokenFile: string } = { port: 0, tokenFile: "token" };
    await assertRejects(() => serve(model, withFile), InputError, "tokenFile is no option here: expected token,");
    const limited: AppOptions & { readonly rateLimit: number } = { rateLimit: 5 };
    assertThrows(() => createApp(model, limited), InputError, "rateLimit is no option here: expected token,");
  }));

Deno.test("createApp() answers below the path at which it is mounted, on any host and for any page", () =>
  withModel(async (model) => {
    const { label } = await model.predict(TEXT);
    const app = new Hono().get("/", (context) => context.text("own")).route("/deep/tickets", createApp(model));
    app.mount("/other", createApp(model).fetch);
    const headers = { Origin: "https://another.example", Host: "shop.example" };
    for (const url of ["https://shop.example/deep/tickets/predict", "http://shop.example/other/predict?x=1"]) {
      const answer = await app.request(url, post({ text: TEXT }, headers));
      assertEquals(answer.status, 200, url);
      assertEquals((await answer.json()).label, label);
      assertEquals(answer.headers.get("Access-Control-Allow-Origin"), null);
    }
    assertEquals(await (await app.request("/")).text(), "own");
    assertEquals((await app.request("/deep/tickets/livez")).status, 200);
    const wrong = await app.request("/deep/tickets/predict", post({ text: 5 }));
    assertEquals(wrong.status, 400);
    assertEquals((await wrong.json()).errors[0].field, "text");
    const long = await app.request("/deep/tickets/predict", post({ text: "a ".repeat(2 ** 20) }));
    assertEquals(long.status, 413);
    assertEquals((await app.request("/deep/tickets/predict", { method: "PUT" })).status, 405);
  }));

Deno.test("createApp() with a token lets only its clients in, and refuses a model of another origin", () =>
  withModel(async (model) => {
    const app = createApp(model, { token: TOKEN });
    assertEquals((await app.request("/predict", post({ text: TEXT }))).status, 401);
    const authorized = { Authorization: `Bearer ${TOKEN}` };
    assertEquals((await app.request("/predict", post({ text: TEXT }, authorized))).status, 200);
    assertThrows(() => createApp({ ...model }), InputError, "model is no model of this library");
    assertThrows(() => createApp(model, { token: "a b" }), InputError, "token has 3 characters");
  }));

Deno.test("serve() answers by the names of several models, and load() and unload() change them", () =>
  withModel(async (model) => {
    await using other = await train({ ...SMALL, data: smallRows(), epochs: 1, seed: 9 });
    await using server = await serve({ tickets: model, spam: other.model }, { port: 0 });
    const digest = async (path: string) => {
      const answer = await fetch(`${server.url}${path}`, post({ text: TEXT }));
      return answer.status === 200 ? (await answer.json()).digest : void await answer.body?.cancel();
    };
    assertEquals([await digest("/predict"), await digest("/models/spam/predict")], [model.digest, other.model.digest]);
    await server.load("tickets", other.model);
    await server.load("third", model);
    assertEquals([await digest("/predict"), await digest("/models/third/predict")], [other.model.digest, model.digest]);
    await server.startCanary("third", other.model, 0.5);
    const shared = await Promise.all(Array.from({ length: 10 }, () => digest("/models/third/predict")));
    assertEquals(shared.filter((one) => one === other.model.digest).length, 5);
    await server.endCanary("third");
    assertEquals(await digest("/models/third/predict"), model.digest);
    await server.unload("third");
    assertEquals(await digest("/models/third/predict"), undefined);
    await assertRejects(() => server.load("a/b", model), InputError, 'name is "a/b"');
    await assertRejects(() => server.unload("tickets"), InputError, "answers the requests without a name");
    const init = { ...post({ run: model.run }), method: "PUT" };
    const refused = await fetch(`${server.url}/models/spam`, init);
    assertEquals([refused.status, (await refused.json()).errors[0].field], [409, "name"]);
    await assertRejects(() => serve({ "a b": model }, { port: 0 }), InputError, 'models has the name "a b"');
    await assertRejects(() => serve({}, { port: 0 }), InputError, "models has 0 models");
    const app = createApp({ tickets: model, spam: other.model });
    assertEquals(
      (await (await app.request("/models/spam/predict", post({ text: TEXT }))).json()).digest,
      other.model.digest,
    );
  }));

Deno.test("serve() with runsDir lets clients load its runs", async () => {
  const runsDir = await Deno.makeTempDir();
  try {
    await using one = await train({ ...SMALL, data: smallRows(), epochs: 1, runsDir });
    await using two = await train({ ...SMALL, data: smallRows(), epochs: 1, runsDir, seed: 9 });
    await using server = await serve(one.model, { port: 0, runsDir });
    const put = async (run: string) => {
      const answer = await fetch(`${server.url}/models/lockstep`, { ...post({ run }), method: "PUT" });
      return { status: answer.status, body: await answer.json() };
    };
    const { status, body } = await put(two.model.run);
    assertEquals([status, body.digest], [200, two.model.digest]);
    const missing = await put("20200101-000000-abcd");
    assertEquals([missing.status, missing.body.detail], [400, 'No run "20200101-000000-abcd": GET /runs lists all']);
    await Deno.writeTextFile(`${runsDir}/${one.model.run}/model/lockstep.json`, "{}");
    const unread = await put(one.model.run);
    assert([400, 409].includes(unread.status), JSON.stringify(unread.body));
    assert(!JSON.stringify(unread.body).includes(runsDir), "a folder is shown");
    assertEquals((await (await fetch(`${server.url}/model`)).json()).digest, two.model.digest);
  } finally {
    await Deno.remove(runsDir, { recursive: true });
  }
});
