/** The driver and its steps under seeded faults: whatever happens, each reader sees exactly one attempt of each task. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type DriveOptions, defaultDriveTimes, drive } from "../../lib/scheduler/drive.ts";
import type { Manifest } from "../../lib/scheduler/make-task.ts";
import { defaultStepOptions, type QueryState } from "../../lib/scheduler/state.ts";
import { exchangeKey, type Stage, type StageGraph } from "../../lib/stages/graph.ts";
import { type Faults, SimulatedWorld } from "./simulated-world.ts";

const seeds = Array.from({ length: 60 }, (_, i) => i + 1);

/** Two scans' worth of tasks, hashed into a join stage, collected by one task. */
function graph(): StageGraph {
  const read = (stage: number, all = false) => ({
    kind: "exchange_read" as const,
    stage,
    columns: [],
    read: all ? ("all" as const) : ("partition" as const),
    rows: 1,
  });
  const union = (inputs: Stage["plan"][]): Stage["plan"] => ({ kind: "union", inputs, columns: [] });
  const values: Stage["plan"] = { kind: "values", columns: [], rows: [] };
  const hash = { kind: "hash", keys: [], partitions: 5 } as const;
  const stage = (id: number, plan: Stage["plan"], inputs: number[], tasks: number, output: Stage["output"]): Stage => ({
    ...{ id, plan, inputs, tasks, output, replicated: [], columns: [], estimatedRows: 1 },
  });
  return {
    columns: [],
    stages: [
      stage(0, values, [], 6, hash),
      stage(1, values, [], 9, hash),
      stage(2, union([read(0), read(1)]), [0, 1], 5, { kind: "single" }),
      stage(3, read(2, true), [2], 1, { kind: "single" }),
    ],
  };
}

async function run(
  world: SimulatedWorld,
  options: { signal?: AbortSignal; speculate?: boolean } = {},
): Promise<QueryState> {
  await world.state.createQuery("q");
  return resume(world, "first", options);
}

function resume(
  world: SimulatedWorld,
  owner: string,
  options: Partial<DriveOptions> & { speculate?: boolean; tiers?: number } = {},
): Promise<QueryState> {
  const { speculate: _speculate, tiers = 1, ...more } = options;
  const speculation = options.speculate ? { speculateFactor: 2, speculateMsMin: 10 } : {};
  return drive(
    graph(),
    { clock: world, rng: world.rng, state: world.state, invoker: world, objects: world.objects },
    {
      ...defaultDriveTimes,
      queryId: "q",
      owner,
      snapshot: new Map(),
      task: { batchRows: 1, memoryBytes: 1 },
      steps: { ...defaultStepOptions, ...speculation, slots: 4, tiers },
      ...more,
    },
  );
}

/** Each task's input slices are exactly the winners of the manifest, once each. */
async function checkReaders(world: SimulatedWorld): Promise<void> {
  const manifests = new Map<number, Manifest>();
  for await (const { key } of world.objects.list("q/q/")) {
    const manifest = JSON.parse(new TextDecoder().decode(await world.objects.get(key))) as Manifest;
    manifests.set(manifest.stage, manifest);
  }
  for (const task of world.executed) {
    for (const stage of graph().stages[task.stage]!.inputs) {
      const read = task.stage === 3 ? "all" : "partition";
      const keys = task.exchanges[exchangeKey({ stage, read })]!.map((slice) => slice.key);
      assert.deepEqual(
        keys,
        manifests.get(stage)!.winners.map((win) => win.result.key),
      );
    }
  }
}

async function runWithTiers(world: SimulatedWorld, tiers: number): Promise<QueryState> {
  await world.state.createQuery("q");
  return resume(world, "first", { tiers });
}

describe("scheduler simulation", () => {
  const mild: Faults = { fail: 0.15, throttle: 0.2, ambiguous: 0.2 };

  it("finishes under failures, throttles and lost answers, for every seed", async () => {
    for (const seed of seeds) {
      const world = new SimulatedWorld(seed, { ...mild, fail: 0.05 });
      const state = await run(world);
      assert.equal(state.status, "finished", `seed ${seed}: ${JSON.stringify(state.error)}`);
      await checkReaders(world);
    }
  });

  it("never runs more attempts at once than there are slots", async () => {
    const world = new SimulatedWorld(7, mild);
    await world.state.createQuery("q");
    let most = 0;
    await resume(world, "first", {
      onChange: (state) => {
        const running = state.stages.flatMap((stage) => stage.tasks.flatMap((task) => task.running));
        most = Math.max(most, running.length);
      },
    });
    assert.equal(most, 4);
  });

  it("gives the error of a task that fails for good, at once and without retries", async () => {
    const world = new SimulatedWorld(3, { fail: 0, throttle: 0, ambiguous: 0, poisoned: new Set(["1/4"]) });
    const state = await run(world);
    assert.equal(state.status, "failed");
    assert.deepEqual(state.error, { code: "overflow", message: "too large", retryable: false });
    assert.equal(state.stages[1]!.tasks[4]!.attempts, 1);
  });

  it("gives up after four attempts, and says so", async () => {
    const state = await run(new SimulatedWorld(1, { fail: 1, throttle: 0, ambiguous: 0 }));
    assert.equal(state.status, "failed");
    assert.match(state.error!.message, /gave up after 4 attempts/);
    assert.equal(Math.max(...state.stages[0]!.tasks.map((task) => task.attempts)), 4);
  });

  it("does not count throttles as attempts that failed", async () => {
    for (const seed of seeds) {
      const state = await run(new SimulatedWorld(seed, { fail: 0, throttle: 0.6, ambiguous: 0 }));
      assert.equal(state.status, "finished", `seed ${seed}`);
    }
  });

  it("a driver that takes over after a crash finishes on the same records", async () => {
    for (const seed of seeds) {
      const world = new SimulatedWorld(seed, { ...mild, fail: 0.05 });
      await world.state.createQuery("q");
      let changes = 0;
      const crash = new Error("crash");
      const crashAt = 3 + (seed % 25);
      const first = resume(world, "first", {
        onChange: () => {
          if (++changes === crashAt) throw crash;
        },
      });
      await assert.rejects(first, crash);
      await assert.rejects(resume(world, "second"), /driven by another scheduler/);
      for (let i = 0; i < 200 && world.now() < 60_000; i++) await world.wait(1000);
      const state = await resume(world, "second");
      assert.equal(state.status, "finished", `seed ${seed}: ${JSON.stringify(state.error)}`);
      await checkReaders(world);
    }
  });

  it("speculates on stragglers without changing what readers see", async () => {
    for (const seed of seeds) {
      const world = new SimulatedWorld(seed, { ...mild, fail: 0.02 });
      assert.equal((await run(world, { speculate: true })).status, "finished", `seed ${seed}`);
      await checkReaders(world);
    }
  });

  it("notices executors that died: by their silence, or once they cannot run any more", async () => {
    for (const seed of seeds) {
      const world = new SimulatedWorld(seed, { fail: 0, throttle: 0.1, ambiguous: 0.1, die: 0.15 });
      await world.state.createQuery("q");
      const state = await resume(world, "first", { attemptMsMax: 60_000, silentMsMax: 3000 });
      // Four deaths of one task in a row are the only thing that may end it.
      const unlucky = state.error?.code === "executor_lost" && /after 4 attempts/.test(state.error.message);
      assert.ok(state.status === "finished" || unlucky, `seed ${seed}: ${JSON.stringify(state.error)}`);
      if (state.status === "finished") await checkReaders(world);
    }
  });

  it("moves a task that runs out of memory to larger executors, while there are any", async () => {
    const large = new Map([
      ["0/2", 1],
      ["2/0", 2],
    ]);
    const faults: Faults = { fail: 0, throttle: 0.1, ambiguous: 0, large };
    const world = new SimulatedWorld(11, faults);
    await world.state.createQuery("q");
    const state = await resume(world, "first", { tiers: 3 });
    assert.equal(state.status, "finished");
    const tiers = new Map(world.executed.map(({ stage, task, tier = 0 }) => [`${stage}/${task}`, tier]));
    assert.deepEqual([tiers.get("0/2"), tiers.get("2/0"), tiers.get("1/0")], [1, 2, 0]);
    const small = await runWithTiers(new SimulatedWorld(11, faults), 2);
    assert.equal(small.status, "failed");
    assert.equal(small.error!.code, "out_of_memory");
  });

  it("hands over with its attempts under way, and none of them is started twice", async () => {
    for (const seed of seeds) {
      const world = new SimulatedWorld(seed, { fail: 0, throttle: 0, ambiguous: 0 });
      await world.state.createQuery("q");
      let before: QueryState | undefined;
      for (let i = 0; i < 50 && (!before || before.status === "running"); i++) {
        const handOverAtMs = world.now() + 60;
        before = await resume(world, `owner ${i}`, { handOverAtMs, ...(before && { before: before.stages }) });
      }
      assert.equal(before!.status, "finished", `seed ${seed}`);
      assert.equal(world.executed.length, 21, `seed ${seed}`);
      await checkReaders(world);
    }
  });

  it("a cancelled query ends, and starts nothing more", async () => {
    const abort = new AbortController();
    const world = new SimulatedWorld(5, mild);
    abort.abort();
    const state = await run(world, { signal: abort.signal });
    assert.equal(state.status, "cancelled");
    assert.equal(world.executed.length, 0);
  });
});
