/** first_value, last_value, nth_value: one row of the frame, selected and not copied. */
import { readValue } from "../../arrow/value-access.ts";
import type { Vector } from "../../arrow/vector.ts";
import type { WindowCall } from "../../expr/expr.ts";
import type { Ptr } from "../../kernels/memory.ts";
import type { ArgumentVectors } from "./arguments.ts";
import type { Frame, Frames } from "./frames.ts";
import { noRow, selected } from "./neighbours.ts";
import { type PresentRows, presentRows } from "./present-rows.ts";
import type { WindowBlock, WindowEvaluator } from "./window-block.ts";

export class FrameValueEvaluator implements WindowEvaluator {
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
    const base = this.#arguments.flat(block)[0]!;
    const selection = block.u32();
    const { fn, ignoreNulls } = this.#call;
    const skip = ignoreNulls && base.validity !== 0 ? presentRows(block, base.validity) : undefined;
    if (fn === "nth_value") this.#selectNth(block, frame, skip, this.#arguments.of(block)[1]!, selection);
    else selectEnd(block, frame, skip, fn === "last_value", selection);
    return selected(block, base, selection);
  }

  free(): void {
    this.#arguments.free();
    this.#frames.free();
  }

  #selectNth(block: WindowBlock, frame: Frame, skip: PresentRows | undefined, numbers: Vector, selection: Ptr): void {
    const { memory, length } = block;
    const { u32 } = memory;
    for (let row = 0; row < length; row++) {
      const number = readValue(memory, numbers, row) as bigint | null;
      u32[(selection >>> 2) + row] =
        number === null || number < 1n ? noRow : nth(u32, frame, skip, row, Math.min(Number(number), noRow));
    }
  }
}

/** The first row of the frame, or the last one. */
function selectEnd(
  block: WindowBlock,
  frame: Frame,
  skip: PresentRows | undefined,
  last: boolean,
  selection: Ptr,
): void {
  const { u32 } = block.memory;
  const parts = last ? frame.toReversed() : frame;
  for (let row = 0; row < block.length; row++) {
    let found = noRow;
    for (const { starts, ends } of parts) {
      const [from, to] = within(u32, u32[(starts >>> 2) + row]!, u32[(ends >>> 2) + row]!, skip);
      if (from >= to) continue;
      found = rowAt(u32, last ? to - 1 : from, skip);
      break;
    }
    u32[(selection >>> 2) + row] = found;
  }
}

function nth(u32: Uint32Array, frame: Frame, skip: PresentRows | undefined, row: number, number: number): number {
  let left = number - 1;
  for (const { starts, ends } of frame) {
    const [from, to] = within(u32, u32[(starts >>> 2) + row]!, u32[(ends >>> 2) + row]!, skip);
    if (from >= to) continue;
    if (left < to - from) return rowAt(u32, from + left, skip);
    left -= to - from;
  }
  return noRow;
}

/** Rows as positions among the present ones, where others are skipped. */
function within(u32: Uint32Array, from: number, to: number, skip: PresentRows | undefined): readonly [number, number] {
  if (!skip || from >= to) return [from, to];
  return [u32[(skip.before >>> 2) + from]!, u32[(skip.before >>> 2) + to]!];
}

function rowAt(u32: Uint32Array, position: number, skip: PresentRows | undefined): number {
  return skip ? u32[(skip.rows >>> 2) + position]! : position;
}
