/** Single steps of the scheduler: what one batch of events leads to. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Command,
  defaultStepOptions,
  type Event,
  initialState,
  type QueryState,
} from "../../lib/scheduler/state.ts";
import { step } from "../../lib/scheduler/step.ts";
import type { Stage } from "../../lib/stages/graph.ts";

const tasks = 300;
const options = { ...defaultStepOptions, slots: 1000 };

function started(): { state: QueryState; invoked: readonly Extract<Command, { kind: "invoke" }>[] } {
  const plan: Stage["plan"] = { kind: "values", columns: [], rows: [] };
  const more = { replicated: [], columns: [], estimatedRows: 1 };
  const stage: Stage = { id: 0, plan, inputs: [], tasks, output: { kind: "single" }, ...more };
  const { state } = take(initialState("q", { stages: [stage], columns: [] }), 0, [{ kind: "tick" }]);
  const opened = take(state, 0, [{ kind: "opened", stage: 0, wins: new Map() }]);
  return { state: opened.state, invoked: opened.commands.filter((command) => command.kind === "invoke") };
}

function take(state: QueryState, nowMs: number, events: readonly Event[]) {
  return step(state, { events, nowMs, random: 0.25 }, options);
}

const throttled = { code: "throttled", message: "no", retryable: true } as const;

describe("a step of the scheduler", () => {
  it("takes all that happened at once, and looks through the stages once", () => {
    const { state, invoked } = started();
    assert.equal(invoked.length, tasks);
    let looks = 0;
    const watched = new Proxy(state.graph, {
      get: (graph, name) => {
        if (name === "stages") looks++;
        return Reflect.get(graph, name);
      },
    });
    const result = { elapsedMs: 1 } as never;
    const events = invoked.map(({ task, attempt, attemptId }): Event => {
      return { kind: "committed", stage: 0, task, win: { attempt, attemptId, result } };
    });
    const { state: after, commands } = take({ ...state, graph: watched }, 10, events);
    assert.ok(after.stages[0]!.tasks.every(({ win }) => win));
    assert.deepEqual(commands, [{ kind: "seal", stage: 0 }]);
    assert.equal(looks, 1);
  });

  it("takes nothing more once the query has ended", () => {
    const { state, invoked } = started();
    const { attemptId } = invoked[3]!;
    const error = { code: "overflow", message: "too large", retryable: false } as const;
    const { state: after, commands } = take(state, 10, [
      { kind: "failed", stage: 0, task: 3, attemptId, error },
      { kind: "cancel" },
    ]);
    assert.equal(after.status, "failed");
    assert.deepEqual(after.error, error);
    assert.deepEqual(
      commands.map(({ kind }) => kind),
      ["abort", "end"],
    );
  });

  it("waits longer after each throttle in a row, and brings the tasks back one after the other", () => {
    let { state, invoked } = started();
    let nowMs = 0;
    const waits: number[] = [];
    for (let round = 0; round < 12; round++) {
      const events = invoked.map(({ task, attemptId }): Event => {
        return { kind: "failed", stage: 0, task, attemptId, error: throttled };
      });
      const refused = take(state, nowMs, events);
      const times = refused.state.stages[0]!.tasks.map(({ notBeforeMs }) => notBeforeMs - nowMs);
      assert.ok(new Set(times.map(Math.floor)).size >= 30, "they are spread");
      waits.push(Math.max(...times));
      nowMs += waits.at(-1)! + 1;
      const again = take(refused.state, nowMs, [{ kind: "tick" }]);
      invoked = again.commands.filter((command) => command.kind === "invoke");
      assert.equal(invoked.length, tasks);
      state = again.state;
    }
    assert.ok(waits.every((wait, i) => i === 0 || wait >= waits[i - 1]!));
    assert.ok(waits[0]! < 100 && waits[4]! > 1000 && waits[11]! <= 30_000, waits.join(" "));
    // None of them counts as a failure of its task.
    assert.ok(state.stages[0]!.tasks.every(({ failures }) => failures === 0));
  });
});
