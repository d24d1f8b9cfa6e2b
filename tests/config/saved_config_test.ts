import { assertEquals, assertThrows } from "@std/assert";
import { savedConfig } from "../../lib/config/saved_config.ts";
import { trainingConfigSchema } from "../../lib/config/schema.ts";

const whole = trainingConfigSchema.parse({ seed: 7 });

Deno.test("savedConfig() takes what is written, then what absence means, then the default", () => {
  const { hidden: _, pooling: __, ...written } = whole;
  const config = savedConfig({ pooling: "max", seed: 5 }).parse(written);
  assertEquals(config, { ...whole, pooling: "max" });
});

Deno.test("savedConfig() refuses keys that it does not know, and what is no object", () => {
  for (const saved of [{ ...whole, later: 1 }, [], "x", null]) assertThrows(() => savedConfig({}).parse(saved));
});
