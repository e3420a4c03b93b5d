/** Partitions in memory: their rows, in order, and where partitions and groups of peers begin and end. */
import type { Batch, FlatVector, Vector } from "../../arrow/vector.ts";
import type { Arena } from "../../kernels/arena.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";

/** For each row (u32) the first row of its span, and the one after its last. */
export interface Spans {
  readonly starts: Ptr;
  readonly ends: Ptr;
}

/** Where a block lies in a partition that is too large to be held: see lib/executor/window/partition-stream.ts. */
export interface PartitionPlace {
  /** Rows before `first` were given out with an earlier block, those from `to` on come again: both only for others to see. */
  readonly first: number;
  readonly to: number;
  /** Rows of the partition before the block. */
  readonly before: number;
  /** Rows of the partition; 0 where nobody asks. */
  readonly total: number;
  /** Groups of peers (rows that agree on so many sort keys) before row `first`, which begins one. */
  readonly groupsBefore: (orderKeys: number) => number;
}

/** What a window function gives for each row of a block. */
export interface WindowEvaluator {
  /** Valid as long as the block. @throws QueryError */
  evaluate(block: WindowBlock): Vector;
  /** Must come before the first block of a partition that is given in several: what is carried on is forgotten. */
  begin?(): void;
  free(): void;
}

export class WindowBlock implements Batch {
  readonly length: number;
  readonly columns: readonly FlatVector[];
  readonly arena: Arena;
  readonly memory: LinearMemory;
  /** See noteChanges. */
  readonly changes: Ptr;
  readonly #spans = new Map<number, Spans>();
  readonly #cache = new Map<string, unknown>();

  /** Undefined: the block holds whole partitions. */
  readonly place: PartitionPlace | undefined;

  /** @param arena lives as long as the block */
  constructor(columns: readonly FlatVector[], length: number, changes: Ptr, arena: Arena, place?: PartitionPlace) {
    this.place = place;
    this.columns = columns;
    this.length = length;
    this.changes = changes;
    this.arena = arena;
    this.memory = arena.memory;
  }

  get partitions(): Spans {
    return this.spans(0);
  }

  /** Rows that agree on the partition and so many sort keys: with none, the partitions. */
  spans(orderKeys: number): Spans {
    const known = this.#spans.get(orderKeys);
    if (known) return known;
    const spans = { starts: this.u32(), ends: this.u32() };
    this.memory.kernels.spans(this.changes, this.length, orderKeys, spans.starts, spans.ends);
    this.#spans.set(orderKeys, spans);
    return spans;
  }

  /** Numbers such spans from 0 (u32 a row). */
  spanNumbers(orderKeys: number): { readonly numbers: Ptr; readonly count: number } {
    return this.once(`numbers ${orderKeys}`, () => {
      const numbers = this.u32();
      return { numbers, count: this.memory.kernels.spanNumbers(this.changes, this.length, orderKeys, numbers) };
    });
  }

  /** Something that several functions need, made when first asked for. */
  once<T>(key: string, make: () => T): T {
    if (!this.#cache.has(key)) this.#cache.set(key, make());
    return this.#cache.get(key) as T;
  }

  /** Room for a u32 a row, and one more. */
  u32(): Ptr {
    return this.arena.alloc((this.length + 1) * 4);
  }
}
