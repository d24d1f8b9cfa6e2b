/** Describes the package for npm. */
import project from "../deno.json" with { type: "json" };

/** Packages that only `--engine tfjs` needs. Users install them themselves. */
const OPTIONAL = ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm"];
const NPM = /^npm:(?<name>@?[^@]+)@(?<version>\d+\.\d+\.\d+)$/;

const versions = new Map(
  Object.values(project.imports).flatMap((specifier): [string, string][] => {
    const { name, version } = NPM.exec(specifier)?.groups ?? {};
    return name && version ? [[name, version]] : [];
  }),
);

/** Returns `package.json` for a program that imports `packages`, with their versions from `deno.json`. */
export function packageManifest(packages: readonly string[]): string {
  const optional = packages.filter((name) => OPTIONAL.includes(name));
  const needed = packages.filter((name) => !OPTIONAL.includes(name));
  const manifest = {
    name: "lockstep",
    version: project.version,
    description: "Trains small text classifiers from a CSV file on all cores, shows the training live and predicts",
    keywords: ["text-classification", "lstm", "n-grams", "machine-learning", "webassembly"],
    license: project.license,
    type: "module",
    bin: { lockstep: "./bin.js" },
    files: ["*.js", "*.js.map", "workers/", "CHANGELOG.md"],
    sideEffects: ["./bin.js", "./main.js", "./workers/*.js"],
    engines: { node: ">=22.13" },
    dependencies: withVersions(needed),
    peerDependencies: withVersions(optional, "^"),
    peerDependenciesMeta: Object.fromEntries(optional.map((name) => [name, { optional: true }])),
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/** Returns name → range of versions. Throws an Error for a package without an exact version in `deno.json`. */
function withVersions(names: readonly string[], range = ""): Record<string, string> {
  return Object.fromEntries(names.map((name) => {
    const version = versions.get(name);
    if (version === undefined) throw new Error(`deno.json has no exact version of "${name}"`);
    return [name, range + version];
  }));
}
