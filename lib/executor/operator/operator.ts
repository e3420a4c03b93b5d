/** The operator protocol and what a task gives its operators. */
import type { Batch } from "../../arrow/vector.ts";
import type { Column } from "../../expr/expr.ts";
import type { LinearMemory } from "../../kernels/memory.ts";
import type { OperatorMetrics, Task } from "../../stages/graph.ts";
import type { ObjectStore } from "../../storage/object-store.ts";

/**
 * open once, then next until null, then close (always, also after an error; idempotent). A batch is valid until the
 * following next or close. Batches are never empty. An operator owns its children: it opens and closes them.
 */
export interface Operator {
  readonly columns: readonly Column[];
  open(): Promise<void>;
  next(): Promise<Batch | null>;
  close(): Promise<void>;
  metrics(): OperatorMetrics;
}

/** A scratch file store on the local disk, for operators that exceed their memory; emptied when the task ends. */
export interface SpillStore {
  /** Appends bytes to a new or existing file; returns the offset at which they start. */
  append(file: string, bytes: Uint8Array): Promise<number>;
  read(file: string, offset: number, length: number): Promise<Uint8Array>;
  remove(file: string): Promise<void>;
  /** A name no other operator of this task uses. */
  name(prefix: string): string;
  readonly bytesWritten: number;
}

export interface TaskContext {
  readonly task: Task;
  readonly memory: LinearMemory;
  /** Where tables' files are. */
  readonly tables: ObjectStore;
  /** Where shuffle objects are. */
  readonly shuffle: ObjectStore;
  readonly spill: SpillStore;
  readonly signal: AbortSignal;
  /** Rows of a batch: at most this, except from hash operators, which say so. */
  readonly batchRows: number;
  /** Soft limit of the task: an operator about to grow past it spills. */
  readonly memoryBytes: number;
  /** Number of bits of each hash that count (32 normally; fewer in tests force collisions). */
  readonly hashBits: number;
  /** Whether `bytes` more would pass the task's memory limit. */
  wouldExceed(bytes: number): boolean;
}
