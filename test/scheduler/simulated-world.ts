/** A world in one thread with its own time: executors that are slow, fail, die silently or report twice, by a seed. */
import { QueryError } from "../../lib/errors.ts";
import { MemoryStateStore } from "../../lib/scheduler/memory-state-store.ts";
import type { Clock, Invoker, Rng } from "../../lib/scheduler/ports.ts";
import type { Task, TaskResult } from "../../lib/stages/graph.ts";
import { MemoryStore } from "../../lib/storage/memory-store.ts";

/** A small generator with good enough spread (mulberry32). */
export function seededRng(seed: number): Rng {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = Math.imul(state ^ (state >>> 15), state | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}

export interface Faults {
  /** Chances in [0, 1] of an attempt: a retryable failure, a throttle at invocation, a commit whose answer gets lost. */
  readonly fail: number;
  readonly throttle: number;
  readonly ambiguous: number;
  /** Chance that an executor dies without a word: at once, or after it has said that it is alive. */
  readonly die?: number;
  /** Tasks that need an executor of at least this tier, as `stage/task`. */
  readonly large?: ReadonlyMap<string, number>;
  /** Tasks that fail for good, as `stage/task`. */
  readonly poisoned?: ReadonlySet<string>;
}

interface Timer {
  readonly at: number;
  readonly run: () => void | Promise<void>;
}

export class SimulatedWorld implements Clock, Invoker {
  readonly state = new MemoryStateStore();
  readonly objects = new MemoryStore();
  readonly rng: Rng;
  /** Every attempt that wrote output, in order. */
  readonly executed: Task[] = [];
  readonly #faults: Faults;
  #now = 0;
  #timers: Timer[] = [];

  constructor(seed: number, faults: Faults) {
    this.rng = seededRng(seed);
    this.#faults = faults;
  }

  now(): number {
    return this.#now;
  }

  async invoke(task: Task): Promise<void> {
    if (this.rng.next() < this.#faults.throttle) throw new QueryError("throttled", "too many requests");
    const elapsedMs = 1 + this.rng.next() * 100;
    this.#timers.push({ at: this.#now + elapsedMs, run: () => this.#execute(task, elapsedMs) });
  }

  abort(): void {}

  /** Lets time pass: to the next timer, or by `ms`. */
  async wait(ms: number): Promise<void> {
    this.#timers.sort((a, b) => a.at - b.at);
    const until = this.#now + ms;
    const next = this.#timers[0];
    if (!next || next.at > until) {
      this.#now = until;
      return;
    }
    this.#timers.shift();
    this.#now = next.at;
    await next.run();
  }

  async #execute(task: Task, elapsedMs: number): Promise<void> {
    const { queryId, stage, generation, attempt, attemptId } = task;
    const key = { queryId, stage, generation, task: task.task };
    const fail = (error: QueryError) => this.state.failTask(key, { attempt, attemptId, error: error.toJSON() });
    if (this.#faults.poisoned?.has(`${stage}/${task.task}`)) return fail(new QueryError("overflow", "too large"));
    const tier = this.#faults.large?.get(`${stage}/${task.task}`) ?? 0;
    if ((task.tier ?? 0) < tier) return fail(new QueryError("out_of_memory", "too small"));
    if (this.#faults.die && this.rng.next() < this.#faults.die) {
      if (this.rng.next() < 0.5) await this.state.beat(key, attemptId, { atMs: this.#now });
      return;
    }
    if (this.rng.next() < this.#faults.fail) return fail(new QueryError("executor_lost", "the executor died"));
    this.executed.push(task);
    await this.state.commitTask(key, { attempt, attemptId, result: resultOf(task, elapsedMs) });
    // The commit was stored, but its answer was lost: the executor reports a failure that must not count.
    if (this.rng.next() < this.#faults.ambiguous) await fail(new QueryError("timeout", "no answer"));
  }
}

function resultOf(task: Task, elapsedMs: number): TaskResult {
  const partitions = "partitions" in task.output ? task.output.partitions : 1;
  const slice = { offset: 0, length: 1, rows: 1, checksum: 0 };
  return {
    key: task.outputKey,
    etag: "",
    bytes: 1,
    rows: partitions,
    partitions: Array.from({ length: partitions }, () => slice),
    metrics: { operator: "simulated", rows: partitions, batches: 1, selfMs: 0, counters: {}, children: [] },
    elapsedMs,
    memoryPeakBytes: 0,
  };
}
