/** The variance family: count, mean and sum of squared deviations of each group. */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { types } from "../../arrow/types.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import type { Arena } from "../../kernels/arena.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import type { Accumulator, Argument } from "./accumulator.ts";
import type { GroupedRows } from "./grouped-rows.ts";
import { StateArray } from "./state-array.ts";

export class MomentsAccumulator implements Accumulator {
  readonly #memory: LinearMemory;
  readonly #counts: StateArray;
  readonly #means: StateArray;
  readonly #squares: StateArray;
  readonly #wide: GrowableBlock;
  readonly #buffers: readonly FlattenBuffer[];

  constructor(memory: LinearMemory) {
    this.#memory = memory;
    this.#counts = new StateArray(memory, 8);
    this.#means = new StateArray(memory, 8);
    this.#squares = new StateArray(memory, 8);
    this.#wide = new GrowableBlock(memory);
    this.#buffers = [new FlattenBuffer(memory), new FlattenBuffer(memory), new FlattenBuffer(memory)];
  }

  get bytes(): number {
    return this.#counts.bytes + this.#means.bytes + this.#squares.bytes;
  }

  reserve(groups: number): void {
    for (const states of [this.#counts, this.#means, this.#squares]) states.reserve(groups);
  }

  update(rows: GroupedRows, [argument]: readonly Argument[]): void {
    const { physical, data, validity, length } = argument!;
    const { kernels } = this.#memory;
    let values = data;
    if (physical === "f32") {
      values = this.#wide.ensure(length * 8);
      kernels.widenToF64(data, length, values);
    }
    const [counts, means, squares] = [this.#counts.ptr, this.#means.ptr, this.#squares.ptr];
    kernels.updateMoments(rows.groups, values, validity, length, counts, means, squares);
  }

  merge(rows: GroupedRows, states: readonly Vector[]): void {
    const [c, m, s] = states.map((state, i) => this.#buffers[i]!.flatten(state).data) as [Ptr, Ptr, Ptr];
    const [counts, means, squares] = [this.#counts.ptr, this.#means.ptr, this.#squares.ptr];
    this.#memory.kernels.mergeMoments(rows.groups, rows.length, c, m, s, counts, means, squares);
  }

  states(start: number, n: number, arena: Arena): FlatVector[] {
    const flat = { kind: "flat", length: n, validity: 0 } as const;
    return [
      { ...flat, type: types.int64, physical: "i64", data: this.#counts.copy(start, n, arena) },
      { ...flat, type: types.float64, physical: "f64", data: this.#means.copy(start, n, arena) },
      { ...flat, type: types.float64, physical: "f64", data: this.#squares.copy(start, n, arena) },
    ];
  }

  variances(sample: boolean, root: boolean, start: number, n: number, arena: Arena): FlatVector {
    const data = arena.alloc(n * 8);
    const validity = arena.alloc(n);
    const [counts, squares] = [this.#counts.at(start), this.#squares.at(start)];
    this.#memory.kernels.variances(counts, squares, n, sample ? 1 : 0, root ? 1 : 0, data, validity);
    return { kind: "flat", type: types.float64, physical: "f64", length: n, data, validity };
  }

  clear(): void {
    for (const states of [this.#counts, this.#means, this.#squares]) states.clear();
  }

  free(): void {
    for (const states of [this.#counts, this.#means, this.#squares]) states.free();
    for (const buffer of this.#buffers) buffer.free();
    this.#wide.free();
  }
}
