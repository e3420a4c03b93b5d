/**
 * How large the functions are, and how long they take to start: `node bench/functions.ts`. Starts are cold processes of the
 * emulated Lambda service, from their creation until they ask the Runtime API for an event; the least of several, since
 * everything else on the machine only adds to it. A function that does nothing shows what Node.js takes itself.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { bundleFunctions, type FunctionBundle } from "../lib/dev/bundle-functions.ts";
import { EmulatedCloud } from "../lib/dev/emulated-cloud.ts";
import { noFaults } from "../lib/dev/faults.ts";
import { LambdaFunction } from "../lib/dev/lambda/lambda-function.ts";
import "../lib/kernels/build.ts";

const starts = 15;
/** Of an executor. */
const initMsMax = 200;

function gzippedBytes(directory: string): number {
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" }).map((name) => join(directory, name));
  return files.reduce((sum, file) => sum + (statSync(file).isFile() ? gzipSync(readFileSync(file)).length : 0), 0);
}

function startGzippedBytes({ directory, startFiles }: FunctionBundle): number {
  return startFiles.reduce((sum, name) => sum + gzipSync(readFileSync(join(directory, name))).length, 0);
}

async function initTimes(target: LambdaFunction): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < starts; i++) {
    await target.restart();
    // What it does with an event that it does not know is of no interest.
    times.push((await target.invoke(Buffer.from("{}"))).initMs ?? Number.NaN);
  }
  return times.sort((a, b) => a - b);
}

const directory = mkdtempSync(join(tmpdir(), "volley-bench-"));
const bundles = await bundleFunctions({ out: join(directory, "functions") });
await using cloud = await EmulatedCloud.start({ functionsDirectory: join(directory, "functions") });
const bare = join(directory, "bare");
mkdirSync(bare);
writeFileSync(join(bare, "index.mjs"), "export const handler = async () => null;\n");
const nothing = new LambdaFunction({ ...cloud.executors[0]!.options, name: "nothing", codeDirectory: bare }, noFaults);

const kib = (bytes: number) => `${Math.round(bytes / 1024)} KiB`.padStart(9);
const ms = (time: number) => `${time.toFixed(0)} ms`.padStart(8);
console.log("function    at start   gzipped    in all   gzipped    init: least, median");
const bareTimes = await initTimes(nothing);
console.log(`${"nothing".padEnd(10)} ${"".padEnd(40)}${ms(bareTimes[0]!)} ${ms(bareTimes[starts >> 1]!)}`);
for (const bundle of bundles) {
  const { name, startBytes, totalBytes } = bundle;
  const target = { api: cloud.api, scheduler: cloud.scheduler, executor: cloud.executors[0]! }[name]!;
  const times = await initTimes(target);
  const sizes = [startBytes, startGzippedBytes(bundle), totalBytes, gzippedBytes(bundle.directory)].map(kib).join(" ");
  const late = name === "executor" && times[0]! > initMsMax ? `  above ${initMsMax} ms` : "";
  console.log(`${name.padEnd(10)} ${sizes}${ms(times[0]!)} ${ms(times[starts >> 1]!)}${late}`);
}
await nothing.close();
rmSync(directory, { recursive: true, force: true });
