/** Describes the packages for npm and JSR. */
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

/** The entry points as specifier → place in the package, without an extension: `./predict` → `predict`. */
const entries = Object.entries(project.exports).map(([name, path]) => [name, path.slice("./".length, -".ts".length)]);

/** Returns `package.json` for a program that imports `packages`, with their versions from `deno.json`. */
export function npmManifest(packages: readonly string[]): string {
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
    exports: {
      ...Object.fromEntries(entries.map(([name, path]) => {
        const types = `./types/${path}.d.ts`;
        return [name, { types, default: `./${path}.js` }];
      })),
      "./kernels/*": "./kernels/*",
      "./package.json": "./package.json",
    },
    files: ["*.js", "*.js.map", "types/", "workers/", "kernels/", "docs/", "CHANGELOG.md"],
    sideEffects: ["./bin.js", "./main.js", "./workers/*.js"],
    engines: { node: ">=22.13" },
    dependencies: withVersions(needed),
    peerDependencies: withVersions(optional, "^"),
    peerDependenciesMeta: Object.fromEntries(optional.map((name) => [name, { optional: true }])),
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/** Returns `deno.json` for JSR. */
export function jsrManifest(): string {
  const manifest = {
    name: project.name,
    version: project.version,
    license: project.license,
    exports: Object.fromEntries(entries.map(([name, path]) => [name, `./${path}.js`])),
    imports: Object.fromEntries(Object.entries(project.imports).filter(([, specifier]) => NPM.test(specifier))),
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
