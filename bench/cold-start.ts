/** What a first command costs: the time of `volley "select 1"` in a new process, and the size of the executor's bundle. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const dist = join(import.meta.dirname, "../dist");

export async function coldStart(runs = 7): Promise<void> {
  if (!existsSync(join(dist, "volley.js"))) {
    console.log("cold start: run `npm run build` first");
    return;
  }
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    const { status } = spawnSync(process.execPath, [join(dist, "volley.js"), "select 1"]);
    if (status !== 0) throw new Error(`volley "select 1" failed with ${status}`);
    return performance.now() - start;
  });
  console.log(`cold start of volley "select 1": least ${Math.min(...times).toFixed(0)} ms of ${runs} runs`);
  console.log(
    `executor bundle: ${(executorBytes() / 1024).toFixed(0)} KiB gzipped, kernels included, parquet-wasm not`,
  );
}

/** The worker's file, every chunk it imports statically, and the kernels. */
export function executorBytes(): number {
  const files = new Set<string>();
  const visit = (file: string) => {
    if (files.has(file)) return;
    files.add(file);
    const text = readFileSync(join(dist, file), "utf8");
    for (const match of text.matchAll(/(?:import|export)\s*(?:[^"';]*?from\s*)?"\.\/([^"]+\.js)"/g)) visit(match[1]!);
  };
  visit("worker.js");
  files.add("kernels.wasm");
  return [...files].reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, file))).length, 0);
}

if (process.argv[1] === import.meta.filename) await coldStart();
