/**
 * sum and avg of floats: running where frames only grow, else over a tree of sums of neighbours; never by subtraction,
 * which would lose what a large value, an infinity or a NaN outside the frame took away.
 */
import { types } from "../../arrow/types.ts";
import type { Vector } from "../../arrow/vector.ts";
import type { WindowCall } from "../../expr/expr.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import type { ArgumentVectors } from "./arguments.ts";
import { Carried, carriedOver, frameCounts, lastEnd, someCounted } from "./frame-sums.ts";
import { type Frame, type Frames, isRunning } from "./frames.ts";
import type { WindowBlock, WindowEvaluator } from "./window-block.ts";

export class FrameFloatSumEvaluator implements WindowEvaluator {
  readonly #memory: LinearMemory;
  readonly #call: WindowCall;
  readonly #arguments: ArgumentVectors;
  readonly #frames: Frames;
  readonly #wide: GrowableBlock;
  readonly #carried = new Carried();
  #carriedSum = 0;

  constructor(memory: LinearMemory, call: WindowCall, args: ArgumentVectors, frames: Frames) {
    this.#memory = memory;
    this.#call = call;
    this.#arguments = args;
    this.#frames = frames;
    this.#wide = new GrowableBlock(memory);
  }

  evaluate(block: WindowBlock): Vector {
    const { kernels } = this.#memory;
    const { arena, length } = block;
    const frame = this.#frames.of(block);
    const arg = this.#arguments.flat(block)[0]!;
    let values = arg.data;
    if (arg.physical === "f32") {
      values = this.#wide.ensure(length * 8);
      kernels.widenToF64(arg.data, length, values);
    }
    let validity = arg.validity;
    const passing = this.#arguments.passing(block);
    if (passing !== 0) {
      validity = arena.alloc(length);
      kernels.bothBytes(passing, arg.validity, length, validity);
    }
    const carried = carriedOver(this.#carried, this.#call, block);
    const data = arena.allocZeroed(length * 8);
    if (isRunning(this.#call)) {
      const first = carried?.first(block) ?? 0;
      const running = runningSums(block, frame, values, validity, first, this.#carriedSum, data);
      const end = carried ? lastEnd(block, frame) : 0;
      if (end > 0) this.#carriedSum = this.#memory.f64[(running >>> 3) + end - 1]!;
    } else treeSums(block, frame, values, validity, data);
    const counts = frameCounts(block, frame, validity, carried);
    if (carried) carried.rows = block.place!.before + lastEnd(block, frame);
    const present = someCounted(block, counts);
    if (this.#call.fn === "avg") {
      const { f64, u32 } = this.#memory;
      // A count is below 2^32.
      for (let row = 0; row < length; row++) f64[(data >>> 3) + row]! /= u32[(counts >>> 2) + row * 2]!;
    }
    return { kind: "flat", type: types.float64, physical: "f64", length, data, validity: present };
  }

  begin(): void {
    this.#carried.clear();
    this.#carriedSum = 0;
  }

  free(): void {
    this.#arguments.free();
    this.#frames.free();
    this.#wide.free();
  }
}

/** Gives the sums up to each row; those before row `first` are not known. */
function runningSums(
  block: WindowBlock,
  [part]: Frame,
  values: Ptr,
  validity: Ptr,
  first: number,
  initial: number,
  out: Ptr,
): Ptr {
  const { memory, length } = block;
  const running = block.arena.allocZeroed(length * 8);
  const { starts } = block.partitions;
  memory.kernels.runningSumsF64(values, validity, starts, first, length, first > 0 ? initial : 0, running);
  const { u32, f64 } = memory;
  const [from, to] = [part!.starts >>> 2, part!.ends >>> 2];
  for (let row = 0; row < length; row++) {
    const end = u32[to + row]!;
    f64[(out >>> 3) + row] = end > u32[from + row]! ? f64[(running >>> 3) + end - 1]! : 0;
  }
  return running;
}

/** Sums of a frame's rows from O(log n) sums of neighbours; Leis et al., "Efficient Processing of Window Functions in Analytical SQL Queries" (VLDB 2015). */
function treeSums(block: WindowBlock, frame: Frame, values: Ptr, validity: Ptr, out: Ptr): void {
  const { memory, length } = block;
  const size = 2 ** Math.ceil(Math.log2(Math.max(1, length)));
  const tree = new Float64Array(2 * size);
  const { u8, u32, f64 } = memory;
  for (let row = 0; row < length; row++) {
    if (validity === 0 || u8[validity + row] !== 0) tree[size + row] = f64[(values >>> 3) + row]!;
  }
  for (let node = size - 1; node > 0; node--) tree[node] = tree[2 * node]! + tree[2 * node + 1]!;
  for (const { starts, ends } of frame) {
    for (let row = 0; row < length; row++) {
      let sum = 0;
      let low = u32[(starts >>> 2) + row]! + size;
      let high = u32[(ends >>> 2) + row]! + size;
      for (; low < high; low >>>= 1, high >>>= 1) {
        if (low & 1) sum += tree[low++]!;
        if (high & 1) sum += tree[--high]!;
      }
      f64[(out >>> 3) + row]! += sum;
    }
  }
}
