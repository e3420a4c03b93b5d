/**
 * Exact sums of integers and decimals, and sums of floats. A sum is kept in 64 bits as long as the magnitudes of all
 * batches so far prove that none can have left them; before the proof would fail, it moves to 128 bits.
 */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { type DataType, physicalKind, types } from "../../arrow/types.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import { QueryError } from "../../errors.ts";
import type { Arena } from "../../kernels/arena.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import { type Accumulator, type Argument, SeenGroups } from "./accumulator.ts";
import type { GroupedRows } from "./grouped-rows.ts";
import { IntegerArgument } from "./integer-argument.ts";
import { StateArray } from "./state-array.ts";

const bound64 = 2 ** 62;

export class SumAccumulator implements Accumulator {
  readonly #memory: LinearMemory;
  /** int64, or decimal(38, s). */
  readonly #stateType: DataType;
  readonly #narrow: StateArray;
  readonly #wide: StateArray;
  readonly #seen: SeenGroups;
  readonly #argument: IntegerArgument;
  readonly #flatten: FlattenBuffer;
  #wideUsed = false;
  /** No |narrow sum| is greater. */
  #bound = 0;
  #groups = 0;

  constructor(memory: LinearMemory, stateType: DataType, mayBeEmpty: boolean) {
    this.#memory = memory;
    this.#stateType = stateType;
    this.#narrow = new StateArray(memory, 8);
    this.#wide = new StateArray(memory, 16);
    this.#seen = new SeenGroups(memory, mayBeEmpty);
    this.#argument = new IntegerArgument(memory);
    this.#flatten = new FlattenBuffer(memory);
  }

  get bytes(): number {
    return this.#narrow.bytes + this.#wide.bytes + this.#seen.bytes;
  }

  reserve(groups: number): void {
    this.#groups = groups;
    this.#narrow.reserve(groups);
    if (this.#wideUsed) this.#wide.reserve(groups);
  }

  update(rows: GroupedRows, [argument]: readonly Argument[]): void {
    this.#add(rows, argument!);
  }

  merge(rows: GroupedRows, [state]: readonly Vector[]): void {
    this.#add(rows, this.#flatten.flatten(state!));
  }

  states(start: number, n: number, arena: Arena): FlatVector[] {
    return [this.sums(start, n, arena)];
  }

  /**
   * The sums in the state type: narrow where all fit. A part of a sum may have all of 128 bits, more than 38 digits:
   * with the other parts the result can fit again, and must not depend on how rows were spread.
   */
  sums(start: number, n: number, arena: Arena): FlatVector {
    const { kernels } = this.#memory;
    const validity = this.#seen.validity(start, n, arena);
    const vector = (physical: "i64" | "i128", data: Ptr): FlatVector => {
      return { kind: "flat", type: this.#stateType, physical, length: n, data, validity };
    };
    if (!this.#wideUsed) return vector("i64", this.#narrow.copy(start, n, arena));
    this.#flush();
    const wide = this.#wide.at(start);
    if (kernels.countWide(wide, n) === 0) {
      const data = arena.alloc(n * 8);
      kernels.narrowI128(wide, 0, n, data);
      return vector("i64", data);
    }
    if (physicalKind(this.#stateType) === "i64") throw overflow(this.#stateType);
    return vector("i128", this.#wide.copy(start, n, arena));
  }

  /** The sums as the result of sum(). @throws QueryError overflow */
  results(type: DataType, start: number, n: number, arena: Arena): FlatVector {
    const sums = this.sums(start, n, arena);
    if (sums.physical === "i128") {
      if (physicalKind(type) === "i64" || this.#memory.kernels.countOver38(sums.data, n) > 0) throw overflow(type);
    }
    return { ...sums, type };
  }

  clear(): void {
    this.#narrow.clear();
    this.#wide.clear();
    this.#wideUsed = false;
    this.#seen.clear();
    this.#bound = 0;
  }

  free(): void {
    this.#narrow.free();
    this.#wide.free();
    this.#seen.free();
    this.#argument.free();
    this.#flatten.free();
  }

  #add(rows: GroupedRows, argument: FlatVector): void {
    const { kernels } = this.#memory;
    const { validity, length } = argument;
    this.#seen.note(rows, validity);
    if (argument.physical === "i128") {
      this.#useWide();
      if (kernels.sumI128(rows.groups, argument.data, validity, length, this.#wide.ptr))
        throw overflow(this.#stateType);
      return;
    }
    const values = this.#argument.addends(argument);
    const added = length * 2 ** kernels.magnitudeBits(values, length);
    if (added > bound64) {
      this.#useWide();
      kernels.sumI64To128(rows.groups, values, length, this.#wide.ptr);
      return;
    }
    if (this.#bound + added > bound64) this.#flush();
    this.#bound += added;
    const state = this.#narrow.ptr;
    const order = rows.count === 1 ? undefined : rows.order();
    if (rows.count === 1) kernels.sumAllI64(values, length, state);
    else if (order) kernels.sumOrderedI64(values, order.order, order.offsets, rows.count, state);
    else kernels.sumI64(rows.groups, values, length, state);
  }

  #useWide(): void {
    this.#wideUsed = true;
    this.#wide.reserve(this.#groups);
  }

  /** Moves the narrow sums into the wide ones. */
  #flush(): void {
    this.#useWide();
    this.#memory.kernels.flush128(this.#narrow.ptr, this.#wide.ptr, this.#groups);
    this.#bound = 0;
  }
}

/** Sums of floats, in f64. */
export class FloatSumAccumulator implements Accumulator {
  readonly #memory: LinearMemory;
  readonly #sums: StateArray;
  readonly #seen: SeenGroups;
  readonly #wide: GrowableBlock;
  readonly #flatten: FlattenBuffer;

  constructor(memory: LinearMemory, mayBeEmpty: boolean) {
    this.#memory = memory;
    this.#sums = new StateArray(memory, 8);
    this.#seen = new SeenGroups(memory, mayBeEmpty);
    this.#wide = new GrowableBlock(memory);
    this.#flatten = new FlattenBuffer(memory);
  }

  get bytes(): number {
    return this.#sums.bytes + this.#seen.bytes;
  }

  reserve(groups: number): void {
    this.#sums.reserve(groups);
  }

  update(rows: GroupedRows, [argument]: readonly Argument[]): void {
    this.#add(rows, argument!);
  }

  merge(rows: GroupedRows, [state]: readonly Vector[]): void {
    this.#add(rows, this.#flatten.flatten(state!));
  }

  states(start: number, n: number, arena: Arena): FlatVector[] {
    const validity = this.#seen.validity(start, n, arena);
    const data = this.#sums.copy(start, n, arena);
    return [{ kind: "flat", type: types.float64, physical: "f64", length: n, data, validity }];
  }

  clear(): void {
    this.#sums.clear();
    this.#seen.clear();
  }

  free(): void {
    this.#sums.free();
    this.#seen.free();
    this.#wide.free();
    this.#flatten.free();
  }

  #add(rows: GroupedRows, { physical, data, validity, length }: FlatVector): void {
    this.#seen.note(rows, validity);
    let values = data;
    if (physical === "f32") {
      values = this.#wide.ensure(length * 8);
      this.#memory.kernels.widenToF64(data, length, values);
    }
    this.#memory.kernels.sumF64(rows.groups, values, validity, length, this.#sums.ptr);
  }
}

function overflow(type: DataType): QueryError {
  const what = type.kind === "decimal" ? "38 digits" : "BIGINT";
  return new QueryError("overflow", `a sum leaves the range of ${what}`);
}
