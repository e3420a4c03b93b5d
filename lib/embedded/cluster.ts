/** The embedded cluster: the scheduler in this thread, executors in worker threads, shuffle in a local folder. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { CatalogSnapshot } from "../catalog/table.ts";
import { QueryError } from "../errors.ts";
import { executeTask } from "../executor/execute.ts";
import type { WorkerFaults } from "../executor/worker.ts";
import { kernelModule, LinearMemory } from "../kernels/memory.ts";
import { defaultDriveTimes, drive } from "../scheduler/drive.ts";
import { MemoryStateStore } from "../scheduler/memory-state-store.ts";
import type { Invoker, Win } from "../scheduler/ports.ts";
import { defaultStepOptions, type QueryState } from "../scheduler/state.ts";
import type { StageGraph, Task, TaskOptions, TaskResult } from "../stages/graph.ts";
import { LocalFiles } from "../storage/local-files.ts";
import { LocalStore } from "../storage/local-store.ts";
import { MemoryStore } from "../storage/memory-store.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { ScratchDirectory } from "./scratch-directory.ts";
import { WorkerPool } from "./worker-pool.ts";

export interface ClusterOptions {
  readonly threads: number;
  /** Memory of all executors together: what they work in, and the buffers that they read and write files with. */
  readonly memoryBytes: number;
  readonly temporaryDirectory?: string;
  readonly faults?: WorkerFaults;
}

export interface QueryRun {
  readonly graph: StageGraph;
  readonly snapshot: CatalogSnapshot;
  readonly task: TaskOptions;
  /** Run in this thread: for queries so small that starting threads would cost more. */
  readonly inline: boolean;
  readonly signal?: AbortSignal;
  readonly onChange?: (state: QueryState) => void;
}

/** A finished query: where its result lies until `release`. */
export interface QueryRunResult {
  readonly state: QueryState;
  readonly objects: ObjectStore;
  release(): Promise<void>;
}

/** An executor's file buffers get a quarter of its memory, and no more than this. */
const bufferBytesMax = 128 << 20;

export class EmbeddedCluster {
  readonly threads: number;
  readonly #scratch: ScratchDirectory;
  readonly #objects: LocalStore;
  readonly #pool: WorkerPool;
  readonly #state = new MemoryStateStore();
  /** Of each executor. */
  readonly #memoryBytes: number;
  #inlineMemory: LinearMemory | undefined;

  constructor(options: ClusterOptions) {
    this.threads = options.threads;
    const executorBytes = Math.floor(options.memoryBytes / options.threads);
    const bufferBytes = Math.floor(Math.min(bufferBytesMax, executorBytes / 4));
    this.#memoryBytes = executorBytes - bufferBytes;
    this.#scratch = new ScratchDirectory(options.temporaryDirectory);
    const shuffleDirectory = join(this.#scratch.path, "shuffle");
    this.#objects = new LocalStore(shuffleDirectory);
    this.#pool = new WorkerPool(options.threads, {
      kernels: kernelModule(),
      memoryBytes: this.#memoryBytes,
      bufferBytes,
      shuffleDirectory,
      spillDirectory: this.#spillDirectory,
      ...(options.faults && { faults: options.faults }),
    });
  }

  get #spillDirectory(): string {
    return join(this.#scratch.path, "spill");
  }

  /** Bytes of linear memory that each executor may use: its buffers' share is taken off. */
  get executorMemoryBytes(): number {
    return this.#memoryBytes;
  }

  /** What is written here goes with the cluster. */
  get objects(): ObjectStore {
    return this.#objects;
  }

  warm(): void {
    this.#pool.warm();
  }

  /** Runs a stage graph to its end. @throws the QueryError that ended it */
  async run(query: QueryRun): Promise<QueryRunResult> {
    const queryId = randomUUID();
    const execute = query.inline
      ? (task: Task) => this.#runInline(task, query.signal)
      : (task: Task) => this.#pool.run(task);
    const invoker = new EmbeddedInvoker(this.#state, this.#pool, execute);
    await this.#state.createQuery(queryId);
    const release = async () => {
      await this.#state.removeQuery(queryId);
      await this.#objects.deletePrefix(`q/${queryId}/`);
    };
    const onAbort = () => invoker.notify();
    query.signal?.addEventListener("abort", onAbort);
    try {
      const ports = {
        clock: { now: () => Date.now() },
        rng: { next: () => Math.random() },
        state: this.#state,
        invoker,
        // Manifests are read by nobody but this thread's driver: what dies with it may stay in memory.
        objects: new MemoryStore(),
      };
      const state = await drive(query.graph, ports, {
        ...defaultDriveTimes,
        queryId,
        owner: "embedded",
        snapshot: query.snapshot,
        task: query.task,
        steps: { ...defaultStepOptions, slots: this.threads },
        ...(query.signal && { signal: query.signal }),
        ...(query.onChange && { onChange: query.onChange }),
      });
      if (state.status !== "finished") throw failure(state);
      return { state, objects: this.#objects, release };
    } catch (error) {
      await invoker.idle();
      await release();
      throw error;
    } finally {
      query.signal?.removeEventListener("abort", onAbort);
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
    this.#scratch.remove();
  }

  #runInline(task: Task, signal: AbortSignal = new AbortController().signal): Promise<TaskResult> {
    this.#inlineMemory ??= new LinearMemory({ limitBytes: this.#memoryBytes });
    return executeTask(task, {
      memory: this.#inlineMemory,
      tables: new LocalFiles(),
      shuffle: this.#objects,
      spillDirectory: this.#spillDirectory,
      checksums: false,
      signal,
    });
  }
}

function failure(state: QueryState): QueryError {
  if (state.error) return QueryError.fromJSON(state.error);
  return new QueryError("cancelled", "the query was cancelled");
}

/** Runs the tasks of one query on the pool and writes their outcomes into the state store, as a remote executor would. */
class EmbeddedInvoker implements Invoker {
  readonly #state: MemoryStateStore;
  readonly #pool: WorkerPool;
  readonly #execute: (task: Task) => Promise<TaskResult>;
  readonly #running = new Set<Promise<void>>();
  #pending = false;
  #wake: (() => void) | undefined;

  constructor(state: MemoryStateStore, pool: WorkerPool, execute: (task: Task) => Promise<TaskResult>) {
    this.#state = state;
    this.#pool = pool;
    this.#execute = execute;
  }

  async invoke(task: Task): Promise<void> {
    const running = this.#run(task).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  abort(attemptIds: readonly string[]): void {
    this.#pool.abort(new Set(attemptIds));
  }

  /** Resolves once no attempt of the query runs any more, so that none writes after the query's files are gone. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  notify(): void {
    this.#pending = true;
    this.#wake?.();
  }

  async wait(ms: number): Promise<void> {
    if (!this.#pending) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    this.#pending = false;
  }

  async #run(task: Task): Promise<void> {
    const { queryId, stage, generation, attempt, attemptId } = task;
    const key = { queryId, stage, generation, task: task.task };
    try {
      const win: Win = { attempt, attemptId, result: await this.#execute(task) };
      await this.#state.commitTask(key, win);
    } catch (thrown) {
      await this.#state.failTask(key, { attempt, attemptId, error: QueryError.from(thrown).toJSON() });
    }
    this.notify();
  }
}
