/** What the scheduler needs of the world: each port has a real adapter and an in-memory twin. */
import type { Usage } from "../bill/usage.ts";
import type { QueryErrorJson } from "../errors.ts";
import type { Task, TaskResult } from "../stages/graph.ts";

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

export interface Rng {
  /** Uniform in [0, 1). */
  next(): number;
}

/** The attempt whose output counts: the first whose commit was accepted. */
export interface Win {
  readonly attempt: number;
  readonly attemptId: string;
  readonly result: TaskResult;
}

export interface TaskFailure {
  readonly attempt: number;
  readonly attemptId: string;
  readonly error: QueryErrorJson;
  /** What the attempt used, where it counts that. */
  readonly usage?: Usage;
  /** An attempt may be delivered more than once; each delivery has a record of its own. */
  readonly delivery?: string;
}

/** A sign of life. */
export interface Beat {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** What the attempt had used by then, where it counts that. */
  readonly usage?: Usage;
}

export interface TaskRecord {
  readonly task: number;
  readonly win?: Win;
  readonly failures: readonly TaskFailure[];
  /** By attempt, its last sign of life; those that never gave one are not in it. */
  readonly beats?: ReadonlyMap<string, Beat>;
  /** What invocations used that ran no attempt of this task but handed it on. */
  readonly handedOn?: readonly Usage[];
}

export interface TaskKey {
  readonly queryId: string;
  readonly stage: number;
  readonly generation: number;
  readonly task: number;
}

export interface Lease {
  readonly owner: string;
  /** A take-over increments it; every write of the scheduler is conditional on it. */
  readonly epoch: number;
  readonly untilMs: number;
}

export type Outcome = "finished" | "failed" | "cancelled";

/**
 * Durable state. Every write is a conditional write of one record; there are no transactions and no counters.
 * Scheduler writes carry the lease's epoch and reject with QueryError `cancelled` once another holder took over.
 */
export interface StateStore {
  createQuery(queryId: string): Promise<void>;
  /** Takes the lease when it is free or over; undefined when another holds it. */
  acquire(queryId: string, owner: string, nowMs: number, durationMs: number): Promise<Lease | undefined>;
  /** Undefined when another holder took over. */
  renew(queryId: string, lease: Lease, nowMs: number, durationMs: number): Promise<Lease | undefined>;
  /** Opens a stage's records; writing the same generation again changes nothing. */
  openStage(queryId: string, lease: Lease, stage: number, generation: number, tasks: number): Promise<void>;
  /** By an executor: true when this attempt is (or, after an ambiguous time-out, already was) the winner. */
  commitTask(key: TaskKey, win: Win): Promise<boolean>;
  /** By an executor, or by who noticed that it was lost. */
  failTask(key: TaskKey, failure: TaskFailure): Promise<void>;
  /** A consistent read of all task records of a stage. What others than winners report once all tasks are won may be left out, unless `late`. */
  listTasks(
    queryId: string,
    stage: number,
    generation: number,
    options?: { readonly late?: boolean },
  ): Promise<readonly TaskRecord[]>;
  /** Whether an attempt still has a purpose: false once the query has ended or the task is won. For executors, now and then. */
  isWanted?(key: TaskKey): Promise<boolean>;
  /** By an executor now and then, while it works on a task for long. */
  beat?(key: TaskKey, attemptId: string, beat: Beat): Promise<void>;
  /** By an executor that handed tasks on: what that took. The key is of any of them. */
  recordHandOn?(key: TaskKey, invocation: string, usage: Usage): Promise<void>;
  /**
   * By an attempt that failed or lost. True when nobody looks for its record: its query is billed already, or it was
   * delivered twice and the other delivery won. What it used is then added to the query itself.
   */
  reportLate?(key: TaskKey, attemptId: string, usage: Usage): Promise<boolean>;
  finishQuery(queryId: string, lease: Lease, outcome: Outcome): Promise<void>;
  removeQuery(queryId: string): Promise<void>;
  /** Drops what this process keeps of a query that it does not drive any more; its records stay. */
  forget?(queryId: string): void;
}

/** Starts a task somewhere. Resolves when it was accepted; its outcome arrives through the StateStore. */
export interface Invoker {
  invoke(task: Task): Promise<void>;
  /** Asks running attempts to stop; best effort. */
  abort(attemptIds: readonly string[]): void;
  /** Resolves when any outcome may have been written since the last call, or after `ms`. */
  wait(ms: number): Promise<void>;
}
