/** Runs one task: its operators, its output, its account. */
import type { Schema } from "../arrow/types.ts";
import { QueryError } from "../errors.ts";
import type { Column } from "../expr/expr.ts";
import type { LinearMemory } from "../kernels/memory.ts";
import { ShuffleWriter } from "../shuffle/writer.ts";
import { type Task, type TaskResult, taskVersion } from "../stages/graph.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { buildOperators } from "./build-operators.ts";
import { makePartitioner, partitionCount } from "./exchange/partitioner.ts";
import type { TaskContext } from "./operator/operator.ts";
import { cancelled } from "./operator/operator-base.ts";
import { SpillFiles } from "./spill/spill.ts";

export interface Environment {
  readonly memory: LinearMemory;
  /** Where tables' files are. */
  readonly tables: ObjectStore;
  /** Where shuffle objects are. */
  readonly shuffle: ObjectStore;
  /** Below it the task keeps its scratch files. */
  readonly spillDirectory: string;
  /** Output that waits in memory to be written, at most; then it goes to the local disk. */
  readonly pendingBytesMax?: number;
  /** Whether output gets checksums: where it may leave the machine. Default true. */
  readonly checksums?: boolean;
  readonly signal: AbortSignal;
}

/** @throws QueryError whatever went wrong; nothing of the task is left in memory or on the local disk then either */
export async function executeTask(task: Task, environment: Environment): Promise<TaskResult> {
  if (task.version !== taskVersion) {
    const message = `this executor runs tasks of version ${taskVersion}, and got one of version ${task.version}`;
    throw new QueryError("version", message);
  }
  const start = performance.now();
  const spill = new SpillFiles(environment.spillDirectory);
  environment.memory.peakBytes = environment.memory.usedBytes;
  const context = makeContext(task, environment, spill);
  try {
    const output = await run(context, environment);
    const elapsedMs = performance.now() - start;
    return { ...output, elapsedMs, memoryPeakBytes: environment.memory.peakBytes };
  } catch (thrown) {
    // Whatever an aborted task fails with, the abort is why.
    throw environment.signal.aborted ? cancelled(environment.signal) : QueryError.from(thrown);
  } finally {
    await spill.close();
  }
}

function makeContext(task: Task, environment: Environment, spill: SpillFiles): TaskContext {
  const { memory, tables, shuffle, signal } = environment;
  const { batchRows, memoryBytes, hashBits = 32 } = task.options;
  const atStart = memory.usedBytes;
  // Free memory in many small pieces is no room for a large block: then too it is time to spill.
  const wouldExceed = (bytes: number) => memory.usedBytes - atStart + bytes > memoryBytes || !memory.hasRoom(bytes);
  return { task, memory, tables, shuffle, spill, signal, batchRows, memoryBytes, hashBits, wouldExceed };
}

/** Pulls every batch through the operators into the output. */
async function run(
  context: TaskContext,
  { pendingBytesMax, checksums = true }: Environment,
): Promise<Omit<TaskResult, "elapsedMs" | "memoryPeakBytes">> {
  const { task } = context;
  const root = buildOperators(task.plan, context);
  const writer = new ShuffleWriter(context.memory, schemaOf(root.columns), {
    partitions: partitionCount(task.output),
    batchRows: context.batchRows,
    overflow: context.spill,
    pressed: () => context.wouldExceed(0),
    checksums,
    ...(pendingBytesMax !== undefined && { pendingBytesMax }),
  });
  const partitioner = makePartitioner(context, task.output, root.columns);
  try {
    await root.open();
    for (let batch = await root.next(); batch !== null; batch = await root.next()) {
      await partitioner.write(batch, writer);
    }
    await root.close();
    const output = await writer.finish(context.shuffle, task.outputKey);
    return { ...output, metrics: root.metrics() };
  } finally {
    await root.close();
    partitioner.free();
    await writer.free();
  }
}

function schemaOf(columns: readonly Column[]): Schema {
  return { fields: columns.map(({ name, type }) => ({ name, type, nullable: true })) };
}
