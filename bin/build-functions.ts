/** Bundles the functions that deploy into dist/functions, and says how large they are. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundleFunctions } from "../lib/dev/bundle-functions.ts";
import "../lib/kernels/build.ts";

const kib = (bytes: number) => `${Math.round(bytes / 1024)} KiB`;

for (const { name, directory, metafile, startBytes, totalBytes } of await bundleFunctions()) {
  writeFileSync(join(directory, "..", `${name}.metafile.json`), JSON.stringify(metafile));
  process.stdout.write(`${name}: ${kib(startBytes)} to start, ${kib(totalBytes)} in all\n`);
}
