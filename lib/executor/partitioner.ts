/** Decides which partition of the output each row goes to. */
import { FlattenBuffer } from "../arrow/flatten.ts";
import type { PhysicalKind } from "../arrow/types.ts";
import type { Batch, FlatVector } from "../arrow/vector.ts";
import { unsupported } from "../errors.ts";
import type { Column, Expr } from "../expr/expr.ts";
import { GrowableBlock } from "../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../kernels/memory.ts";
import type { Partitioning } from "../physical/plan.ts";
import type { ShuffleWriter } from "../shuffle/writer.ts";
import { type KeyColumns, keyColumns } from "./key-columns.ts";
import type { TaskContext } from "./operator.ts";

export interface Partitioner {
  write(batch: Batch, writer: ShuffleWriter): Promise<void>;
  free(): void;
}

export function partitionCount(output: Partitioning): number {
  switch (output.kind) {
    case "single":
    case "broadcast":
      return 1;
    case "hash":
    case "round_robin":
      return output.partitions;
    case "range":
      return output.bounds.length + 1;
  }
}

export function makePartitioner(context: TaskContext, output: Partitioning, columns: readonly Column[]): Partitioner {
  if (partitionCount(output) === 1) return { write: (batch, writer) => writer.append(batch), free: () => {} };
  switch (output.kind) {
    case "hash":
      return new ScatteringPartitioner(context.memory, output.partitions, new KeyHashes(context, output, columns));
    case "round_robin":
      return new ScatteringPartitioner(context.memory, output.partitions, new Turns(context.memory, output.partitions));
    default:
      throw unsupported(`partitioning by ${output.kind}`);
  }
}

/** Fills a u32 array with the partition of each row. */
interface PartitionRule {
  assign(batch: Batch, out: Ptr): void;
  free(): void;
}

class ScatteringPartitioner implements Partitioner {
  readonly #memory: LinearMemory;
  readonly #partitions: number;
  readonly #rule: PartitionRule;
  readonly #ids: GrowableBlock;
  readonly #starts: GrowableBlock;
  readonly #rows: GrowableBlock;

  constructor(memory: LinearMemory, partitions: number, rule: PartitionRule) {
    this.#memory = memory;
    this.#partitions = partitions;
    this.#rule = rule;
    this.#ids = new GrowableBlock(memory);
    this.#starts = new GrowableBlock(memory);
    this.#rows = new GrowableBlock(memory);
  }

  async write(batch: Batch, writer: ShuffleWriter): Promise<void> {
    const ids = this.#ids.ensure(batch.length * 4);
    const starts = this.#starts.ensure((this.#partitions + 2) * 4);
    const rows = this.#rows.ensure(batch.length * 4);
    this.#rule.assign(batch, ids);
    this.#memory.kernels.groupByPartition(ids, batch.length, this.#partitions, starts, rows);
    const at = starts >>> 2;
    await writer.scatter(batch, Array.from(this.#memory.u32.subarray(at, at + this.#partitions + 1)), rows);
  }

  free(): void {
    this.#rule.free();
    for (const block of [this.#ids, this.#starts, this.#rows]) block.free();
  }
}

class Turns implements PartitionRule {
  readonly #memory: LinearMemory;
  readonly #partitions: number;
  #next = 0;

  constructor(memory: LinearMemory, partitions: number) {
    this.#memory = memory;
    this.#partitions = partitions;
  }

  assign(batch: Batch, out: Ptr): void {
    this.#memory.kernels.roundRobin(batch.length, this.#next, this.#partitions, out);
    this.#next = (this.#next + batch.length) % this.#partitions;
  }

  free(): void {}
}

class KeyHashes implements PartitionRule {
  readonly #context: TaskContext;
  readonly #partitions: number;
  readonly #keys: KeyColumns;
  readonly #flatten: readonly FlattenBuffer[];

  constructor(
    context: TaskContext,
    { keys, partitions }: { readonly keys: readonly Expr[]; readonly partitions: number },
    columns: readonly Column[],
  ) {
    this.#context = context;
    this.#partitions = partitions;
    this.#keys = keyColumns(keys, columns, context);
    this.#flatten = keys.map(() => new FlattenBuffer(context.memory));
  }

  assign(batch: Batch, out: Ptr): void {
    const { memory, hashBits } = this.#context;
    memory.u8.fill(0, out, out + batch.length * 4);
    for (const [index, key] of this.#keys.evaluate(batch).entries()) {
      hashRows(memory, this.#flatten[index]!.flatten(key), out);
    }
    memory.kernels.hashesToPartitions(out, batch.length, hashBits, this.#partitions);
  }

  free(): void {
    this.#keys.close();
    for (const buffer of this.#flatten) buffer.free();
  }
}

type RowHash = (values: Ptr, validity: Ptr, n: number, hashes: Ptr) => void;

/** Mixes a column into the rows' hashes (u32). Equal values of equal types give equal hashes in every process. */
export function hashRows(memory: LinearMemory, vector: FlatVector, hashes: Ptr): void {
  rowHash(memory, vector.physical)(vector.data, vector.validity, vector.length, hashes);
}

function rowHash({ kernels }: LinearMemory, physical: PhysicalKind): RowHash {
  switch (physical) {
    case "bool":
    case "i8":
      return kernels.hashRows1;
    case "i16":
      return kernels.hashRows2;
    case "i32":
      return kernels.hashRows4;
    case "i64":
      return kernels.hashRows8;
    case "i128":
      return kernels.hashRows16;
    case "f32":
      return kernels.hashRowsF32;
    case "f64":
      return kernels.hashRowsF64;
    case "interval":
      return kernels.hashRowsInterval;
    case "view":
      return kernels.hashRowsView;
  }
}
