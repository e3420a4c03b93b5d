/**
 * count, and sum and avg of integers and decimals: differences of prefix sums, so that a frame of any size costs the same.
 * Sums are exact: in 64 bits where the values' magnitudes prove that they fit, else in 128.
 */
import { type DataType, types } from "../../arrow/types.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import { located, QueryError } from "../../errors.ts";
import type { WindowCall } from "../../expr/expr.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import { averages } from "../aggregate/aggregate-average.ts";
import { IntegerArgument } from "../aggregate/integer-argument.ts";
import type { ArgumentVectors } from "./arguments.ts";
import { type Frame, type Frames, isRunning } from "./frames.ts";
import type { WindowBlock, WindowEvaluator } from "./window-block.ts";

const bound64 = 2 ** 62;

/** What running frames of a large partition have seen in its earlier blocks. */
export class Carried {
  /** Rows of the partition that are in it. */
  rows = 0;
  count = 0;
  sum = 0n;

  clear(): void {
    this.rows = 0;
    this.count = 0;
    this.sum = 0n;
  }

  /** The first row of the block that is not in it. */
  first(block: WindowBlock): number {
    return this.rows - block.place!.before;
  }
}

/** The end of the last frame that the block gives out. */
export function lastEnd(block: WindowBlock, frame: Frame): number {
  return block.memory.u32[(frame[0]!.ends >>> 2) + block.place!.to - 1]!;
}

/** The number (i64) of rows in each frame; with `passing` (bytes, 0 for all) only of those. */
export function frameCounts(block: WindowBlock, frame: Frame, passing: Ptr, carried?: Carried): Ptr {
  const { memory, length, arena } = block;
  let prefix: Ptr = 0;
  if (passing !== 0 || carried) {
    prefix = arena.allocZeroed((length + 1) * 4);
    memory.kernels.prefixCounts(passing, carried?.first(block) ?? 0, length, carried?.count ?? 0, prefix);
    if (carried) carried.count = memory.u32[(prefix >>> 2) + lastEnd(block, frame)]!;
  }
  const counts = arena.allocZeroed(length * 8);
  for (const { starts, ends } of frame) memory.kernels.addFrameCounts(prefix, starts, ends, length, counts);
  return counts;
}

/** Validity of results over frames of so many rows: 0 when none is empty. */
export function someCounted(block: WindowBlock, counts: Ptr): Ptr {
  const present = block.arena.alloc(block.length);
  return block.memory.kernels.countedRows(counts, block.length, present) === block.length ? 0 : present;
}

export class FrameCountEvaluator implements WindowEvaluator {
  readonly #call: WindowCall;
  readonly #arguments: ArgumentVectors;
  readonly #frames: Frames;
  readonly #carried = new Carried();

  constructor(call: WindowCall, args: ArgumentVectors, frames: Frames) {
    this.#call = call;
    this.#arguments = args;
    this.#frames = frames;
  }

  evaluate(block: WindowBlock): Vector {
    const frame = this.#frames.of(block);
    const { length, memory, arena } = block;
    const [arg] = this.#arguments.flat(block);
    let counted = this.#arguments.passing(block);
    const both = (bytes: Ptr) => {
      const out = arena.alloc(length);
      memory.kernels.bothBytes(bytes, counted, length, out);
      counted = out;
    };
    if (arg?.validity) both(arg.validity);
    if (this.#call.fn === "count_if") both(arg!.data);
    if (arg?.type.kind === "null") counted = arena.allocZeroed(length);
    const carried = carriedOver(this.#carried, this.#call, block);
    const data = frameCounts(block, frame, counted, carried);
    if (carried) carried.rows = block.place!.before + lastEnd(block, frame);
    return { kind: "flat", type: types.int64, physical: "i64", length, data, validity: 0 };
  }

  begin(): void {
    this.#carried.clear();
  }

  free(): void {
    this.#arguments.free();
    this.#frames.free();
  }
}

export class FrameSumEvaluator implements WindowEvaluator {
  readonly #memory: LinearMemory;
  readonly #call: WindowCall;
  readonly #arguments: ArgumentVectors;
  readonly #frames: Frames;
  readonly #integers: IntegerArgument;
  /** For values of more than 64 bits, whose sums could leave 128. */
  readonly #wide: WindowEvaluator;
  readonly #carried = new Carried();

  constructor(memory: LinearMemory, call: WindowCall, args: ArgumentVectors, frames: Frames, wide: WindowEvaluator) {
    this.#memory = memory;
    this.#call = call;
    this.#arguments = args;
    this.#frames = frames;
    this.#wide = wide;
    this.#integers = new IntegerArgument(memory);
  }

  evaluate(block: WindowBlock): Vector {
    const arg = this.#arguments.flat(block)[0]!;
    if (arg.physical === "i128") return this.#wide.evaluate(block);
    const frame = this.#frames.of(block);
    const validity = this.#present(block, arg.validity);
    const carried = carriedOver(this.#carried, this.#call, block);
    const sum = this.#sums(block, frame, { ...arg, validity }, carried);
    const counts = frameCounts(block, frame, validity, carried);
    if (carried) carried.rows = block.place!.before + lastEnd(block, frame);
    const sums = { ...sum, validity: someCounted(block, counts) };
    const { fn, type, span } = this.#call;
    if (fn === "sum") return located(span, () => this.#checked(sums, type));
    const scale = arg.type.kind === "decimal" ? arg.type.scale : 0;
    return averages(this.#memory, sums, scale, counts, block.arena);
  }

  begin(): void {
    this.#carried.clear();
    this.#wide.begin?.();
  }

  free(): void {
    this.#arguments.free();
    this.#frames.free();
    this.#integers.free();
    this.#wide.free();
  }

  #present(block: WindowBlock, validity: Ptr): Ptr {
    const passing = this.#arguments.passing(block);
    if (passing === 0) return validity;
    const out = block.arena.alloc(block.length);
    this.#memory.kernels.bothBytes(passing, validity, block.length, out);
    return out;
  }

  /** In i64 where all fit, else in i128. */
  #sums(block: WindowBlock, frame: Frame, arg: FlatVector, carried: Carried | undefined): FlatVector {
    const { kernels } = this.#memory;
    const { arena, length } = block;
    const values = this.#integers.addends(arg);
    const type = arg.type.kind === "decimal" ? types.decimal(38, arg.type.scale) : types.int64;
    const [first, initial] = [carried?.first(block) ?? 0, arena.allocZeroed(16)];
    if (carried) writeWide(this.#memory, initial, carried.sum);
    if (length * 2 ** kernels.magnitudeBits(values, length) + Math.abs(Number(carried?.sum ?? 0n)) <= bound64) {
      const prefix = arena.allocZeroed((length + 1) * 8);
      const data = arena.allocZeroed(length * 8);
      kernels.prefixSums64(values, first, length, initial, prefix);
      for (const { starts, ends } of frame) kernels.addFrameSums64(prefix, starts, ends, length, data);
      if (carried) carried.sum = this.#memory.i64[(prefix >>> 3) + lastEnd(block, frame)]!;
      return { kind: "flat", type, physical: "i64", length, data, validity: 0 };
    }
    const prefix = arena.allocZeroed((length + 1) * 16);
    const wide = arena.allocZeroed(length * 16);
    kernels.prefixSums128(values, first, length, initial, prefix);
    for (const { starts, ends } of frame) kernels.addFrameSums128(prefix, starts, ends, length, wide);
    if (carried) carried.sum = readWide(this.#memory, prefix + lastEnd(block, frame) * 16);
    if (kernels.countWide(wide, length) > 0) {
      return { kind: "flat", type, physical: "i128", length, data: wide, validity: 0 };
    }
    const data = arena.alloc(length * 8);
    kernels.narrowI128(wide, 0, length, data);
    return { kind: "flat", type, physical: "i64", length, data, validity: 0 };
  }

  #checked(sums: FlatVector, type: DataType): FlatVector {
    if (sums.physical === "i128" && type.kind === "int64") {
      throw new QueryError("overflow", "a sum leaves the range of BIGINT");
    }
    return { ...sums, type };
  }
}

/** What to carry on from block to block: for frames that begin with their partition, where that is given in several. */
export function carriedOver<T>(carried: T, call: WindowCall, block: WindowBlock): T | undefined {
  return block.place && isRunning(call) ? carried : undefined;
}

function readWide({ view }: LinearMemory, at: Ptr): bigint {
  return (view.getBigInt64(at + 8, true) << 64n) | view.getBigUint64(at, true);
}

function writeWide({ view }: LinearMemory, at: Ptr, value: bigint): void {
  view.setBigUint64(at, BigInt.asUintN(64, value), true);
  view.setBigInt64(at + 8, BigInt.asIntN(64, value >> 64n), true);
}
