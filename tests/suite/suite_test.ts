import { assert, assertEquals } from "@std/assert";
import { groupFiles, LONG_FILES, testFiles } from "./groups.ts";
import { slowestFiles } from "./slowest.ts";

Deno.test("groupFiles() sorts test files by what they and their imports start", () => {
  const files = new Map([
    ["tests/optional.ts", "new Deno.Command(name)"],
    ["tests/helper.ts", `import { start } from "./process.ts";`],
    ["tests/process.ts", "new Deno.Command(program)"],
    ["tests/a_test.ts", `import { a } from "../lib/a.ts";`],
    ["tests/b_test.ts", `import { b } from "./helper.ts";`],
    ["tests/c_test.ts", `import { optionalTest } from "./optional.ts";`],
    ["tests/d_test.ts", `const url = new URL("../workers/train.ts", import.meta.url);`],
    ["tests/long_test.ts", ""],
  ]);
  assertEquals(groupFiles(files, ["tests/long_test.ts"]), {
    tools: ["tests/c_test.ts"],
    slow: ["tests/b_test.ts", "tests/d_test.ts", "tests/long_test.ts"],
    fast: ["tests/a_test.ts"],
  });
});

Deno.test("every test file is in one group, and LONG_FILES has only files that would be fast", () => {
  const files = testFiles();
  const { fast, slow, tools } = groupFiles(files);
  const all = [...files.keys()].filter((path) => path.endsWith("_test.ts"));
  assert(all.length > 150);
  assertEquals([...fast, ...slow, ...tools].sort(), all);
  const { fast: fastOrLong } = groupFiles(files, []);
  assertEquals(LONG_FILES.filter((path) => !fastOrLong.includes(path)), []);
});

Deno.test("slowestFiles() sums the times of a file's tests, a helper's tests included", () => {
  const report = `<testsuite name="./x.ts"><testcase name="a &gt; b" classname="./tests/a_test.ts" time="1.5" line="1">
    </testcase><testcase name="b" classname="./tests/b_test.ts" time="2.000"/>
    <testcase name="c" classname="./tests/a_test.ts" time="0.75"></testcase>
    <testcase name="&quot;d&quot; &amp;gt; e" classname="./tests/optional.ts" time="3"></testcase></testsuite>`;
  const origins = new Map([['"d" &gt; e', "tests/a_test.ts"]]);
  assertEquals(slowestFiles(report, 1, origins), [{ path: "tests/a_test.ts", seconds: 5.25 }]);
  assertEquals(slowestFiles(report, 10, origins).length, 2);
});
