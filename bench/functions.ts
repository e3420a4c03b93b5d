/** How large the functions are, and how long they take to start: `node bench/functions.ts`. */
import { bundleFunctions } from "../lib/dev/bundle-functions.ts";
import { EmulatedCloud } from "../lib/dev/emulated-cloud.ts";
import "../lib/kernels/build.ts";

const starts = 9;
const kib = (bytes: number) => `${Math.round(bytes / 1024)} KiB`.padStart(10);

const bundles = await bundleFunctions();
await using cloud = await EmulatedCloud.start();
const functions = { api: cloud.api, scheduler: cloud.scheduler, executor: cloud.executors[0]! };
console.log("function     to start     in all   init median (least)");
for (const { name, startBytes, totalBytes } of bundles) {
  const target = functions[name as keyof typeof functions];
  const times: number[] = [];
  for (let i = 0; i < starts; i++) {
    // What it does with an event that it does not know is of no interest.
    times.push((await target.invoke(Buffer.from("{}"))).initMs ?? Number.NaN);
    await target.restart();
  }
  times.sort((a, b) => a - b);
  const median = times[times.length >> 1]!;
  console.log(
    `${name.padEnd(10)} ${kib(startBytes)} ${kib(totalBytes)}   ${median.toFixed(0)} ms (${times[0]!.toFixed(0)} ms)`,
  );
}
