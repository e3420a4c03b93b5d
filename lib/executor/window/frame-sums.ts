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
import type { Frame, Frames } from "./frames.ts";
import type { WindowBlock, WindowEvaluator } from "./window-block.ts";

const bound64 = 2 ** 62;

/** The number (i64) of rows in each frame; with `passing` (bytes, 0 for all) only of those. */
export function frameCounts(block: WindowBlock, frame: Frame, passing: Ptr): Ptr {
  const { memory, length } = block;
  let prefix: Ptr = 0;
  if (passing !== 0) {
    prefix = block.u32();
    memory.kernels.prefixCounts(passing, length, prefix);
  }
  const counts = block.arena.allocZeroed(length * 8);
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
    const data = frameCounts(block, frame, counted);
    return { kind: "flat", type: types.int64, physical: "i64", length, data, validity: 0 };
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
    const counts = frameCounts(block, frame, validity);
    const present = someCounted(block, counts);
    const sums = { ...this.#sums(block, frame, { ...arg, validity }), validity: present };
    const { fn, type, span } = this.#call;
    if (fn === "sum") return located(span, () => this.#checked(sums, type));
    const scale = arg.type.kind === "decimal" ? arg.type.scale : 0;
    return averages(this.#memory, sums, scale, counts, block.arena);
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
  #sums(block: WindowBlock, frame: Frame, arg: FlatVector): FlatVector {
    const { kernels } = this.#memory;
    const { arena, length } = block;
    const values = this.#integers.addends(arg);
    const type = arg.type.kind === "decimal" ? types.decimal(38, arg.type.scale) : types.int64;
    if (length * 2 ** kernels.sumBits(values, length) <= bound64) {
      const prefix = arena.alloc((length + 1) * 8);
      const data = arena.allocZeroed(length * 8);
      kernels.prefixSums64(values, length, prefix);
      for (const { starts, ends } of frame) kernels.addFrameSums64(prefix, starts, ends, length, data);
      return { kind: "flat", type, physical: "i64", length, data, validity: 0 };
    }
    const prefix = arena.alloc((length + 1) * 16);
    const wide = arena.allocZeroed(length * 16);
    kernels.prefixSums128(values, length, prefix);
    for (const { starts, ends } of frame) kernels.addFrameSums128(prefix, starts, ends, length, wide);
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
