/** Tests of a column against constants that are ranges: = <> < <= > >= and their conjunctions, one pass per range. */
import { type DataType, type PhysicalKind, physicalKind } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import type { FlatVector } from "../../arrow/vector.ts";
import type { Expr } from "../../expr/expr.ts";
import { valueOfLiteral } from "../../expr/value.ts";
import { sameExpr } from "../../expr/walk.ts";
import { Arena } from "../../kernels/arena.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";

/** Writes the rows that pass, as the kernels of the select family do, and returns their count. */
export interface ColumnTest {
  select(values: FlatVector, n: number, ids: Ptr, out: Ptr): number;
  close(): void;
}

/** low ≤ x ≤ high, or not so; undefined bounds are open. Exact: bigints. Floats: numbers, and whether NaN is inside. */
export interface Range {
  readonly input: Expr;
  readonly type: DataType;
  readonly low: bigint | number;
  readonly high: bigint | number;
  readonly nan: boolean;
  readonly negate: boolean;
}

const mirrored: Readonly<Record<string, string>> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>" };

/** Beyond every value of 128 bits. */
const huge = 1n << 200n;

/** The comparison of a column with a constant, the column on the left; undefined: something else. */
export function columnComparison(expr: Expr): { input: Expr; type: DataType; op: string; value: Value } | undefined {
  if (expr.kind !== "call" || expr.args.length !== 2 || !(expr.fn in mirrored)) return undefined;
  const [a, b] = expr.args as [Expr, Expr];
  const [left, right, op] = b.kind === "literal" ? [a, b, expr.fn] : [b, a, mirrored[expr.fn]!];
  if (right.kind !== "literal" || left.kind === "literal" || left.type.kind !== right.type.kind) return undefined;
  const value = valueOfLiteral(right.type, right.value);
  return value === null ? undefined : { input: left, type: left.type, op, value };
}

export function rangeOf(expr: Expr): Range | undefined {
  const comparison = columnComparison(expr);
  if (!comparison) return undefined;
  const { input, type, op, value } = comparison;
  switch (physicalKind(type)) {
    case "view":
    case "interval":
      return undefined;
    case "f32":
    case "f64":
      return { input, type, ...floatRange(op, value as number) };
    default:
      return { input, type, nan: false, ...exactRange(op, BigInt(value as bigint | number | boolean)) };
  }
}

function exactRange(op: string, value: bigint): { low: bigint; high: bigint; negate: boolean } {
  switch (op) {
    case "<":
      return { low: -huge, high: value - 1n, negate: false };
    case "<=":
      return { low: -huge, high: value, negate: false };
    case ">":
      return { low: value + 1n, high: huge, negate: false };
    case ">=":
      return { low: value, high: huge, negate: false };
    default:
      return { low: value, high: value, negate: op === "<>" };
  }
}

const infinity = Number.POSITIVE_INFINITY;

/** Greater is the complement of less or equal, so that NaN, the greatest, falls on the right side. */
function floatRange(op: string, value: number): { low: number; high: number; nan: boolean; negate: boolean } {
  const isNan = Number.isNaN(value);
  switch (op) {
    case "<":
      return { low: -infinity, high: isNan ? infinity : below(value), nan: false, negate: false };
    case ">=":
      return { low: -infinity, high: isNan ? infinity : below(value), nan: false, negate: true };
    case "<=":
      return { low: -infinity, high: isNan ? infinity : value, nan: isNan, negate: false };
    case ">":
      return { low: -infinity, high: isNan ? infinity : value, nan: isNan, negate: true };
    default:
      return isNan
        ? { low: infinity, high: -infinity, nan: true, negate: op === "<>" }
        : { low: value, high: value, nan: false, negate: op === "<>" };
  }
}

/** The next double below; below −∞ there is none: NaN, which no comparison passes. */
function below(value: number): number {
  if (value === -infinity) return Number.NaN;
  if (value === 0) return -Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + (value > 0 ? -1n : 1n));
  return view.getFloat64(0);
}

/** The complement, NULL aside. */
export function negatedRange(range: Range): Range {
  return { ...range, negate: !range.negate };
}

/** Both at once, when one range can say it. */
export function intersect(a: Range, b: Range): Range | undefined {
  if (!sameExpr(a.input, b.input) || a.negate || b.negate || typeof a.low !== "bigint" || typeof b.low !== "bigint") {
    return undefined;
  }
  const narrower = (x: Range, y: Range, side: "low" | "high") => (x[side] < y[side] === (side === "low") ? y : x)[side];
  return { ...a, low: narrower(a, b, "low"), high: narrower(a, b, "high") };
}

const integerBits: Partial<Record<PhysicalKind, bigint>> = {
  i8: 8n,
  i16: 16n,
  i32: 32n,
  i64: 64n,
  i128: 128n,
  bool: 8n,
};

export class RangeTest implements ColumnTest {
  readonly #memory: LinearMemory;
  readonly #range: Range;
  readonly #arena: Arena;
  /** By layout: the bounds clamped to it, in memory where the kernel wants them there; null: no value is inside. */
  readonly #bounds = new Map<PhysicalKind, { low: number; high: number; ptr: Ptr } | null>();

  constructor(memory: LinearMemory, range: Range) {
    this.#memory = memory;
    this.#range = range;
    this.#arena = new Arena(memory);
  }

  select(values: FlatVector, n: number, ids: Ptr, out: Ptr): number {
    const { kernels } = this.#memory;
    const { physical, data } = values;
    const negate = this.#range.negate ? 1 : 0;
    if (physical === "f64" || physical === "f32") {
      const { low, high, nan } = this.#range as { low: number; high: number; nan: boolean };
      const kernel = physical === "f64" ? kernels.selectRangeF64 : kernels.selectRangeF32;
      return kernel(data, n, ids, low, high, nan ? 1 : 0, negate, out);
    }
    const bounds = this.#boundsFor(physical);
    if (bounds === null) return negate ? keepAll(this.#memory, n, ids, out) : 0;
    switch (physical) {
      case "bool":
      case "i8":
        return kernels.selectRangeI8(data, n, ids, bounds.low, bounds.high, negate, out);
      case "i16":
        return kernels.selectRangeI16(data, n, ids, bounds.low, bounds.high, negate, out);
      case "i32":
        return kernels.selectRangeI32(data, n, ids, bounds.low, bounds.high, negate, out);
      case "i64":
        return kernels.selectRangeI64(data, n, ids, bounds.ptr, negate, out);
      default:
        return kernels.selectRangeI128(data, n, ids, bounds.ptr, negate, out);
    }
  }

  close(): void {
    this.#arena.free();
    this.#bounds.clear();
  }

  #boundsFor(physical: PhysicalKind): { low: number; high: number; ptr: Ptr } | null {
    const known = this.#bounds.get(physical);
    if (known !== undefined) return known;
    const limit = 1n << (integerBits[physical]! - 1n);
    const range = this.#range as { low: bigint; high: bigint };
    const low = range.low < -limit ? -limit : range.low;
    const high = range.high >= limit ? limit - 1n : range.high;
    const bounds = low > high ? null : { low: Number(low), high: Number(high), ptr: this.#write(physical, low, high) };
    this.#bounds.set(physical, bounds);
    return bounds;
  }

  #write(physical: PhysicalKind, low: bigint, high: bigint): Ptr {
    const ptr = this.#arena.alloc(32);
    const width = physical === "i128" ? 16 : 8;
    for (const [i, bound] of [low, high].entries()) {
      this.#memory.view.setBigInt64(ptr + i * width, BigInt.asIntN(64, bound), true);
      if (width === 16) this.#memory.view.setBigInt64(ptr + i * width + 8, BigInt.asIntN(64, bound >> 64n), true);
    }
    return ptr;
  }
}

/** All of the rows. */
export function keepAll(memory: LinearMemory, n: number, ids: Ptr, out: Ptr): number {
  if (ids === 0) for (let i = 0; i < n; i++) memory.u32[(out >>> 2) + i] = i;
  else if (ids !== out) memory.u8.copyWithin(out, ids, ids + n * 4);
  return n;
}
