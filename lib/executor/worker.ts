/** A worker thread of the embedded cluster: an executor that runs one task at a time. */
import { parentPort, workerData } from "node:worker_threads";
import { QueryError, type QueryErrorJson } from "../errors.ts";
import { LinearMemory, useKernelModule } from "../kernels/memory.ts";
import type { Task, TaskResult } from "../stages/graph.ts";
import { limitKeptBytes } from "../storage/byte-buffers.ts";
import { LocalFiles } from "../storage/local-files.ts";
import { LocalStore } from "../storage/local-store.ts";
import { executeTask } from "./execute.ts";

/** For tests: chances that an attempt kills its thread, before or after its work, or fails in a way that may be retried. */
export interface WorkerFaults {
  readonly crash: number;
  readonly fail: number;
}

export interface WorkerOptions {
  readonly faults?: WorkerFaults;
  readonly kernels: WebAssembly.Module;
  /** Linear memory. */
  readonly memoryBytes: number;
  /** Beside it, for reading and writing files. */
  readonly bufferBytes: number;
  readonly shuffleDirectory: string;
  readonly spillDirectory: string;
}

export type WorkerRequest =
  | { readonly kind: "run"; readonly task: Task }
  | { readonly kind: "abort"; readonly attemptId: string };

export interface WorkerReply {
  readonly attemptId: string;
  readonly result?: TaskResult;
  readonly error?: QueryErrorJson;
}

function main(options: WorkerOptions): void {
  useKernelModule(options.kernels);
  const memory = new LinearMemory({ limitBytes: options.memoryBytes });
  limitKeptBytes(options.bufferBytes / 2);
  const tables = new LocalFiles();
  const shuffle = new LocalStore(options.shuffleDirectory);
  const running = new Map<string, AbortController>();

  const run = async (task: Task): Promise<WorkerReply> => {
    const abort = new AbortController();
    running.set(task.attemptId, abort);
    try {
      maybeFail(options.faults);
      const { spillDirectory, bufferBytes } = options;
      const pendingBytesMax = bufferBytes / 2;
      const { signal } = abort;
      const environment = { memory, tables, shuffle, spillDirectory, pendingBytesMax, checksums: false, signal };
      const result = await executeTask(task, environment);
      maybeFail(options.faults);
      return { attemptId: task.attemptId, result };
    } catch (thrown) {
      return { attemptId: task.attemptId, error: QueryError.from(thrown).toJSON() };
    } finally {
      running.delete(task.attemptId);
    }
  };

  parentPort!.on("message", async (request: WorkerRequest) => {
    if (request.kind === "run") parentPort!.postMessage(await run(request.task));
    else running.get(request.attemptId)?.abort(new QueryError("cancelled", "the query was cancelled"));
  });
}

function maybeFail(faults: WorkerFaults | undefined): void {
  if (!faults) return;
  if (Math.random() < faults.crash) process.exit(1);
  if (Math.random() < faults.fail) throw new QueryError("executor_lost", "a fault was injected");
}

if (parentPort) main(workerData as WorkerOptions);
