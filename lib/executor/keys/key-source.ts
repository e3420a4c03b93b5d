/**
 * The rows of key columns as integers: strings as ids of an interner, floats by their canonical bits, intervals by their
 * length, decimals as i64 where all fit.
 */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { widthOf } from "../../arrow/types.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import { QueryError } from "../../errors.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import { isText, type KeyColumn } from "./key-layout.ts";
import { type CodedIds, StringInterner } from "./string-interner.ts";

/** Integers ready to be encoded. */
export interface KeySource {
  readonly kind: "i8" | "i16" | "i32" | "u32" | "i64" | "i128";
  readonly values: Ptr;
  readonly selection: Ptr;
  readonly validity: Ptr;
  readonly length: number;
  /** Instead of values: dictionary codes and the ids they stand for. */
  readonly coded?: CodedIds;
}

/** What strings that were not seen before become. */
export type NewStrings = "interned" | "interned, dictionaries by their codes" | "unknown";

export class KeySources {
  readonly #columns: readonly KeyColumn[];
  readonly #memory: LinearMemory;
  readonly #flatten: FlattenBuffer[];
  readonly #scratch: GrowableBlock[];
  readonly #interners: readonly (StringInterner | undefined)[];
  readonly #zeros: GrowableBlock;

  constructor(memory: LinearMemory, columns: readonly KeyColumn[], hashMask: number) {
    this.#columns = columns;
    this.#memory = memory;
    this.#flatten = columns.map(() => new FlattenBuffer(memory));
    this.#scratch = columns.map(() => new GrowableBlock(memory));
    this.#interners = columns.map(({ type }) => (isText(type) ? new StringInterner(memory, hashMask) : undefined));
    this.#zeros = new GrowableBlock(memory);
  }

  /** Bytes held by interned strings. */
  get bytes(): number {
    return this.#interners.reduce((sum, interner) => sum + (interner?.bytes ?? 0), 0);
  }

  /** The ids of a column of strings. */
  interner(column: number): StringInterner | undefined {
    return this.#interners[column];
  }

  /** The rows of a key column as integers. */
  of(vector: Vector, column: number, newStrings: NewStrings): KeySource {
    const { type } = this.#columns[column]!;
    const buffer = this.#flatten[column]!;
    const { length } = vector;
    const interner = this.#interners[column];
    if (interner !== undefined) {
      const byCodes = newStrings === "interned, dictionaries by their codes";
      const coded = byCodes ? interner.internCodes(vector, buffer) : undefined;
      if (coded) return { kind: "u32", values: 0, selection: 0, validity: 0, length, coded };
      const unknown = newStrings === "unknown";
      const values = unknown ? interner.lookup(vector, buffer) : interner.intern(vector, buffer);
      return { kind: "u32", values, selection: 0, validity: 0, length };
    }
    if (type.kind === "null") return { ...this.#nulls(length), selection: 0, length };
    // Wide decimals may have to be widened, which is done on flat values.
    const direct = vector.kind === "selection" && !vector.outer && widthOf(type) <= 8;
    if (direct && vector.base.kind === "flat" && isPlainInteger(vector.base)) {
      const { physical, data, validity } = vector.base;
      return { kind: sourceKind(physical), values: data, selection: vector.selection, validity, length };
    }
    const flat = buffer.flatten(vector);
    if (isPlainInteger(flat)) {
      return { kind: sourceKind(flat.physical), values: flat.data, selection: 0, validity: flat.validity, length };
    }
    return this.#canonical(flat, column);
  }

  /** A column of nothing but NULL. */
  #nulls(length: number): { kind: "i8"; values: Ptr; validity: Ptr } {
    const zeros = this.#zeros.ensure(length);
    this.#memory.u8.fill(0, zeros, zeros + length);
    return { kind: "i8", values: zeros, validity: zeros };
  }

  /** Floats by their bits; intervals by their length; wide decimals narrow where all fit. */
  #canonical({ physical, data, validity, length }: FlatVector, column: number): KeySource {
    const { kernels } = this.#memory;
    const out = this.#scratch[column]!.ensure(length * 48);
    const rest = { selection: 0, validity, length };
    if (physical === "f64") {
      kernels.canonicalF64(data, length, out);
      return { kind: "i64", values: out, ...rest };
    }
    if (physical === "f32") {
      kernels.canonicalF32(data, length, out);
      return { kind: "u32", values: out, ...rest };
    }
    let wide = data;
    if (physical === "interval") {
      wide = out + length * 16;
      kernels.intervalToI128(data, length, wide);
    }
    if (kernels.narrowI128(wide, validity, length, out) === 0) return { kind: "i64", values: out, ...rest };
    return { kind: "i128", values: wide, ...rest };
  }

  /** Values of two words as i64; `valid` (a byte a row) becomes 0 where one does not fit. */
  narrowed(source: KeySource, column: number, valid: Ptr): KeySource {
    const out = this.#scratch[column]!.ensure(source.length * 48);
    const { u8, view } = this.#memory;
    for (let row = 0; row < source.length; row++) {
      const low = view.getBigInt64(source.values + row * 16, true);
      const high = view.getBigInt64(source.values + row * 16 + 8, true);
      const present = source.validity === 0 || u8[source.validity + row] === 1;
      if (present && high !== low >> 63n) u8[valid + row] = 0;
      view.setBigInt64(out + row * 8, low, true);
    }
    return { ...source, kind: "i64", values: out };
  }

  free(): void {
    for (const interner of this.#interners) interner?.free();
    for (const buffer of this.#flatten) buffer.free();
    for (const block of this.#scratch) block.free();
    this.#zeros.free();
  }
}

function isPlainInteger({ physical }: FlatVector): boolean {
  return physical === "bool" || physical === "i8" || physical === "i16" || physical === "i32" || physical === "i64";
}

function sourceKind(physical: FlatVector["physical"]): KeySource["kind"] {
  if (physical === "bool" || physical === "i8") return "i8";
  if (physical === "i16" || physical === "i32" || physical === "i64") return physical;
  throw new QueryError("internal", `a key of ${physical} is not an integer`);
}
