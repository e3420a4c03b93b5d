/** min and max over frames: the row that holds the extreme value, selected and not copied. */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { type PhysicalKind, physicalKind } from "../../arrow/types.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import type { WindowCall } from "../../expr/expr.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import { SortKeyEncoder, sortRows } from "../sort/sort-keys.ts";
import type { ArgumentVectors } from "./arguments.ts";
import type { Frames } from "./frames.ts";
import { selected } from "./neighbours.ts";
import type { WindowBlock, WindowEvaluator } from "./window-block.ts";

/** Numbers of the kernel; values of other kinds are replaced by their ranks. */
const kinds: Readonly<Partial<Record<PhysicalKind, number>>> = {
  bool: 0,
  i8: 1,
  i16: 2,
  i32: 3,
  i64: 4,
  f32: 5,
  f64: 6,
};
const rankKind = 7;

/** Greatest or least; of booleans whether some or all are true. */
const isMax: Readonly<Record<string, boolean>> = { min: false, max: true, bool_and: false, bool_or: true };

export function isExtreme(fn: string): boolean {
  return fn in isMax;
}

export class FrameExtremeEvaluator implements WindowEvaluator {
  readonly #memory: LinearMemory;
  readonly #call: WindowCall;
  readonly #arguments: ArgumentVectors;
  readonly #frames: Frames;
  readonly #encoder: SortKeyEncoder;
  readonly #flatten: FlattenBuffer;

  constructor(memory: LinearMemory, call: WindowCall, args: ArgumentVectors, frames: Frames) {
    this.#memory = memory;
    this.#call = call;
    this.#arguments = args;
    this.#frames = frames;
    this.#encoder = new SortKeyEncoder(memory, [{ descending: false, nullsFirst: false }]);
    this.#flatten = new FlattenBuffer(memory);
  }

  evaluate(block: WindowBlock): Vector {
    const { arena, length } = block;
    const [{ starts, ends }] = this.#frames.of(block) as [{ starts: Ptr; ends: Ptr }];
    const base = this.#arguments.flat(block)[0]!;
    let { validity } = base;
    const passing = this.#arguments.passing(block);
    if (passing !== 0) {
      validity = arena.alloc(length);
      this.#memory.kernels.bothBytes(passing, base.validity, length, validity);
    }
    const kind = kinds[base.physical];
    const values = kind === undefined ? this.#ranks(block, base) : base.data;
    const [queue, out] = [block.u32(), block.u32()];
    const max = isMax[this.#call.fn] ? 1 : 0;
    const { kernels } = this.#memory;
    kernels.frameExtreme(kind ?? rankKind, values, validity, starts, ends, length, max, queue, out);
    return selected(block, base, out);
  }

  free(): void {
    this.#arguments.free();
    this.#frames.free();
    this.#encoder.free();
    this.#flatten.free();
  }

  /** Numbers (u32) in the order of the values. */
  #ranks(block: WindowBlock, base: FlatVector): Ptr {
    const wide = this.#flatten.toPhysical(base, physicalKind(base.type));
    const keys = this.#encoder.encode([wide], block.length);
    const rows = sortRows(this.#memory, keys);
    const ranks = block.u32();
    this.#memory.kernels.keyRanks(keys.starts, rows, block.length, ranks);
    this.#memory.free(rows);
    return ranks;
  }
}
