import { assertEquals, assertThrows } from "@std/assert";
import { parseWrk } from "../../../bench/serve/wrk.ts";

const PRINTED = `Running 3s test @ http://127.0.0.1:8000/predict
  1 threads and 50 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     3.38ms    8.22ms  99.46ms   97.00%
    Req/Sec    24.84k    16.74k   50.22k    55.00%
  Latency Distribution
     50%  750.00us
     75%    3.43ms
     90%    6.30ms
     99%    1.20s
  99036 requests in 4.05s, 29.28MB read
Requests/sec:  24477.10
Transfer/sec:      7.24MB
`;

Deno.test("parseWrk() reads requests a second and percentiles in any unit", () => {
  assertEquals(parseWrk(PRINTED), { requestsPerSecond: 24477.1, p50Ms: 0.75, p99Ms: 1200 });
});

Deno.test("parseWrk() refuses measurements with failed answers, and an output without any", () => {
  assertThrows(() => parseWrk(`${PRINTED}  Non-2xx or 3xx responses: 12\n`), Error, "Non-2xx or 3xx responses: 12");
  assertThrows(() => parseWrk("unable to connect"), Error, "wrk printed no measurements");
});
