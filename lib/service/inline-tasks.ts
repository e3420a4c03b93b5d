/** Small queries: the scheduler runs their tasks itself, one after the other, and keeps their records in its memory. */
import { subtractUsage, type Usage } from "../bill/usage.ts";
import { QueryError } from "../errors.ts";
import { executeTask } from "../executor/execute.ts";
import type { LinearMemory } from "../kernels/memory.ts";
import { MemoryStateStore } from "../scheduler/memory-state-store.ts";
import type { Invoker, Lease, Outcome, StateStore, TaskFailure, TaskKey, TaskRecord, Win } from "../scheduler/ports.ts";
import type { Task } from "../stages/graph.ts";
import type { ObjectStore } from "../storage/object-store.ts";

export interface InlineEnvironment {
  readonly memory: () => LinearMemory;
  readonly tables: ObjectStore;
  readonly shuffle: ObjectStore;
  readonly spillDirectory: string;
}

/** The lease is the real one; whoever takes the query over finds no records, and runs it from its start. */
export class InlineState implements StateStore {
  /** Absent: nobody else knows of the query, and its lease cannot be lost. */
  readonly #leases: StateStore | undefined;
  readonly #records = new MemoryStateStore();
  readonly #own: Promise<Lease | undefined>;

  constructor(leases: StateStore | undefined, queryId: string) {
    this.#leases = leases;
    const opened = this.#records.createQuery(queryId);
    this.#own = opened.then(() => this.#records.acquire(queryId, "inline", 0, Number.MAX_SAFE_INTEGER));
  }

  async createQuery(queryId: string): Promise<void> {
    await this.#leases?.createQuery(queryId);
  }
  async acquire(queryId: string, owner: string, nowMs: number, durationMs: number): Promise<Lease | undefined> {
    return (this.#leases ?? this.#records).acquire(queryId, owner, nowMs, durationMs);
  }
  async renew(queryId: string, lease: Lease, nowMs: number, durationMs: number): Promise<Lease | undefined> {
    return this.#leases ? this.#leases.renew(queryId, lease, nowMs, durationMs) : lease;
  }
  async openStage(queryId: string, _lease: Lease, stage: number, generation: number, tasks: number): Promise<void> {
    await this.#records.openStage(queryId, (await this.#own)!, stage, generation, tasks);
  }
  commitTask(key: TaskKey, win: Win): Promise<boolean> {
    return this.#records.commitTask(key, win);
  }
  failTask(key: TaskKey, failure: TaskFailure): Promise<void> {
    return this.#records.failTask(key, failure);
  }
  listTasks(queryId: string, stage: number, generation: number): Promise<readonly TaskRecord[]> {
    return this.#records.listTasks(queryId, stage, generation);
  }
  async finishQuery(queryId: string, lease: Lease, outcome: Outcome): Promise<void> {
    await this.#leases?.finishQuery(queryId, lease, outcome);
  }
  removeQuery(queryId: string): Promise<void> {
    return this.#records.removeQuery(queryId);
  }
}

export class InlineInvoker implements Invoker {
  readonly #state: StateStore;
  readonly #environment: InlineEnvironment;
  readonly #signal: AbortSignal;
  /** What this process has used up to now. */
  readonly #usage: () => Usage;
  #last: Promise<void> = Promise.resolve();

  constructor(state: StateStore, environment: InlineEnvironment, signal: AbortSignal, usage: () => Usage) {
    this.#state = state;
    this.#environment = environment;
    this.#signal = signal;
    this.#usage = usage;
  }

  async invoke(task: Task): Promise<void> {
    this.#last = this.#last.then(() => this.#run(task));
  }

  abort(): void {}

  /** Everything that was started is done then. */
  async wait(): Promise<void> {
    await this.#last;
  }

  async #run(task: Task): Promise<void> {
    const { queryId, stage, generation, attempt, attemptId } = task;
    const key = { queryId, stage, generation, task: task.task };
    const { memory, ...environment } = this.#environment;
    const before = this.#usage();
    const used = () => subtractUsage(this.#usage(), before);
    try {
      const done = await executeTask(task, { ...environment, memory: memory(), signal: this.#signal });
      await this.#state.commitTask(key, { attempt, attemptId, result: { ...done, usage: used() } });
    } catch (thrown) {
      await this.#state.failTask(key, { attempt, attemptId, error: QueryError.from(thrown).toJSON(), usage: used() });
    }
  }
}
