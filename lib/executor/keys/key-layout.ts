/**
 * How the codes of key columns are packed into words. The layout is made from the values seen so far: a column gets as
 * many bits as its range of values needs, and one code, or a bit of its own, for NULL.
 */
import type { DataType } from "../../arrow/types.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";

/** Least and greatest value a column may have: days, microseconds, unscaled digits. */
export interface IntegerRange {
  readonly min: bigint;
  readonly max: bigint;
}

export interface KeyColumn {
  readonly type: DataType;
  /** NULL is a key like others (grouping, null-safe equality); otherwise a row with a NULL has no key. */
  readonly nullIsKey: boolean;
  /** A first guess of the values' range. */
  readonly range?: IntegerRange;
}

/** Where one column's code lies in a key. */
export interface Place {
  readonly word: number;
  readonly shift: number;
  readonly bits: number;
  readonly base: bigint;
  readonly limit: bigint;
  readonly nullable: 0 | 1;
  /** Two whole words hold the value. */
  readonly wide: boolean;
  /** A bit of its own says NULL: full-range and wide columns. */
  readonly nullWord: number;
  readonly nullShift: number;
  /** base and limit in linear memory. */
  readonly range: Ptr;
}

/** How keys are packed. */
export interface Layout {
  readonly words: number;
  /** Bits used, when there is one word. */
  readonly bits: number;
  readonly places: readonly Place[];
}

/** What has been seen of a column. */
interface Seen {
  min: bigint;
  max: bigint;
  empty: boolean;
  nulls: boolean;
  wide: boolean;
  /** The last widening was downwards: leave room there. */
  downwards: boolean;
}

const full64 = 2n ** 64n - 1n;

/** What has been seen of every key column, and the layouts that hold it. */
export class KeyLayouts {
  readonly #columns: readonly KeyColumn[];
  readonly #memory: LinearMemory;
  readonly #seen: Seen[];
  readonly #ranges: Ptr;
  #rangeHalf = 0;

  constructor(memory: LinearMemory, columns: readonly KeyColumn[]) {
    this.#memory = memory;
    this.#columns = columns;
    this.#ranges = memory.alloc(32 * columns.length);
    this.#seen = columns.map(({ type, range }) => ({
      min: range?.min ?? 0n,
      max: range?.max ?? 0n,
      empty: range === undefined,
      nulls: false,
      wide: false,
      downwards: false,
      ...(type.kind === "float64" && { min: -(2n ** 63n), max: 2n ** 63n - 1n, empty: false }),
    }));
  }

  /** Nothing is known of the column's values yet. */
  isUnknown(column: number): boolean {
    return this.#seen[column]!.empty;
  }

  /** The range of a column that has values, none of which needs two words. */
  range(column: number): IntegerRange | undefined {
    const { empty, wide, min, max } = this.#seen[column]!;
    return empty || wide ? undefined : { min, max };
  }

  /** NULL has come, or may have. */
  seeNulls(column: number): void {
    this.#seen[column]!.nulls = true;
  }

  /** Values of two words have come. */
  seeWide(column: number): void {
    this.#seen[column]!.wide = true;
  }

  /** Strings are known by their ids in an interner, which count from 0, the id of NULL. */
  seeIds(column: number, count: number): void {
    const seen = this.#seen[column]!;
    seen.empty = false;
    seen.min = this.#columns[column]!.nullIsKey ? 0n : 1n;
    seen.max = larger(BigInt(count - 1), seen.min);
  }

  seeRange(column: number, low: bigint, high: bigint): void {
    const seen = this.#seen[column]!;
    if (seen.empty) {
      seen.min = low;
      seen.max = high;
      seen.empty = false;
      return;
    }
    seen.downwards = low < seen.min;
    seen.min = smaller(seen.min, low);
    seen.max = larger(seen.max, high);
  }

  /** A layout for what has been seen. `room`: use all codes that the bits allow, so that later values fit. */
  make(room: boolean): Layout {
    // Alternate halves: the ranges of the previous layout stay readable while keys are recoded.
    this.#rangeHalf ^= 1;
    const half = this.#ranges + this.#rangeHalf * 16 * this.#columns.length;
    const packer = new BitPacker();
    const narrow = this.#columns.map((_, i) => this.#narrowPlace(i, room, half + 16 * i, packer));
    const nullBits = this.#columns.map((_, i) => (this.#needsNullBit(i, narrow[i]) ? packer.take(1) : undefined));
    const { used } = packer;
    let { words } = packer;
    const places = narrow.map((place, i): Place => {
      const nullAt = { nullWord: nullBits[i]?.word ?? -1, nullShift: nullBits[i]?.shift ?? 0 };
      if (place !== undefined) return { ...place.place, ...nullAt };
      words += 2;
      const whole = { word: words - 2, shift: 0, bits: 64, base: 0n, limit: full64 };
      return { ...whole, nullable: 0, wide: true, range: 0, ...nullAt };
    });
    return { words: Math.max(words, 1), bits: words <= 1 ? used : 64, places };
  }

  free(): void {
    this.#memory.free(this.#ranges);
  }

  /** The place of a column of one word or less; undefined for a wide one. */
  #narrowPlace(column: number, room: boolean, range: Ptr, packer: BitPacker): NarrowPlace | undefined {
    const seen = this.#seen[column]!;
    if (seen.wide) return undefined;
    const { nullIsKey, type } = this.#columns[column]!;
    const text = isText(type);
    const nullable = nullIsKey && seen.nulls && !text ? 1 : 0;
    const codes = seen.max - seen.min + BigInt(nullable);
    const ownNull = codes > full64;
    const bits = ownNull ? 64 : bitLength(codes);
    if (room && !ownNull) useAllCodes(seen, 2n ** BigInt(bits) - 1n - BigInt(nullable), text);
    const base = BigInt.asIntN(64, seen.min);
    const limit = ownNull ? full64 : seen.max - seen.min;
    this.#memory.i64[range >>> 3] = base;
    this.#memory.i64[(range >>> 3) + 1] = BigInt.asIntN(64, limit);
    const place = {
      ...packer.take(bits),
      bits,
      base,
      limit,
      nullable: ownNull ? 0 : nullable,
      wide: false,
      range,
    } as const;
    return { place, ownNull };
  }

  #needsNullBit(column: number, narrow: NarrowPlace | undefined): boolean {
    if (narrow !== undefined) return narrow.ownNull;
    return this.#columns[column]!.nullIsKey && this.#seen[column]!.nulls;
  }
}

interface NarrowPlace {
  readonly place: Omit<Place, "nullWord" | "nullShift">;
  /** All codes of the word are values: NULL needs a bit elsewhere. */
  readonly ownNull: boolean;
}

/** Gives out bits of words, never across a word's end. */
class BitPacker {
  #word = 0;
  /** Bits taken of the last word. */
  used = 0;

  get words(): number {
    return this.used === 0 && this.#word === 0 ? 0 : this.#word + 1;
  }

  take(bits: number): { readonly word: number; readonly shift: number } {
    if (this.used + bits > 64) {
      this.#word++;
      this.used = 0;
    }
    const shift = this.used;
    this.used += bits;
    return { word: this.#word, shift };
  }
}

/** Such a key column is known by ids of its values. */
export function isText(type: DataType): boolean {
  return type.kind === "varchar" || type.kind === "binary";
}

/** Widens a range to all values that the codes can tell, so that they count as seen: later layouts must hold them. */
function useAllCodes(seen: Seen, limit: bigint, text: boolean): void {
  if (seen.downwards && !text) seen.min = larger(seen.max - limit, -(2n ** 63n));
  seen.max = smaller(seen.min + limit, 2n ** 63n - 1n);
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** Bits of a non-negative number, at least 1. */
function bitLength(x: bigint): number {
  return Math.max(1, x.toString(2).length);
}
