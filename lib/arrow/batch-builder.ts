/** Collects rows of many batches into one flat batch. */
import type { LinearMemory, Ptr } from "../kernels/memory.ts";
import { ColumnBuilder } from "./column-builder.ts";
import type { DataType } from "./types.ts";
import type { Batch, FlatVector } from "./vector.ts";

export interface FlatBatch extends Batch {
  readonly columns: readonly FlatVector[];
}

export class BatchBuilder {
  readonly columns: readonly ColumnBuilder[];
  #length = 0;

  constructor(memory: LinearMemory, types: readonly DataType[]) {
    this.columns = types.map((type) => new ColumnBuilder(memory, type));
  }

  get length(): number {
    return this.#length;
  }

  /** Bytes in use. */
  get bytes(): number {
    return this.columns.reduce((sum, column) => sum + column.bytes, 0);
  }

  /** Copies rows of flat vectors: those of the u32 row numbers at `rows`, or the first `count` when it is 0. */
  append(vectors: readonly FlatVector[], rows: Ptr, count: number): void {
    for (const [index, column] of this.columns.entries()) column.append(vectors[index]!, rows, count);
    this.#length += count;
  }

  /** All rows so far; valid until the next append or clear. */
  batch(): FlatBatch {
    return { length: this.#length, columns: this.columns.map((column) => column.vector()) };
  }

  /** Forgets the rows and keeps the room. */
  clear(): void {
    for (const column of this.columns) column.clear();
    this.#length = 0;
  }

  free(): void {
    for (const column of this.columns) column.free();
    this.#length = 0;
  }
}
