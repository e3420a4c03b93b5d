/** Decides which partition of the output each row goes to. */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { physicalKind } from "../../arrow/types.ts";
import { ValueWriter } from "../../arrow/value-access.ts";
import type { Batch } from "../../arrow/vector.ts";
import type { Column, Expr } from "../../expr/expr.ts";
import { valueOfLiteral } from "../../expr/value.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import type { Partitioning } from "../../physical/plan.ts";
import type { ShuffleWriter } from "../../shuffle/writer.ts";
import { type KeyColumns, keyColumns } from "../keys/key-columns.ts";
import { hashRows } from "../keys/row-hash.ts";
import type { TaskContext } from "../operator/operator.ts";
import { type EncodedKeys, SortKeyEncoder } from "../sort/sort-keys.ts";

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
  const partitions = partitionCount(output);
  if (partitions === 1) return { write: (batch, writer) => writer.append(batch), free: () => {} };
  switch (output.kind) {
    case "hash":
      return new ScatteringPartitioner(context.memory, partitions, new KeyHashes(context, output, columns));
    case "round_robin":
      return new ScatteringPartitioner(context.memory, partitions, new Turns(context.memory, output.partitions));
    case "range":
      return new ScatteringPartitioner(context.memory, partitions, new KeyRanges(context, output, columns));
    case "single":
    case "broadcast":
      return { write: (batch, writer) => writer.append(batch), free: () => {} };
  }
}

type RangePartitioning = Extract<Partitioning, { readonly kind: "range" }>;

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

/** Partition p has the rows whose key reaches p of the bounds; bounds are in the keys' order. */
class KeyRanges implements PartitionRule {
  readonly #memory: LinearMemory;
  readonly #keys: KeyColumns;
  readonly #flatten: readonly FlattenBuffer[];
  readonly #encoder: SortKeyEncoder;
  readonly #boundEncoder: SortKeyEncoder;
  readonly #bounds: EncodedKeys;

  constructor(context: TaskContext, { keys, bounds }: RangePartitioning, columns: readonly Column[]) {
    const { memory } = context;
    this.#memory = memory;
    this.#keys = keyColumns(
      keys.map(({ expr }) => expr),
      columns,
      context,
    );
    this.#flatten = keys.map(() => new FlattenBuffer(memory));
    this.#encoder = new SortKeyEncoder(memory, keys);
    this.#boundEncoder = new SortKeyEncoder(memory, keys);
    const writers = keys.map(({ expr }) => new ValueWriter(memory, expr.type));
    const vectors = writers.map((writer, index) =>
      writer.write(bounds.map((bound) => valueOfLiteral(writer.type, bound[index]!))),
    );
    this.#bounds = this.#boundEncoder.encode(vectors, bounds.length, true);
    for (const writer of writers) writer.free();
  }

  assign(batch: Batch, out: Ptr): void {
    const keys = this.#keys
      .evaluate(batch)
      .map((key, index) => this.#flatten[index]!.toPhysical(key, physicalKind(key.type)));
    const { starts } = this.#encoder.encode(keys, batch.length, true);
    this.#memory.kernels.rangePartitions(starts, batch.length, this.#bounds.starts, this.#bounds.count, out);
  }

  free(): void {
    this.#keys.close();
    for (const buffer of this.#flatten) buffer.free();
    this.#encoder.free();
    this.#boundEncoder.free();
  }
}
