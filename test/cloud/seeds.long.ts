/** Seeded mixtures of all that may go wrong. VOLLEY_SEEDS=from-to chooses them. */
import { after, before, describe, it } from "node:test";
import { runSeed } from "./support/seeded-world.ts";
import { manyTasks, TpchCloud } from "./support/tpch-cloud.ts";

const [from = 1, to = 40] = (process.env.VOLLEY_SEEDS ?? "1-40").split("-").map(Number);
const seeds = Array.from({ length: to - from + 1 }, (_, i) => from + i);
let world: TpchCloud;
const totals = { finished: 0, cancelled: 0, failed: [] as string[] };

before(async () => {
  world = await TpchCloud.start({
    executors: 3,
    schedulers: 4,
    apis: 6,
    executorTimeout: 60,
    freeze: process.platform !== "win32",
    variables: { ...manyTasks, VOLLEY_HEARTBEAT_S: "0.5", VOLLEY_LEASE_S: "3" },
  });
});
after(async () => {
  await world?.close();
  const { finished, cancelled, failed } = totals;
  console.log(`${seeds.length} seeds: ${finished} finished, ${cancelled} cancelled, ${failed.length} failed`);
  for (const failure of failed) console.log(`  ${failure}`);
});

describe("seeds", () => {
  for (const seed of seeds) {
    it(`seed ${seed}`, async () => {
      const { finished, cancelled, failed } = await runSeed(world, seed);
      totals.finished += finished;
      totals.cancelled += cancelled;
      totals.failed.push(...failed);
    });
  }
});
