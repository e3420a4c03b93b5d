/** What an executor does with an event that waited for long. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { noUsage } from "../../lib/bill/usage.ts";
import { LinearMemory } from "../../lib/kernels/memory.ts";
import type { StateStore, TaskFailure, TaskKey, Win } from "../../lib/scheduler/ports.ts";
import { runTasks } from "../../lib/service/run-tasks.ts";
import { type Task, taskVersion } from "../../lib/stages/graph.ts";
import { MemoryStore } from "../../lib/storage/memory-store.ts";

const task: Task = {
  version: taskVersion,
  queryId: "q",
  stage: 0,
  task: 3,
  generation: 0,
  attempt: 1,
  attemptId: "1-a",
  plan: { kind: "values", columns: [], rows: [] },
  scans: [],
  exchanges: {},
  output: { kind: "single" },
  outputKey: "q/q/s0.g0/t3/a1-a",
  options: { batchRows: 64, memoryBytes: 1 << 20 },
};

async function run(wanted: boolean, sentMs: number) {
  const seen = { looks: 0, wins: [] as Win[], failures: [] as TaskFailure[] };
  const state = {
    isWanted: async () => {
      seen.looks++;
      return wanted;
    },
    commitTask: async (_key: TaskKey, win: Win) => seen.wins.push(win) > 0,
    failTask: async (_key: TaskKey, failure: TaskFailure) => void seen.failures.push(failure),
  } as unknown as StateStore;
  const ports = {
    state,
    objects: new MemoryStore(),
    tables: new MemoryStore(),
    invoker: {} as never,
    memory: new LinearMemory({ limitBytes: 64 << 20 }),
    spillDirectory: "",
    usage: () => noUsage,
  };
  const outcomes = await runTasks({ task, sentMs }, ports, { remainingMs: () => 60_000 });
  return { ...seen, outcomes: outcomes.map(({ outcome }) => outcome) };
}

describe("an executor", () => {
  it("works on what was just sent without another look", async () => {
    const { looks, outcomes, wins } = await run(false, Date.now());
    assert.deepEqual([looks, outcomes, wins.length], [0, ["won"], 1]);
  });

  it("looks whether an event that waited is still wanted", async () => {
    const { looks, outcomes, wins } = await run(true, Date.now() - 10_000);
    assert.deepEqual([looks, outcomes, wins.length], [1, ["won"], 1]);
  });

  it("leaves what is not wanted any more alone, and says what that took", async () => {
    const { looks, outcomes, wins, failures } = await run(false, Date.now() - 10_000);
    assert.deepEqual([looks, outcomes, wins.length], [1, ["unwanted"], 0]);
    assert.equal(failures.length, 1);
    assert.equal(failures[0]!.error.code, "duplicate");
    assert.ok(failures[0]!.usage && failures[0]!.delivery);
  });
});
