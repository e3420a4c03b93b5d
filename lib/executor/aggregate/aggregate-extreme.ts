/** min, max, bool_and, bool_or, bit_and, bit_or, bit_xor: folds whose states start as the operation's identity. */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { type DataType, physicalBytes, physicalKind } from "../../arrow/types.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import { Arena } from "../../kernels/arena.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import { type Accumulator, type Argument, SeenGroups } from "./accumulator.ts";
import type { GroupedRows } from "./grouped-rows.ts";
import { IntegerArgument } from "./integer-argument.ts";
import { StateArray } from "./state-array.ts";

/** As the kernels number them. */
export type FoldOperation = "min" | "max" | "and" | "or" | "xor";
const operations: Readonly<Record<FoldOperation, number>> = { min: 0, max: 1, and: 2, or: 3, xor: 4 };

const intIdentity: Readonly<Record<FoldOperation, bigint>> = {
  min: 2n ** 63n - 1n,
  max: -(2n ** 63n),
  and: -1n,
  or: 0n,
  xor: 0n,
};

/** The fold of a type: picks the representation of the state. */
export function foldAccumulator(
  memory: LinearMemory,
  type: DataType,
  operation: FoldOperation,
  mayBeEmpty: boolean,
): Accumulator {
  const kind = physicalKind(type);
  if (kind === "view") return new ViewFold(memory, type, operation === "min" ? "min" : "max");
  if (kind === "i128") return new WideFold(memory, type, operation, mayBeEmpty);
  if (kind === "f32" || kind === "f64") return new FloatFold(memory, type, operation, mayBeEmpty);
  return new IntegerFold(memory, type, operation, mayBeEmpty);
}

abstract class FixedFold implements Accumulator {
  protected readonly memory: LinearMemory;
  protected readonly type: DataType;
  protected readonly operation: number;
  protected readonly fixed: StateArray;
  protected readonly seen: SeenGroups;
  readonly #flatten: FlattenBuffer;

  constructor(memory: LinearMemory, type: DataType, operation: FoldOperation, state: StateArray, mayBeEmpty: boolean) {
    this.memory = memory;
    this.type = type;
    this.operation = operations[operation];
    this.fixed = state;
    this.seen = new SeenGroups(memory, mayBeEmpty);
    this.#flatten = new FlattenBuffer(memory);
  }

  protected abstract fold(rows: GroupedRows, values: FlatVector): void;
  protected abstract values(start: number, n: number, arena: Arena): { data: Ptr; physical: FlatVector["physical"] };

  get bytes(): number {
    return this.fixed.bytes + this.seen.bytes;
  }

  reserve(groups: number): void {
    this.fixed.reserve(groups);
  }

  update(rows: GroupedRows, [argument]: readonly Argument[]): void {
    this.seen.note(rows, argument!.validity);
    this.fold(rows, argument!);
  }

  merge(rows: GroupedRows, [state]: readonly Vector[]): void {
    this.update(rows, [this.#flatten.flatten(state!)]);
  }

  states(start: number, n: number, arena: Arena): FlatVector[] {
    const validity = this.seen.validity(start, n, arena);
    return [{ kind: "flat", type: this.type, length: n, validity, ...this.values(start, n, arena) }];
  }

  clear(): void {
    this.fixed.clear();
    this.seen.clear();
  }

  free(): void {
    this.fixed.free();
    this.seen.free();
    this.#flatten.free();
  }
}

class IntegerFold extends FixedFold {
  readonly #argument: IntegerArgument;

  constructor(memory: LinearMemory, type: DataType, operation: FoldOperation, mayBeEmpty: boolean) {
    super(memory, type, operation, new StateArray(memory, 8, intIdentity[operation]), mayBeEmpty);
    this.#argument = new IntegerArgument(memory);
  }

  protected override fold(rows: GroupedRows, argument: FlatVector): void {
    const values = this.#argument.values(argument);
    const { validity, length } = argument;
    this.memory.kernels.foldInts(rows.groups, values, validity, length, this.fixed.ptr, this.operation);
  }

  protected override values(start: number, n: number, arena: Arena) {
    const physical = physicalKind(this.type);
    const bytes = physicalBytes[physical];
    if (bytes === 8) return { physical, data: this.fixed.copy(start, n, arena) };
    const data = arena.alloc(n * bytes);
    this.memory.kernels.narrowFromI64(this.fixed.at(start), bytes, n, data);
    // A boolean that no row has set must still be 0 or 1.
    if (physical === "bool") this.memory.kernels.lowestBits(data, n);
    return { physical, data };
  }

  override free(): void {
    super.free();
    this.#argument.free();
  }
}

class FloatFold extends FixedFold {
  readonly #wide: GrowableBlock;

  constructor(memory: LinearMemory, type: DataType, operation: FoldOperation, mayBeEmpty: boolean) {
    // NaN is the greatest float, −∞ the least.
    super(
      memory,
      type,
      operation,
      new StateArray(memory, 8, operation === "min" ? nanBits : minusInfinityBits),
      mayBeEmpty,
    );
    this.#wide = new GrowableBlock(memory);
  }

  protected override fold(rows: GroupedRows, { physical, data, validity, length }: FlatVector): void {
    let values = data;
    if (physical === "f32") {
      values = this.#wide.ensure(length * 8);
      this.memory.kernels.widenToF64(data, length, values);
    }
    this.memory.kernels.foldFloats(rows.groups, values, validity, length, this.fixed.ptr, this.operation);
  }

  protected override values(start: number, n: number, arena: Arena) {
    const physical = physicalKind(this.type);
    if (physical === "f64") return { physical, data: this.fixed.copy(start, n, arena) };
    const data = arena.alloc(n * 4);
    this.memory.kernels.narrowToF32(this.fixed.at(start), n, data);
    return { physical, data };
  }

  override free(): void {
    super.free();
    this.#wide.free();
  }
}

const nanBits = 0x7ff8000000000000n;
const minusInfinityBits = 0xfff0000000000000n;

/** Decimals of more than 18 digits; narrow batches are widened. */
class WideFold extends FixedFold {
  readonly #buffer: FlattenBuffer;

  constructor(memory: LinearMemory, type: DataType, operation: FoldOperation, mayBeEmpty: boolean) {
    super(memory, type, operation, new StateArray(memory, 16, wideIdentityHalf(operation)), mayBeEmpty);
    this.#buffer = new FlattenBuffer(memory);
  }

  protected override fold(rows: GroupedRows, argument: FlatVector): void {
    const { data, validity, length } = this.#buffer.toPhysical(argument, "i128");
    this.memory.kernels.foldWide(rows.groups, data, validity, length, this.fixed.ptr, this.operation);
  }

  protected override values(start: number, n: number, arena: Arena) {
    return { physical: "i128" as const, data: this.fixed.copy(start, n, arena) };
  }

  override free(): void {
    super.free();
    this.#buffer.free();
  }
}

/** Both halves of a 128-bit identity that is beyond every decimal of 38 digits (|x| < 10^38 < 2^126.3). */
function wideIdentityHalf(operation: FoldOperation): bigint {
  return operation === "min" ? 0x7fffffffffffffffn : -0x7fffffffffffffffn;
}

/** Least and greatest strings. */
class ViewFold implements Accumulator {
  readonly #memory: LinearMemory;
  readonly #type: DataType;
  readonly #operation: number;
  readonly #states: StateArray;
  readonly #flatten: FlattenBuffer;
  readonly #bytes: Arena;
  readonly #bump: Ptr;
  #bumpEnd = 0;

  constructor(memory: LinearMemory, type: DataType, operation: "min" | "max") {
    this.#memory = memory;
    this.#type = type;
    this.#operation = operations[operation];
    this.#states = new StateArray(memory, 16);
    this.#flatten = new FlattenBuffer(memory);
    this.#bytes = new Arena(memory);
    this.#bump = memory.alloc(4);
    memory.u32[this.#bump >>> 2] = 0;
  }

  get bytes(): number {
    return this.#states.bytes + this.#bytes.bytes;
  }

  reserve(groups: number): void {
    this.#states.reserve(groups);
  }

  update(rows: GroupedRows, [argument]: readonly Argument[]): void {
    const { data, validity, length } = argument!;
    const { kernels } = this.#memory;
    const needed = kernels.keyViewBytes(data, 0, validity, length);
    if (this.#memory.u32[this.#bump >>> 2]! + needed > this.#bumpEnd) {
      const room = Math.max(needed, 64 << 10);
      const next = this.#bytes.alloc(room);
      this.#memory.u32[this.#bump >>> 2] = next;
      this.#bumpEnd = next + room;
    }
    kernels.foldViews(rows.groups, data, validity, length, this.#states.ptr, this.#operation, this.#bump);
  }

  merge(rows: GroupedRows, [state]: readonly Vector[]): void {
    this.update(rows, [this.#flatten.flatten(state!)]);
  }

  states(start: number, n: number, arena: Arena): FlatVector[] {
    this.#states.reserve(start + n);
    const data = arena.alloc(n * 8);
    const present = arena.alloc(n);
    const nulls = this.#memory.kernels.viewStates(this.#states.at(start), n, data, present);
    return [{ kind: "flat", type: this.#type, physical: "view", length: n, data, validity: nulls > 0 ? present : 0 }];
  }

  clear(): void {
    this.#states.clear();
    this.#bytes.free();
    this.#memory.u32[this.#bump >>> 2] = 0;
    this.#bumpEnd = 0;
  }

  free(): void {
    this.#states.free();
    this.#flatten.free();
    this.#bytes.free();
    this.#memory.free(this.#bump);
  }
}
