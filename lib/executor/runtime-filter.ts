/** What a join tells the scans of its probe side about its build keys. */
import { RowSelector } from "../arrow/select-rows.ts";
import type { DataType } from "../arrow/types.ts";
import type { Vector } from "../arrow/vector.ts";
import type { ColumnId, LiteralValue } from "../expr/expr.ts";
import { GrowableBlock } from "../kernels/growable-block.ts";
import type { LinearMemory } from "../kernels/memory.ts";
import type { BuildSide } from "./build-side.ts";
import type { RowSet } from "./expression/row-set.ts";
import type { IntegerRange } from "./key-codec.ts";
import type { RuntimeFilter } from "./scan.ts";

/** A scan that can be narrowed before it starts. */
export interface RuntimeFilterTarget {
  addRuntimeFilter(filter: RuntimeFilter): void;
}

/** Finds the scan of a task that gives a column. */
export type RuntimeFilterTargets = (column: ColumnId) => RuntimeFilterTarget | undefined;

const trialRows = 32_768;
/** A membership test that keeps more than this share of the rows costs more than it saves. */
const keptMax = 0.75;

/** Tests whether values are among a join's only key; stops trying when most are. */
export class Membership {
  readonly #memory: LinearMemory;
  readonly #side: BuildSide;
  readonly #selector: RowSelector;
  readonly #ids: GrowableBlock;
  #tried = 0;
  #kept = 0;

  constructor(memory: LinearMemory, side: BuildSide) {
    this.#memory = memory;
    this.#side = side;
    this.#selector = new RowSelector(memory);
    this.#ids = new GrowableBlock(memory);
  }

  test(values: Vector, rows: RowSet): RowSet {
    if (this.#tried > trialRows && this.#kept > this.#tried * keptMax) return rows;
    const all = rows.ids === 0;
    if (!all) this.#selector.begin(rows.ids, rows.count);
    const found = this.#side.find([all ? values : this.#selector.select(values)], rows.count);
    this.#tried += rows.count;
    this.#kept += found.count;
    const ids = this.#ids.ensure(Math.max(1, found.count) * 4);
    if (all) this.#memory.u8.copyWithin(ids, found.rows, found.rows + found.count * 4);
    else this.#memory.kernels.gather4(rows.ids, found.rows, found.count, ids);
    return { ids, count: found.count };
  }

  free(): void {
    this.#selector.free();
    this.#ids.free();
  }
}

/** Bounds as literals of the key's type; undefined where it has no integers. */
export function literalBounds(
  type: DataType,
  range: IntegerRange,
): { readonly min: LiteralValue; readonly max: LiteralValue } | undefined {
  switch (type.kind) {
    case "int8":
    case "int16":
    case "int32":
    case "date":
      return { min: Number(range.min), max: Number(range.max) };
    case "int64":
    case "decimal":
    case "timestamp":
      return { min: String(range.min), max: String(range.max) };
    default:
      return undefined;
  }
}
