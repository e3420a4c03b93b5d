/** Worker threads, started when first needed, each running one task at a time; a dead one is replaced. */
import { Worker } from "node:worker_threads";
import { QueryError } from "../errors.ts";
import type { WorkerOptions, WorkerReply, WorkerRequest } from "../executor/worker.ts";
import type { Task, TaskResult } from "../stages/graph.ts";

interface Job {
  readonly task: Task;
  readonly resolve: (result: TaskResult) => void;
  readonly reject: (error: QueryError) => void;
}

interface PooledWorker {
  readonly thread: Worker;
  job?: Job;
}

/** Beside the sources it is a TypeScript file; in the published bundle, worker.js beside the entry. */
function workerUrl(): URL {
  const source = import.meta.url.endsWith(".ts");
  return new URL(source ? "../executor/worker.ts" : "./worker.js", import.meta.url);
}

export class WorkerPool {
  readonly #size: number;
  readonly #options: WorkerOptions;
  readonly #workers = new Set<PooledWorker>();
  readonly #queue: Job[] = [];
  #closed = false;

  constructor(size: number, options: WorkerOptions) {
    this.#size = size;
    this.#options = options;
  }

  /** Starts every thread now rather than at the first task: their start-up then overlaps with planning. */
  warm(): void {
    while (this.#workers.size < this.#size) this.#start();
  }

  /** Rejects with the task's own QueryError, or `executor_lost` when its thread died. */
  run(task: Task): Promise<TaskResult> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new QueryError("cancelled", "the cluster is closed"));
      this.#queue.push({ task, resolve, reject });
      this.#dispatch();
    });
  }

  /** Asks attempts to stop; those still queued are dropped at once. */
  abort(attemptIds: ReadonlySet<string>): void {
    const waiting = this.#queue.filter((job) => attemptIds.has(job.task.attemptId));
    for (const job of waiting) {
      this.#queue.splice(this.#queue.indexOf(job), 1);
      job.reject(new QueryError("cancelled", "the query was cancelled"));
    }
    for (const { thread, job } of this.#workers) {
      if (!job || !attemptIds.has(job.task.attemptId)) continue;
      thread.postMessage({ kind: "abort", attemptId: job.task.attemptId } satisfies WorkerRequest);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#queue.splice(0)) job.reject(new QueryError("cancelled", "the cluster is closed"));
    await Promise.all([...this.#workers].map(({ thread }) => thread.terminate()));
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const idle = [...this.#workers].find((worker) => !worker.job);
      const worker = idle ?? (this.#workers.size < this.#size ? this.#start() : undefined);
      if (!worker) return;
      worker.job = this.#queue.shift()!;
      worker.thread.ref();
      worker.thread.postMessage({ kind: "run", task: worker.job.task } satisfies WorkerRequest);
    }
  }

  #start(): PooledWorker {
    // The flags of this process (--input-type, --test) are not for threads.
    const thread = new Worker(workerUrl(), { workerData: this.#options, execArgv: [] });
    const worker: PooledWorker = { thread };
    this.#workers.add(worker);
    // An idle thread must not keep the process alive.
    thread.unref();
    thread.on("message", (reply: WorkerReply) => this.#finish(worker, reply));
    thread.on("error", (error) => this.#lose(worker, error));
    thread.on("exit", (code) => this.#lose(worker, new Error(`it exited with code ${code}`)));
    return worker;
  }

  #finish(worker: PooledWorker, reply: WorkerReply): void {
    const { job } = worker;
    if (job?.task.attemptId !== reply.attemptId) return;
    delete worker.job;
    worker.thread.unref();
    if (reply.result) job.resolve(reply.result);
    else job.reject(QueryError.fromJSON(reply.error!));
    this.#dispatch();
  }

  #lose(worker: PooledWorker, error: Error): void {
    if (!this.#workers.delete(worker)) return;
    const message = `an executor thread died: ${error.message}`;
    worker.job?.reject(new QueryError("executor_lost", message));
    if (!this.#closed) this.#dispatch();
  }
}
