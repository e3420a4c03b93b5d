/** Counts. Rows of groups are counted once for all calls; count(x) keeps only its difference from that: the NULLs. */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { types } from "../../arrow/types.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import type { Arena } from "../../kernels/arena.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import type { Accumulator, Argument } from "./accumulator.ts";
import type { GroupedRows } from "./grouped-rows.ts";
import { StateArray } from "./state-array.ts";

/** Rows by group. */
export class RowCounts {
  readonly #memory: LinearMemory;
  readonly counts: StateArray;

  constructor(memory: LinearMemory) {
    this.#memory = memory;
    this.counts = new StateArray(memory, 8);
  }

  reserve(groups: number): void {
    this.counts.reserve(groups);
  }

  update(rows: GroupedRows): void {
    const { kernels } = this.#memory;
    if (rows.count === 1) {
      this.#memory.i64[this.counts.ptr >>> 3]! += BigInt(rows.length);
      return;
    }
    const order = rows.order();
    if (order) kernels.countOrdered(order.offsets, rows.count, this.counts.ptr);
    else kernels.countRows(rows.groups, 0, rows.length, this.counts.ptr);
  }

  clear(): void {
    this.counts.clear();
  }

  free(): void {
    this.counts.free();
  }
}

export class CountAccumulator implements Accumulator {
  readonly #memory: LinearMemory;
  readonly #rows: RowCounts;
  /** What to add to the rows; only kept once there is a difference. */
  readonly #difference: StateArray;
  readonly #flatten: FlattenBuffer;
  #differs = false;
  #groups = 0;

  constructor(memory: LinearMemory, rows: RowCounts) {
    this.#memory = memory;
    this.#rows = rows;
    this.#difference = new StateArray(memory, 8);
    this.#flatten = new FlattenBuffer(memory);
  }

  get bytes(): number {
    return this.#difference.bytes;
  }

  reserve(groups: number): void {
    this.#groups = groups;
    if (this.#differs) this.#difference.reserve(groups);
  }

  /** The argument is absent (count(*)) or says by its validity which rows count. */
  update(rows: GroupedRows, [argument]: readonly Argument[]): void {
    if (argument === undefined || argument.validity === 0) return;
    this.#differ();
    this.#memory.kernels.uncountRows(rows.groups, argument.validity, rows.length, this.#difference.ptr);
  }

  merge(rows: GroupedRows, [state]: readonly Vector[]): void {
    this.#differ();
    const { data, length } = this.#flatten.flatten(state!);
    this.#memory.kernels.sumI64(rows.groups, data, length, this.#difference.ptr);
  }

  states(start: number, n: number, arena: Arena): FlatVector[] {
    return [
      { kind: "flat", type: types.int64, physical: "i64", length: n, data: this.counts(start, n, arena), validity: 0 },
    ];
  }

  /** i64 a group. */
  counts(start: number, n: number, arena: Arena): Ptr {
    this.#rows.reserve(start + n);
    const counts = this.#rows.counts.copy(start, n, arena);
    if (this.#differs) this.#memory.kernels.addCounts(this.#difference.at(start), n, counts);
    return counts;
  }

  clear(): void {
    this.#difference.clear();
    this.#differs = false;
  }

  free(): void {
    this.#difference.free();
    this.#flatten.free();
  }

  #differ(): void {
    this.#differs = true;
    this.#difference.reserve(this.#groups);
  }
}
