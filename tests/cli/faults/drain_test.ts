/** Tests the end of a process with open requests. */
import { assertEquals, assertMatch } from "@std/assert";
import { soon } from "../../serve/http/reading.ts";
import { ENDLESS, latestOf, start, TINY, withFolder } from "../process.ts";

const encoder = new TextEncoder();

Deno.test("train answers open requests at its end, cuts them after --grace, and saves the run", () =>
  withFolder(async (folder) => {
    const flags = [...TINY, ...ENDLESS, "--port", "0", "--runs-dir", folder];
    const process = start("train", folder, [...flags, "--grace", "1"]);
    const base = new URL(/http:\/\/[\w.]+:\d+/.exec(await process.printed(/^Epoch 0*1 /m))![0]);
    const stream = fetch(`${base}events`).then((response) => response.text());
    const body = '{"tokens":[1,2,3,4,5,6,7,8]}';
    const begin = async () => {
      const connection = await Deno.connect({ hostname: base.hostname, port: Number(base.port) });
      const head =
        `POST /predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${body.length}\r\n` +
        "Expect: 100-continue\r\n\r\n";
      await connection.write(encoder.encode(head));
      // The server says "continue" once it waits for the body.
      await soon(connection.read(new Uint8Array(100)), "100 Continue");
      return connection;
    };
    const [slow, hanging] = [await begin(), await begin()];
    process.signal("SIGTERM");
    const ready = async () => {
      const response = await fetch(`${base}readyz`).catch(() => undefined);
      await response?.text();
      return response?.status;
    };
    for (let status = await ready(); status === 200; status = await ready());
    await slow.write(encoder.encode(body));
    assertMatch(await soon(new Response(slow.readable).text(), "the answer"), /^HTTP\/1\.1 200 [^]*"digest"/);
    assertMatch(await soon(stream, "the stream's end"), /event: stopping/);
    const { code, stdout } = await process.finished;
    assertEquals(code, 0);
    assertMatch(stdout, /^Digest: /m);
    hanging.close();
    const summary = JSON.parse(await Deno.readTextFile(`${await latestOf(folder)}/summary.json`));
    assertEquals(summary.reason, "asked to stop");
  }));
