/** What a join tells the scans of its probe side about its build keys. */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { RowSelector } from "../../arrow/select-rows.ts";
import type { DataType } from "../../arrow/types.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import type { ColumnId, LiteralValue } from "../../expr/expr.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import type { RowSet } from "../expression/row-set.ts";
import type { IntegerRange } from "../keys/key-layout.ts";
import type { RuntimeFilter } from "../scan/scan.ts";
import type { BuildSide } from "./build-side.ts";

/** A scan that can be narrowed before it starts. */
export interface RuntimeFilterTarget {
  addRuntimeFilter(filter: RuntimeFilter): void;
}

/** Finds the scan of a task that gives a column. */
export type RuntimeFilterTargets = (column: ColumnId) => RuntimeFilterTarget | undefined;

const trialRows = 32_768;
/** A membership test that keeps more than this share of the rows costs more than it saves. */
const keptMax = 0.75;

/** Where the keys lie closer than this together, a bit for each possible value tells which are there: 2 MiB. */
const bitsMax = 2 ** 24;

/** The rows that may be among the keys; all of them, once trials have shown that most are. */
abstract class Trial {
  protected readonly memory: LinearMemory;
  protected readonly selector: RowSelector;
  readonly #ids: GrowableBlock;
  #tried = 0;
  #kept = 0;

  constructor(memory: LinearMemory) {
    this.memory = memory;
    this.selector = new RowSelector(memory);
    this.#ids = new GrowableBlock(memory);
  }

  /** Row numbers of the result, of room for n, until the next call. */
  protected room(n: number): Ptr {
    // Kernels of the select family write 16 bytes more.
    return this.#ids.ensure(n * 4 + 16);
  }

  protected abstract find(values: Vector, rows: RowSet): RowSet;

  test(values: Vector, rows: RowSet): RowSet {
    if (this.#tried > trialRows && this.#kept > this.#tried * keptMax) return rows;
    const found = this.find(values, rows);
    this.#tried += rows.count;
    this.#kept += found.count;
    return found;
  }

  free(): void {
    this.selector.free();
    this.#ids.free();
  }
}

/** Looks values up among a join's only key. */
export class Membership extends Trial {
  readonly #side: BuildSide;

  constructor(memory: LinearMemory, side: BuildSide) {
    super(memory);
    this.#side = side;
  }

  protected find(values: Vector, rows: RowSet): RowSet {
    const all = rows.ids === 0;
    if (!all) this.selector.begin(rows.ids, rows.count);
    const found = this.#side.find([all ? values : this.selector.select(values)], rows.count);
    const ids = this.room(found.count);
    if (all) this.memory.u8.copyWithin(ids, found.rows, found.rows + found.count * 4);
    else this.memory.kernels.gather4(rows.ids, found.rows, found.count, ids);
    return { ids, count: found.count };
  }
}

/** A bit for each value between the least and the greatest of one key, be it the join's only one or not. */
export class BitMembership extends Trial {
  readonly #flatten: FlattenBuffer;
  readonly #bounds: Ptr;
  readonly #bits: Ptr;

  /** Undefined where keys are no integers of 4 or 8 bytes, or lie too far apart. */
  static over(memory: LinearMemory, keys: FlatVector, range: IntegerRange): BitMembership | undefined {
    const fits = range.max - range.min < BigInt(bitsMax);
    return fits && widthOf(keys) ? new BitMembership(memory, keys, range) : undefined;
  }

  private constructor(memory: LinearMemory, keys: FlatVector, { min, max }: IntegerRange) {
    super(memory);
    this.#flatten = new FlattenBuffer(memory);
    this.#bounds = memory.alloc(16);
    memory.view.setBigInt64(this.#bounds, min, true);
    memory.view.setBigInt64(this.#bounds + 8, max, true);
    this.#bits = memory.allocZeroed(Math.floor(Number(max - min) / 8) + 1);
    const { kernels } = memory;
    const markBits = widthOf(keys) === 4 ? kernels.markBitsI32 : kernels.markBitsI64;
    markBits(keys.data, keys.validity, keys.length, this.#bounds, this.#bits);
  }

  protected find(values: Vector, rows: RowSet): RowSet {
    const { ids, count } = rows;
    const out = this.room(count);
    const direct = values.kind === "flat" || ids === 0;
    if (!direct) this.selector.begin(ids, count);
    const flat = this.#flatten.flatten(direct ? values : this.selector.select(values));
    // Decimals too wide for 8 bytes are left to the join.
    const width = widthOf(flat);
    if (!width) return rows;
    const { kernels } = this.memory;
    const selectBits = width === 4 ? kernels.selectBitsI32 : kernels.selectBitsI64;
    const listed = direct ? ids : 0;
    const found = selectBits(flat.data, flat.validity, count, listed, this.#bounds, this.#bits, out);
    if (!direct) kernels.gather4(ids, out, found, out);
    return { ids: out, count: found };
  }

  override free(): void {
    super.free();
    this.#flatten.free();
    this.memory.free(this.#bounds);
    this.memory.free(this.#bits);
  }
}

/** Bytes of a value, undefined where there are no bit kernels. */
function widthOf({ physical }: FlatVector): 4 | 8 | undefined {
  return physical === "i32" ? 4 : physical === "i64" ? 8 : undefined;
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
