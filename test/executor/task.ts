/** Tasks over generated rows, run in this process: what operator tests feed and read. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { resultRows } from "../../lib/arrow/result.ts";
import type { DataType } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";
import { ValueWriter } from "../../lib/arrow/value-access.ts";
import { executeTask } from "../../lib/executor/execute.ts";
import type { Column } from "../../lib/expr/expr.ts";
import { LinearMemory } from "../../lib/kernels/memory.ts";
import type { ExchangeReadNode, Partitioning, PhysicalPlan } from "../../lib/physical/plan.ts";
import { readSlice } from "../../lib/shuffle/reader.ts";
import { ShuffleWriter } from "../../lib/shuffle/writer.ts";
import {
  exchangeKey,
  type PartitionSlice,
  type Task,
  type TaskOptions,
  type TaskResult,
} from "../../lib/stages/graph.ts";
import { LocalFiles } from "../../lib/storage/local-files.ts";
import { MemoryStore } from "../../lib/storage/memory-store.ts";
import type { ObjectStore } from "../../lib/storage/object-store.ts";

export type Row = readonly Value[];

export function columnsOf(types: readonly DataType[], firstId = 1): Column[] {
  return types.map((type, i) => ({ id: firstId + i, name: `c${i}`, type, nullable: true }));
}

/** An exchange that reads tables of rows, one producer each. */
export function exchangeOf(stage: number, columns: readonly Column[]): ExchangeReadNode {
  return { kind: "exchange_read", stage, columns, read: "all", rows: 1 };
}

export const spillDirectory = mkdtempSync(join(tmpdir(), "volley-spill-"));
after(() => rmSync(spillDirectory, { recursive: true, force: true }));

export function spillLeftovers(): string[] {
  return readdirSync(spillDirectory);
}

/** Runs plans over exchange_reads of rows given here. */
export class TaskRunner {
  readonly memory = new LinearMemory();
  readonly shuffle: ObjectStore = new MemoryStore();
  readonly #exchanges: Record<string, PartitionSlice[]> = {};
  #producers = 0;

  /** Gives `rows`, in record batches of batchRows, to the readers of `node` as one producer's output. */
  async produce(node: ExchangeReadNode, rows: readonly Row[], batchRows = 7): Promise<void> {
    const fields = node.columns.map(({ name, type }) => ({ name, type, nullable: true }));
    const overflow = {
      name: () => "",
      append: async () => 0,
      read: async () => new Uint8Array(0),
      remove: async () => {},
    };
    const writer = new ShuffleWriter(this.memory, { fields }, { partitions: 1, batchRows, overflow });
    const columns = fields.map(({ type }) => new ValueWriter(this.memory, type));
    for (let from = 0; from < rows.length; from += batchRows) {
      const part = rows.slice(from, from + batchRows);
      const vectors = columns.map((column, i) => column.write(part.map((row) => row[i]!)));
      await writer.append({ length: part.length, columns: vectors });
    }
    const key = `q/test/p${++this.#producers}`;
    const { partitions } = await writer.finish(this.shuffle, key);
    for (const column of columns) column.free();
    await writer.free();
    const slices = partitions.filter((slice) => slice.rows > 0).map((slice) => ({ ...slice, key }));
    this.#exchanges[exchangeKey(node)] = [...(this.#exchanges[exchangeKey(node)] ?? []), ...slices];
  }

  async run(
    plan: PhysicalPlan,
    output: Partitioning = { kind: "single" },
    options: Partial<TaskOptions> = {},
    task: Partial<Task> = {},
    signal: AbortSignal = new AbortController().signal,
  ): Promise<TaskResult> {
    const { memory, shuffle } = this;
    const whole: Task = {
      version: 1,
      queryId: "test",
      stage: 1,
      task: 0,
      generation: 0,
      attempt: 0,
      attemptId: "a",
      plan,
      scans: [],
      exchanges: this.#exchanges,
      output,
      outputKey: `q/test/output-${++this.#producers}`,
      options: { batchRows: 16, memoryBytes: 1 << 30, ...options },
      ...task,
    };
    return executeTask(whole, { memory, shuffle, tables: new LocalFiles(), spillDirectory, signal });
  }

  /** The rows of each partition of a task's output. */
  async rows(result: TaskResult): Promise<Row[][]> {
    const partitions = [];
    for (const slice of result.partitions) {
      partitions.push([...resultRows(await readSlice(this.shuffle, { ...slice, key: result.key }))]);
    }
    return partitions;
  }

  /** Runs a plan and gives the rows of its one partition. */
  async collect(plan: PhysicalPlan, options: Partial<TaskOptions> = {}, task: Partial<Task> = {}): Promise<Row[]> {
    const [rows] = await this.rows(await this.run(plan, { kind: "single" }, options, task));
    return rows!;
  }
}
