import { connectNats } from "../../../lib/cluster/nats/connection.ts";
import { natsTest } from "./nats_server.ts";
import { soon } from "../../serve/http/reading.ts";
import { transportContract } from "../transport_contract.ts";

for (const [name, run] of transportContract) {
  natsTest(`NatsTransport: ${name}`, async (server) => {
    await run({
      connect: () => connectNats({ url: server.url, run: "contract", credentials: "", tlsCa: "" }),
      settle: (done) => soon(done, "the answer of the broker"),
      async restart(keepStore) {
        await server.kill();
        if (!keepStore) await server.loseStore();
        await server.resume();
      },
    });
  });
}
