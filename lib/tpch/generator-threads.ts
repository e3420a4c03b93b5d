import { Worker } from "node:worker_threads";
import { QueryError, type QueryErrorJson } from "../errors.ts";
import type { EncodedRowGroup } from "../parquet/write/row-group.ts";
import type { RowRange } from "./generation-plan.ts";
import { type TextSlice, textSlices } from "./text-checkpoints.ts";
import { textPoolBytes } from "./text-pool.ts";

/** What a thread is started with. */
export interface GeneratorSetup {
  readonly scale: number;
  /** The text pool, one for all threads. */
  readonly textMemory: SharedArrayBuffer;
}

/** What a thread is asked for. */
export type GeneratorRequest =
  | { readonly kind: "text"; readonly slice: TextSlice }
  | { readonly kind: "rows"; readonly range: RowRange };

/** What a thread answers to one request. */
export type GeneratorReply =
  | { readonly kind: "text" }
  | { readonly kind: "rows"; readonly group: EncodedRowGroup }
  | { readonly kind: "failed"; readonly error: QueryErrorJson };

interface Job {
  readonly request: GeneratorRequest;
  readonly resolve: (reply: GeneratorReply) => void;
  readonly reject: (error: Error) => void;
}

/** Beside the source the worker is a module of its own; the built package has it as a bundle. */
const workerUrl = new URL(
  import.meta.url.endsWith(".ts") ? "./generator-worker.ts" : "./tpch-worker.js",
  import.meta.url,
);

/** Threads that share a text pool and take requests in turn. */
export class GeneratorThreads {
  private readonly workers: readonly Worker[];
  private readonly idle: Worker[];
  private readonly running = new Map<Worker, Job>();
  private readonly waiting: Job[] = [];
  private failure: Error | undefined;

  /** Starts the threads; generateText comes before the first row group. */
  constructor(scale: number, threads: number) {
    const setup: GeneratorSetup = { scale, textMemory: new SharedArrayBuffer(textPoolBytes) };
    this.workers = Array.from({ length: threads }, () => this.start(setup));
    this.idle = [...this.workers];
  }

  async generateText(): Promise<void> {
    await Promise.all(textSlices.map((slice) => this.submit({ kind: "text", slice })));
  }

  async generateRows(range: RowRange): Promise<EncodedRowGroup> {
    const reply = await this.submit({ kind: "rows", range });
    if (reply.kind !== "rows") throw new QueryError("internal", `a ${reply.kind} reply to a request for rows`);
    return reply.group;
  }

  /** Ends all threads; whatever they were doing rejects with `reason`. */
  async stop(reason: Error): Promise<void> {
    this.fail(reason);
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private start(setup: GeneratorSetup): Worker {
    // The flags of this process (--input-type, --test) are not for threads.
    const worker = new Worker(workerUrl, { workerData: setup, execArgv: [] });
    worker.on("message", (reply: GeneratorReply) => this.settle(worker, reply));
    worker.on("error", (error) => this.fail(QueryError.from(error)));
    worker.on("exit", () => this.fail(new QueryError("executor_lost", "a generator thread ended unexpectedly")));
    return worker;
  }

  private submit(request: GeneratorRequest): Promise<GeneratorReply> {
    return new Promise((resolve, reject) => {
      if (this.failure) return reject(this.failure);
      this.waiting.push({ request, resolve, reject });
      this.dispatch();
    });
  }

  private dispatch(): void {
    while (this.idle.length > 0 && this.waiting.length > 0) {
      const worker = this.idle.pop() as Worker;
      const job = this.waiting.shift() as Job;
      this.running.set(worker, job);
      worker.postMessage(job.request);
    }
  }

  private settle(worker: Worker, reply: GeneratorReply): void {
    const job = this.running.get(worker);
    this.running.delete(worker);
    this.idle.push(worker);
    if (reply.kind === "failed") job?.reject(QueryError.fromJSON(reply.error));
    else job?.resolve(reply);
    this.dispatch();
  }

  /** The first failure is the one that everybody waiting hears of. */
  private fail(error: Error): void {
    this.failure ??= error;
    const jobs = [...this.running.values(), ...this.waiting.splice(0)];
    this.running.clear();
    for (const job of jobs) job.reject(this.failure);
  }
}
