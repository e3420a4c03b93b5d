/** lag and lead: a row so many rows away. Rows are selected, not copied. */
import { ColumnBuilder } from "../../arrow/column-builder.ts";
import { readValue } from "../../arrow/value-access.ts";
import type { FlatVector, SelectionVector, Vector } from "../../arrow/vector.ts";
import type { WindowCall } from "../../expr/expr.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import type { ArgumentVectors } from "./arguments.ts";
import { type PresentRows, presentRows } from "./present-rows.ts";
import type { WindowBlock, WindowEvaluator } from "./window-block.ts";

export const noRow = 0xffffffff;

export class NeighbourEvaluator implements WindowEvaluator {
  readonly #call: WindowCall;
  readonly #arguments: ArgumentVectors;
  /** The values, and after them those of the default. */
  readonly #both: ColumnBuilder;

  constructor(memory: LinearMemory, call: WindowCall, args: ArgumentVectors) {
    this.#call = call;
    this.#arguments = args;
    this.#both = new ColumnBuilder(memory, call.type);
  }

  evaluate(block: WindowBlock): Vector {
    const [values, , defaults] = this.#arguments.flat(block);
    const offsets = this.#arguments.of(block)[1];
    const selection = block.u32();
    const { noDefault } = this;
    this.#both.clear();
    let base = values!;
    if (!noDefault) {
      this.#both.append(values!, 0, block.length);
      this.#both.append(defaults!, 0, block.length);
      base = this.#both.vector();
    }
    this.#select(block, values!, offsets, selection, noDefault);
    return selected(block, base, selection);
  }

  free(): void {
    this.#arguments.free();
    this.#both.free();
  }

  get noDefault(): boolean {
    const fallback = this.#call.args[2];
    return fallback === undefined || (fallback.kind === "literal" && fallback.value === null);
  }

  #select(
    block: WindowBlock,
    values: FlatVector,
    offsets: Vector | undefined,
    selection: Ptr,
    noDefault: boolean,
  ): void {
    const { fn, ignoreNulls } = this.#call;
    const direction = fn === "lag" ? -1 : 1;
    const { starts, ends } = block.partitions;
    const skip = ignoreNulls && values.validity !== 0 ? presentRows(block, values.validity) : undefined;
    const constant =
      offsets === undefined ? 1 : offsets.kind === "constant" ? readOffset(block, offsets, 0) : undefined;
    const { u32 } = block.memory;
    for (let row = 0; row < block.length; row++) {
      const offset = constant === undefined ? readOffset(block, offsets!, row) : constant;
      let found = noRow;
      if (offset !== null) {
        const at = skip ? skipping(u32, skip, row, offset * direction) : row + offset * direction;
        const inside = at >= u32[(starts >>> 2) + row]! && at < u32[(ends >>> 2) + row]!;
        found = inside ? at : noDefault ? noRow : block.length + row;
      }
      u32[(selection >>> 2) + row] = found;
    }
  }
}

function readOffset(block: WindowBlock, offsets: Vector, row: number): number | null {
  const value = readValue(block.memory, offsets, row) as bigint | null;
  return value === null ? null : Number(value);
}

/** The row so many present rows away; −1 where there is none in the block. */
function skipping(u32: Uint32Array, { before, rows, count }: PresentRows, row: number, distance: number): number {
  if (distance === 0) return row;
  const passed = u32[(before >>> 2) + row]!;
  const at = distance < 0 ? passed + distance : u32[(before >>> 2) + row + 1]! + distance - 1;
  return at < 0 || at >= count ? -1 : u32[(rows >>> 2) + at]!;
}

/** Rows of a column, none where the selection says so. */
export function selected(block: WindowBlock, base: FlatVector, selection: Ptr): SelectionVector {
  return { kind: "selection", type: base.type, length: block.length, selection, outer: true, base };
}
