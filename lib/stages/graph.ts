/** The stage graph: what the cut makes of a physical plan, and the task that is sent to an executor. */
import type { Schema } from "../arrow/types.ts";
import type { Usage } from "../bill/usage.ts";
import type { CsvOptions, TablePartitions } from "../catalog/table.ts";
import type { Column, LiteralValue } from "../expr/expr.ts";
import type { Partitioning, PhysicalPlan } from "../physical/plan.ts";

export interface Stage {
  readonly id: number;
  /** Contains no exchange inside: its leaves are scans, values and exchange_reads. */
  readonly plan: PhysicalPlan;
  /** Stage ids read by this stage's exchange_reads. */
  readonly inputs: readonly number[];
  /** Of the plan's scans in the order of lib/physical/scan-nodes.ts: whether every task reads the whole table. */
  readonly replicated: readonly boolean[];
  readonly output: Partitioning;
  readonly columns: readonly Column[];
  /** Number of tasks: at least 1, and fixed when the stage is planned. */
  readonly tasks: number;
  readonly estimatedRows: number;
}

/** Stages in topological order; the last one is the result, its partitioning is `single`. */
export interface StageGraph {
  readonly stages: readonly Stage[];
  readonly columns: readonly Column[];
}

/** What a scan of one task reads. */
export interface ScanSplit {
  readonly path: string;
  readonly etag: string;
  /** Size of the whole file. */
  readonly bytes: number;
  /** Row groups of the file to read; absent: all of them (the executor reads the footer). */
  readonly rowGroups?: readonly number[];
  /** The file's values of the scan's partition columns. */
  readonly partition?: readonly LiteralValue[];
  /** CSV: byte range whose lines (those that start inside it) are read. */
  readonly range?: { readonly from: number; readonly to: number };
}

export interface ScanInput {
  readonly table: string;
  readonly format: "parquet" | "csv";
  readonly schema: Schema;
  readonly csv?: CsvOptions;
  readonly partitions?: TablePartitions;
  /** Files of the table that no task reads, since no row of theirs can pass the filters; told to one task. */
  readonly filesPruned?: number;
  readonly splits: readonly ScanSplit[];
}

/** One slice of a producer's object: an Arrow IPC stream. */
export interface PartitionSlice {
  readonly key: string;
  readonly offset: number;
  readonly length: number;
  readonly rows: number;
  /** CRC-32 of the bytes; absent where they never left the machine. */
  readonly checksum?: number;
  /** The bytes themselves, base64, when they are small enough to travel in the commit record. */
  readonly inline?: string;
}

/** Names what an exchange_read reads: one stage can be read whole and by partition in the same task. */
export function exchangeKey(read: { readonly stage: number; readonly read: "partition" | "all" }): string {
  return `${read.stage}:${read.read}`;
}

export const taskVersion = 1;

/** Everything an executor needs. JSON. */
export interface Task {
  readonly version: number;
  readonly queryId: string;
  readonly stage: number;
  readonly task: number;
  readonly generation: number;
  readonly attempt: number;
  readonly attemptId: string;
  /** How large an executor it runs on: 0 is the smallest. */
  readonly tier?: number;
  readonly plan: PhysicalPlan;
  /** One for each scan of the plan, in the order of lib/physical/scan-nodes.ts. */
  readonly scans: readonly ScanInput[];
  /** By exchangeKey of each exchange_read: the slices this task reads, one per producer and partition that has rows. */
  readonly exchanges: Readonly<Record<string, readonly PartitionSlice[]>>;
  readonly output: Partitioning;
  /** Key of the object this attempt writes. */
  readonly outputKey: string;
  readonly options: TaskOptions;
}

export interface TaskOptions {
  readonly batchRows: number;
  /** Bytes of linear memory that the task may hold before its operators spill. */
  readonly memoryBytes: number;
  /** Testing: keep only this many bits of every hash (0: all rows collide). */
  readonly hashBits?: number;
  /** Collect per-operator times (EXPLAIN ANALYZE). */
  readonly analyze?: boolean;
}

/** Per-operator counts; `children` mirrors the plan. Times in milliseconds, inclusive of children unless named self. */
export interface OperatorMetrics {
  readonly operator: string;
  readonly rows: number;
  readonly batches: number;
  readonly selfMs: number;
  /** Named counters: rowGroups, rowGroupsPruned, pagesPruned, bytesRead, requests, spilledBytes, buildRows, groups, … */
  readonly counters: Readonly<Record<string, number>>;
  readonly children: readonly OperatorMetrics[];
}

/** What a task reports when it is done: the commit record. */
export interface TaskResult {
  readonly key: string;
  readonly etag: string;
  readonly bytes: number;
  readonly rows: number;
  /** By partition. */
  readonly partitions: readonly Omit<PartitionSlice, "key">[];
  readonly metrics: OperatorMetrics;
  readonly elapsedMs: number;
  readonly memoryPeakBytes: number;
  /** What the attempt used of the cloud, the writing of this record included; absent where nothing is billed. */
  readonly usage?: Usage;
}
