/** Rows held to be sorted: their columns, and the sort keys that are no columns. */
import { BatchBuilder } from "../../arrow/batch-builder.ts";
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { RowSelector } from "../../arrow/select-rows.ts";
import { sliceVector } from "../../arrow/slice.ts";
import type { DataType } from "../../arrow/types.ts";
import type { Batch, FlatVector, SelectionVector, Vector } from "../../arrow/vector.ts";
import type { Column, SortKey } from "../../expr/expr.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import type { KeyColumns } from "../keys/key-columns.ts";
import { SortKeyEncoder, sortBytes, sortRows } from "./sort-keys.ts";

export class SortBuffer {
  /** Types of the columns, then of the computed keys. */
  readonly types: readonly DataType[];
  /** Where each sort key stands among them. */
  readonly keyPositions: readonly number[];
  readonly #memory: LinearMemory;
  readonly #keys: KeyColumns;
  readonly #flatten: readonly FlattenBuffer[];
  readonly #selector: RowSelector;
  readonly #encoder: SortKeyEncoder;
  #builder: BatchBuilder;
  #order: Ptr = 0;

  constructor(memory: LinearMemory, columns: readonly Column[], keys: readonly SortKey[], keyColumns: KeyColumns) {
    const computed = keys.filter((_, i) => keyColumns.positions[i] === undefined);
    let next = columns.length;
    this.#memory = memory;
    this.#keys = keyColumns;
    this.types = [...columns.map(({ type }) => type), ...computed.map(({ expr }) => expr.type)];
    this.keyPositions = keyColumns.positions.map((position) => position ?? next++);
    this.#flatten = this.types.map(() => new FlattenBuffer(memory));
    this.#selector = new RowSelector(memory);
    this.#encoder = new SortKeyEncoder(memory, keys);
    this.#builder = new BatchBuilder(memory, this.types);
  }

  get length(): number {
    return this.#builder.length;
  }

  /** Bytes that the rows take, with what sorting them will take on top. */
  get bytes(): number {
    const keyBytes = this.keyPositions.reduce((sum, position) => sum + this.#builder.columns[position]!.bytes, 0);
    return this.#builder.bytes + sortBytes(this.length, keyBytes);
  }

  /** Adds a batch, or `count` of its rows when row numbers (u32) are given. `keys` are the batch's key vectors if known. */
  append(batch: Batch, rows?: { readonly ptr: Ptr; readonly count: number }, keys?: readonly Vector[]): void {
    const computed = (keys ?? this.#computedKeys(batch)).filter((_, i) => this.#keys.positions[i] === undefined);
    let vectors: readonly Vector[] = [...batch.columns, ...computed];
    if (rows) {
      this.#selector.begin(rows.ptr, rows.count);
      vectors = vectors.map((vector) => this.#selector.select(vector));
    }
    const flat = vectors.map((vector, index) => this.#flatten[index]!.flatten(vector));
    this.#builder.append(flat, 0, rows?.count ?? batch.length);
  }

  /** Sorts what is there: afterwards `batch` gives rows in order, until the next append or clear. */
  sort(): void {
    this.#freeOrder();
    const keys = this.#encoder.encodeAlone(this.#keyVectors(), this.length);
    this.#order = sortRows(this.#memory, keys);
    this.#encoder.free();
  }

  /** Rows [from, to) of the order, columns first, then computed keys. */
  batch(from: number, to: number): Batch {
    const selection = this.#order + from * 4;
    const columns = this.#builder.batch().columns.map(
      (base): SelectionVector => ({
        kind: "selection",
        type: base.type,
        length: to - from,
        selection,
        outer: false,
        base,
      }),
    );
    return { length: to - from, columns };
  }

  /** Forgets all rows but the first `count` of the order; they stay sorted. */
  keepFirst(count: number): void {
    const kept = new BatchBuilder(this.#memory, this.types);
    kept.append(this.#builder.batch().columns, this.#order, Math.min(count, this.length));
    this.#builder.free();
    this.#builder = kept;
    this.#freeOrder();
  }

  /** The last row's keys, as vectors of length 1. */
  lastKeys(): readonly FlatVector[] {
    return this.#keyVectors().map((vector) => sliceVector(vector, vector.length - 1, vector.length) as FlatVector);
  }

  clear(): void {
    this.#builder.free();
    this.#freeOrder();
  }

  free(): void {
    this.clear();
    for (const buffer of this.#flatten) buffer.free();
    this.#selector.free();
    this.#encoder.free();
  }

  #computedKeys(batch: Batch): readonly Vector[] {
    return this.#keys.positions.includes(undefined) ? this.#keys.evaluate(batch) : [];
  }

  #keyVectors(): readonly FlatVector[] {
    return this.keyPositions.map((position) => this.#builder.columns[position]!.vector());
  }

  #freeOrder(): void {
    this.#memory.free(this.#order);
    this.#order = 0;
  }
}
