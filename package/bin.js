#!/usr/bin/env node
/** Starts the program of the package, unless Node is too old for its modules. */
import process from "node:process";

const OLDEST = [22, 13];
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  process.stderr.write(`error: lockstep needs Node ${OLDEST.join(".")} or later, found ${process.versions.node}\n`);
  process.exitCode = 2;
} else {
  await import("./main.js");
}
