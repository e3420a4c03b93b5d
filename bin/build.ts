/**
 * Builds what is published: kernels, then the bundles in dist/. `npm ci` runs it (the prepare script), so that a clone,
 * a tarball and `npx volley` all have them; nothing built is checked in, so nothing checked in can be stale.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import "../lib/kernels/build.ts";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: {
    index: "lib/index.ts",
    volley: "bin/volley.ts",
    worker: "lib/executor/worker.ts",
    "tpch-worker": "lib/tpch/generator-worker.ts",
  },
  outdir: dist,
  inject: ["bin/node-20.ts"],
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  minify: true,
  keepNames: true,
  metafile: true,
  logLevel: "warning",
});
copyFileSync(join(root, "lib/kernels/kernels.wasm"), join(dist, "kernels.wasm"));
chmodSync(join(dist, "volley.js"), 0o755);
/** Which source went where: the structure tests look at what an executor loads. */
writeFileSync(join(dist, "metafile.json"), JSON.stringify(metafile));

// Declarations for users of the library.
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], { stdio: "inherit" });

keepReachable(join(dist, "types"), "index.d.ts");

/** Removes the declarations of everything that the public ones do not mention. */
function keepReachable(folder: string, entry: string): void {
  const kept = new Set<string>();
  const visit = (file: string): void => {
    if (kept.has(file)) return;
    kept.add(file);
    const text = readFileSync(join(folder, file), "utf8");
    for (const [, path] of text.matchAll(/(?:from |import\()"(\.[^"]+)\.ts"/g))
      visit(join(dirname(file), `${path}.d.ts`));
  };
  visit(entry);
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (file.endsWith(".d.ts") && !kept.has(file)) rmSync(join(folder, file));
  }
}

const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
process.stdout.write(`dist: ${Object.keys(metafile.outputs).length} files, ${Math.round(bytes / 1024)} KiB\n`);
