/** Membership of a column in a list of constants: one probe of a hash set. */
import { type DataType, physicalKind, types } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import { ValueWriter } from "../../arrow/value-access.ts";
import type { FlatVector } from "../../arrow/vector.ts";
import { Arena } from "../../kernels/arena.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import { type ColumnTest, keepAll } from "./range-test.ts";

/** Whether InSetTest takes the type: strings, and whatever is an integer of at most 64 bits. */
export function hasInSet(type: DataType): boolean {
  return ["i8", "i16", "i32", "i64", "view"].includes(physicalKind(type));
}

export class InSetTest implements ColumnTest {
  readonly #memory: LinearMemory;
  readonly #arena: Arena;
  readonly #slots: Ptr;
  readonly #mask: number;
  readonly #negate: boolean;
  readonly #keys: ValueWriter;
  readonly #empty: boolean;

  /** @param values not NULL */
  constructor(memory: LinearMemory, type: DataType, values: readonly Value[], negate: boolean) {
    this.#memory = memory;
    this.#arena = new Arena(memory);
    this.#negate = negate;
    this.#empty = values.length === 0;
    let slots = 4;
    while (slots < values.length * 2) slots *= 2;
    this.#mask = slots - 1;
    this.#slots = this.#arena.allocZeroed(slots * 16);
    const views = physicalKind(type) === "view";
    this.#keys = new ValueWriter(memory, views ? type : types.int64);
    const keys = this.#keys.write(views ? values : values.map((value) => BigInt(value as number | bigint)));
    const build = views ? memory.kernels.buildSetView : memory.kernels.buildSetI64;
    build(keys.data, values.length, this.#slots, this.#mask);
  }

  select(values: FlatVector, n: number, ids: Ptr, out: Ptr): number {
    const negate = this.#negate ? 1 : 0;
    if (this.#empty) return negate ? keepAll(this.#memory, n, ids, out) : 0;
    return this.#kernel(values)(values.data, n, ids, this.#slots, this.#mask, negate, out);
  }

  close(): void {
    this.#arena.free();
    this.#keys.free();
  }

  #kernel({ physical }: FlatVector) {
    const { kernels } = this.#memory;
    switch (physical) {
      case "i8":
        return kernels.selectInI8;
      case "i16":
        return kernels.selectInI16;
      case "i32":
        return kernels.selectInI32;
      case "i64":
        return kernels.selectInI64;
      default:
        return kernels.selectInView;
    }
  }
}
