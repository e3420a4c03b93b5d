/**
 * Keys as words. Every key column becomes an integer code (strings through an interner, floats by their canonical
 * bits), offset by the column's least value, and the codes are packed side by side into as few 64-bit words as hold
 * them: most keys of several columns fit in one. The layout is made from the values seen and remade when one does not
 * fit; 0 is the code of NULL in a column that has any.
 */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { type DataType, physicalKind, widthOf } from "../../arrow/types.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import { QueryError } from "../../errors.ts";
import type { Arena } from "../../kernels/arena.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import { type CodedIds, StringInterner } from "./string-interner.ts";

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

/** Values of one integer column with the base and limit (i64, u64) of their codes. */
export interface PlainValues {
  readonly kind: "i32" | "u32" | "i64";
  readonly values: Ptr;
  readonly selection: Ptr;
  readonly validity: Ptr;
  readonly range: Ptr;
}

/** Where one column's code lies in a key. */
interface Place {
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

interface Layout {
  readonly words: number;
  /** Bits used, when there is one word. */
  readonly bits: number;
  readonly places: readonly Place[];
}

/** Integers ready to be encoded. */
interface Source {
  readonly kind: "i8" | "i16" | "i32" | "u32" | "i64" | "i128";
  readonly values: Ptr;
  readonly selection: Ptr;
  readonly validity: Ptr;
  readonly length: number;
  /** Instead of values: dictionary codes and the ids they stand for. */
  readonly coded?: CodedIds;
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

export class KeyCodec {
  readonly columns: readonly KeyColumn[];
  readonly #memory: LinearMemory;
  readonly #seen: Seen[];
  readonly #flatten: FlattenBuffer[];
  readonly #scratch: GrowableBlock[];
  readonly #interners: (StringInterner | undefined)[];
  readonly #ranges: Ptr;
  readonly #bounds: Ptr;
  readonly #words: GrowableBlock;
  readonly #valid: GrowableBlock;
  readonly #zeros: GrowableBlock;
  readonly #wide: GrowableBlock;
  #layout: Layout;
  #rangeHalf = 0;
  /** The layout is made by observing: rows may turn out to have no key. */
  #fixed = false;

  constructor(memory: LinearMemory, columns: readonly KeyColumn[], hashMask: number) {
    this.columns = columns;
    this.#memory = memory;
    this.#flatten = columns.map(() => new FlattenBuffer(memory));
    this.#scratch = columns.map(() => new GrowableBlock(memory));
    this.#words = new GrowableBlock(memory);
    this.#valid = new GrowableBlock(memory);
    this.#zeros = new GrowableBlock(memory);
    this.#wide = new GrowableBlock(memory);
    this.#interners = columns.map(({ type }) => (isText(type) ? new StringInterner(memory, hashMask) : undefined));
    this.#ranges = memory.alloc(32 * columns.length);
    this.#bounds = memory.alloc(16);
    this.#seen = columns.map(({ type, range }) => ({
      min: range?.min ?? 0n,
      max: range?.max ?? 0n,
      empty: range === undefined,
      nulls: false,
      wide: false,
      downwards: false,
      ...(type.kind === "float64" && { min: -(2n ** 63n), max: 2n ** 63n - 1n, empty: false }),
    }));
    this.#layout = this.#makeLayout(true);
  }

  /** Words of a key. */
  get words(): number {
    return this.#layout.words;
  }

  /** Bits of a key of one word. */
  get bits(): number {
    return this.#layout.bits;
  }

  /** Bytes held by interned strings. */
  get bytes(): number {
    return this.#interners.reduce((sum, interner) => sum + (interner?.bytes ?? 0), 0);
  }

  /**
   * The keys of n rows, widening the layout when needed: then `recode` must be applied to keys made before (given a
   * function from old keys to new ones). Valid until the next call.
   */
  encode(vectors: readonly Vector[], n: number, onLayout: (recode: (keys: Ptr, count: number) => Ptr) => void): Ptr {
    const sources = vectors.map((vector, i) => this.#source(vector, i, true));
    for (;;) {
      const words = this.#clear(n);
      const first = this.#firstValues(sources);
      const bad = first.length > 0 ? first : this.#encodeAll(sources, n, words, 0);
      if (bad.length === 0) return words;
      const old = this.#layout;
      for (const i of bad) this.#widen(i, sources[i]!);
      this.#layout = this.#makeLayout(true);
      onLayout((keys, count) => this.#recode(old, keys, count));
    }
  }

  /** Columns of whose values nothing was known until these came. */
  #firstValues(sources: readonly Source[]): number[] {
    const unknown = [...sources.keys()].filter((i) => this.#seen[i]!.empty && sources[i]!.kind !== "i128");
    for (const i of unknown) this.#widen(i, sources[i]!);
    return unknown.filter((i) => !this.#seen[i]!.empty);
  }

  /** Takes note of the values that `encodeFixed` will have to hold. */
  observe(vectors: readonly Vector[]): void {
    this.#fixed = true;
    vectors.forEach((vector, i) => {
      this.#widen(i, this.#source(vector, i, true));
    });
  }

  /** Ends observing: the layout holds exactly the observed ranges. */
  fix(): void {
    this.#layout = this.#makeLayout(false);
  }

  /** The observed range of a column, undefined when it has no values or is not made of integers. */
  observed(column: number): IntegerRange | undefined {
    const { empty, min, max, wide } = this.#seen[column]!;
    const { kind } = this.columns[column]!.type;
    if (empty || wide || kind === "float32" || kind === "float64" || kind === "interval" || this.#interners[column])
      return undefined;
    return { min, max };
  }

  /**
   * The keys of n rows in the fixed layout. `valid` has a byte a row: 0 where the row has no key, or one that cannot be
   * among the observed (0 when all have). `intern`: strings may be new. Valid until the next call.
   */
  encodeFixed(vectors: readonly Vector[], n: number, intern: boolean): { words: Ptr; valid: Ptr } {
    const valid = this.#valid.ensure(n);
    this.#memory.u8.fill(1, valid, valid + n);
    const sources = vectors.map((vector, i) => this.#source(vector, i, intern));
    // A value that needs two words where all observed ones need one is not among them.
    const usable = sources.map((source, i) => this.#fitting(source, i, n, valid));
    const words = this.#clear(n);
    this.#encodeAll(usable, n, words, valid);
    return { words, valid };
  }

  /**
   * The only key column's values, when they can be looked up without being encoded first: codes are value − base in the
   * fixed layout. Valid until the next call.
   */
  plainValues(vectors: readonly Vector[]): PlainValues | undefined {
    const place = this.#layout.places[0];
    const { nullIsKey, type } = this.columns[0] ?? { nullIsKey: true };
    if (vectors.length !== 1 || nullIsKey || !place || place.wide || !type || widthOf(type) < 4) return undefined;
    const { kind, values, selection, validity } = this.#source(vectors[0]!, 0, false);
    if (kind !== "i32" && kind !== "u32" && kind !== "i64") return undefined;
    return { kind, values, selection, validity, range: place.range };
  }

  /** The columns of keys start … start + n − 1, in memory of the arena. */
  decode(keys: Ptr, start: number, n: number, arena: Arena): FlatVector[] {
    const { words, places } = this.#layout;
    const from = keys + start * words * 8;
    return this.columns.map(({ type }, i) => this.#decodeColumn(type, places[i]!, from, words, n, i, arena));
  }

  free(): void {
    for (const interner of this.#interners) interner?.free();
    for (const buffer of this.#flatten) buffer.free();
    for (const block of this.#scratch) block.free();
    for (const block of [this.#words, this.#valid, this.#zeros, this.#wide]) block.free();
    this.#memory.free(this.#ranges);
    this.#memory.free(this.#bounds);
  }

  #clear(n: number): Ptr {
    const bytes = n * 8 * this.#layout.words;
    const words = this.#words.ensure(bytes);
    this.#memory.u8.fill(0, words, words + bytes);
    return words;
  }

  /** The rows of a key column as integers. */
  #source(vector: Vector, column: number, intern: boolean): Source {
    const { type } = this.columns[column]!;
    const buffer = this.#flatten[column]!;
    const { length } = vector;
    const interner = this.#interners[column];
    if (interner !== undefined) {
      const coded = intern && !this.#fixed ? interner.internCodes(vector, buffer) : undefined;
      if (coded) return { kind: "u32", values: 0, selection: 0, validity: 0, length, coded };
      const values = intern ? interner.intern(vector, buffer) : interner.lookup(vector, buffer);
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

  #nulls(length: number): { kind: "i8"; values: Ptr; validity: Ptr } {
    const zeros = this.#zeros.ensure(length);
    this.#memory.u8.fill(0, zeros, zeros + length);
    return { kind: "i8", values: zeros, validity: zeros };
  }

  /** Floats by their bits; intervals by their length; wide decimals narrow where all fit. */
  #canonical({ physical, data, validity, length }: FlatVector, column: number): Source {
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

  /** Widens what has been seen of a column by a batch of it. */
  #widen(column: number, source: Source): void {
    const seen = this.#seen[column]!;
    const text = this.#interners[column] !== undefined;
    seen.nulls ||= source.validity !== 0;
    if (text) {
      seen.empty = false;
      seen.max = BigInt(this.#interners[column]!.count - 1);
      seen.min = this.columns[column]!.nullIsKey ? 0n : 1n;
      if (seen.max < seen.min) seen.max = seen.min;
      return;
    }
    if (source.kind === "i128") {
      seen.wide = true;
      return;
    }
    const { values, selection, validity, length } = source;
    const boundsOf = this.#memory.kernels[`bounds${capital(source.kind)}`];
    if (boundsOf(values, selection, validity, length, this.#bounds) === 0) return;
    const low = this.#memory.i64[this.#bounds >>> 3]!;
    const high = this.#memory.i64[(this.#bounds >>> 3) + 1]!;
    if (seen.empty) {
      seen.min = low;
      seen.max = high;
      seen.empty = false;
      return;
    }
    seen.downwards = low < seen.min;
    if (low < seen.min) seen.min = low;
    if (high > seen.max) seen.max = high;
  }

  /** room: use all codes that the bits allow, so that later values fit. */
  #makeLayout(room: boolean): Layout {
    // Alternate halves: the ranges of the previous layout stay readable while keys are recoded.
    this.#rangeHalf ^= 1;
    const half = this.#ranges + this.#rangeHalf * 16 * this.columns.length;
    let word = 0;
    let used = 0;
    const take = (bits: number) => {
      if (used + bits > 64) {
        word++;
        used = 0;
      }
      const at = { word, shift: used };
      used += bits;
      return at;
    };
    const narrow = this.columns.map(({ nullIsKey }, i) => {
      const seen = this.#seen[i]!;
      if (seen.wide) return undefined;
      const text = this.#interners[i] !== undefined;
      const nullable = nullIsKey && seen.nulls && !text ? 1 : 0;
      const codes = seen.max - seen.min + BigInt(nullable);
      const ownNull = codes > full64;
      const bits = ownNull ? 64 : bitLength(codes);
      if (room && !ownNull) useAllCodes(seen, 2n ** BigInt(bits) - 1n - BigInt(nullable), text);
      const base = seen.min;
      const limit = ownNull ? full64 : seen.max - seen.min;
      this.#writeRange(half + 16 * i, base, limit);
      return { ...take(bits), bits, base: BigInt.asIntN(64, base), limit, nullable, ownNull, range: half + 16 * i };
    });
    const ownNulls = this.columns.map(({ nullIsKey }, i) => {
      const seen = this.#seen[i]!;
      const needs = seen.wide ? nullIsKey && seen.nulls : narrow[i]!.ownNull;
      return needs ? take(1) : undefined;
    });
    let words = used === 0 && word === 0 ? 0 : word + 1;
    const places = this.columns.map((_, i): Place => {
      const nullAt = { nullWord: ownNulls[i]?.word ?? -1, nullShift: ownNulls[i]?.shift ?? 0 };
      const place = narrow[i];
      if (place !== undefined) {
        const { ownNull, nullable, ...rest } = place;
        return { ...rest, nullable: ownNull ? 0 : nullable === 1 ? 1 : 0, wide: false, ...nullAt };
      }
      const wide = {
        word: words,
        shift: 0,
        bits: 64,
        base: 0n,
        limit: full64,
        nullable: 0,
        wide: true,
        range: 0,
      } as const;
      words += 2;
      return { ...wide, ...nullAt };
    });
    return { words: Math.max(words, 1), bits: words <= 1 ? used : 64, places };
  }

  #writeRange(at: Ptr, base: bigint, limit: bigint): void {
    this.#memory.i64[at >>> 3] = BigInt.asIntN(64, base);
    this.#memory.i64[(at >>> 3) + 1] = BigInt.asIntN(64, limit);
  }

  /** Encodes every column; returns those that do not fit the layout. */
  #encodeAll(sources: readonly Source[], n: number, words: Ptr, valid: Ptr): number[] {
    const { places, words: width } = this.#layout;
    const bad: number[] = [];
    sources.forEach((source, i) => {
      const place = places[i]!;
      const { nullIsKey } = this.columns[i]!;
      const unfit = source.validity !== 0 && nullIsKey && place.nullable === 0 && place.nullWord < 0;
      const overfull = source.coded && BigInt(this.#interners[i]!.count - 1) > place.limit;
      if (valid === 0 && (unfit || overfull || (source.kind === "i128" && !place.wide))) bad.push(i);
      else if (this.#encodeColumn(source, place, n, words, width * 8, valid) > 0 && valid === 0) bad.push(i);
    });
    return bad;
  }

  #encodeColumn(source: Source, place: Place, n: number, words: Ptr, stride: number, valid: Ptr): number {
    const { kernels } = this.#memory;
    const { selection, validity } = source;
    const at = words + place.word * 8;
    const ownNull = place.nullWord >= 0;
    if (ownNull && validity !== 0) {
      kernels.encodeNull(selection, validity, n, place.nullShift, words + place.nullWord * 8, stride);
    }
    if (source.coded) {
      const { codes, codeBytes, selection, validity, ids } = source.coded;
      const encode =
        codeBytes === 1 ? kernels.encodeCodes8 : codeBytes === 2 ? kernels.encodeCodes16 : kernels.encodeCodes32;
      encode(codes, selection, validity, n, ids, place.shift, at, stride);
      return 0;
    }
    if (place.wide) {
      kernels.encodeI128(this.#wideValues(source, n), validity, n, at, stride, ownNull ? 1 : 0, valid);
      return 0;
    }
    const encodeInts = kernels[`encode${capital(source.kind)}` as "encodeI64"];
    // With a NULL bit of its own, an absent row must not be dropped: its validity is in the bit already.
    const drop = ownNull ? 0 : valid;
    const { shift, nullable, range } = place;
    return encodeInts(source.values, selection, validity, n, range, shift, nullable, at, stride, drop);
  }

  /** Values as i128. */
  #wideValues(source: Source, n: number): Ptr {
    if (source.kind === "i128") return source.values;
    const out = this.#wide.ensure(n * 16);
    this.#memory.kernels.widenI64(source.values, n, out);
    return out;
  }

  #fitting(source: Source, column: number, n: number, valid: Ptr): Source {
    if (source.kind !== "i128" || this.#layout.places[column]!.wide) return source;
    const out = this.#scratch[column]!.ensure(n * 48);
    const { u8, view } = this.#memory;
    for (let row = 0; row < n; row++) {
      const low = view.getBigInt64(source.values + row * 16, true);
      const high = view.getBigInt64(source.values + row * 16 + 8, true);
      const present = source.validity === 0 || u8[source.validity + row] === 1;
      if (present && high !== low >> 63n) u8[valid + row] = 0;
      view.setBigInt64(out + row * 8, low, true);
    }
    return { ...source, kind: "i64", values: out };
  }

  /** Keys of an older layout in the current one: a new block, which the caller owns. */
  #recode(old: Layout, keys: Ptr, count: number): Ptr {
    const { words } = this.#layout;
    const out = this.#memory.allocZeroed(Math.max(count, 1) * words * 8);
    const temporary = new GrowableBlock(this.#memory);
    const step = 8192;
    for (let start = 0; start < count; start += step) {
      const n = Math.min(step, count - start);
      const values = temporary.ensure(n * 17);
      const present = values + n * 16;
      old.places.forEach((place, i) => {
        const from = keys + (start * old.words + place.word) * 8;
        const nulls = this.#decodeRaw(place, keys + start * old.words * 8, from, old.words * 8, n, values, present);
        const kind = place.wide ? "i128" : "i64";
        const source: Source = { kind, values, selection: 0, validity: nulls ? present : 0, length: n };
        this.#encodeColumn(source, this.#layout.places[i]!, n, out + start * words * 8, words * 8, 0);
      });
    }
    temporary.free();
    return out;
  }

  /** Codes → i64 (i128 when wide) and validity; returns whether validity was written. */
  #decodeRaw(place: Place, key: Ptr, at: Ptr, stride: number, n: number, values: Ptr, present: Ptr): boolean {
    const { kernels } = this.#memory;
    if (place.wide) kernels.decodeI128(at, stride, n, values);
    else kernels.decodeInts(at, stride, n, place.shift, place.bits, place.range, place.nullable, 8, values, present);
    if (place.nullWord < 0) return place.nullable === 1;
    kernels.decodeNull(key + place.nullWord * 8, stride, n, place.nullShift, present);
    return true;
  }

  #decodeColumn(
    type: DataType,
    place: Place,
    key: Ptr,
    words: number,
    n: number,
    column: number,
    arena: Arena,
  ): FlatVector {
    const { kernels } = this.#memory;
    const present = arena.alloc(n);
    const at = key + place.word * 8;
    const interner = this.#interners[column];
    const vector = (data: Ptr, validity: Ptr, physical = physicalKind(type)): FlatVector => {
      return { kind: "flat", type, physical, length: n, data, validity };
    };
    if (interner !== undefined) {
      const ids = arena.alloc(n * 4);
      kernels.decodeInts(at, words * 8, n, place.shift, place.bits, place.range, 0, 4, ids, 0);
      const views = arena.alloc(n * 8);
      return vector(views, kernels.viewsOfIds(ids, n, interner.entries, views, present) > 0 ? present : 0);
    }
    const size = widthOf(type);
    if (size <= 8) {
      const data = arena.alloc(n * size);
      let nulls = kernels.decodeInts(
        at,
        words * 8,
        n,
        place.shift,
        place.bits,
        place.range,
        place.nullable,
        size,
        data,
        present,
      );
      if (place.nullWord >= 0)
        nulls = kernels.decodeNull(key + place.nullWord * 8, words * 8, n, place.nullShift, present);
      return vector(data, nulls > 0 ? present : 0);
    }
    const values = arena.alloc(n * 16);
    const validity = this.#decodeRaw(place, key, at, words * 8, n, values, present) ? present : 0;
    if (type.kind !== "interval") return vector(values, validity, place.wide ? "i128" : "i64");
    const lengths = place.wide ? values : arena.alloc(n * 16);
    if (!place.wide) kernels.widenI64(values, n, lengths);
    const intervals = arena.alloc(n * 16);
    kernels.i128ToInterval(lengths, n, intervals);
    return vector(intervals, validity);
  }
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

function isText(type: DataType): boolean {
  return type.kind === "varchar" || type.kind === "binary";
}

function isPlainInteger({ physical }: FlatVector): boolean {
  return physical === "bool" || physical === "i8" || physical === "i16" || physical === "i32" || physical === "i64";
}

function sourceKind(physical: FlatVector["physical"]): Source["kind"] {
  if (physical === "bool" || physical === "i8") return "i8";
  if (physical === "i16" || physical === "i32" || physical === "i64") return physical;
  throw new QueryError("internal", `a key of ${physical} is not an integer`);
}

function capital<K extends Exclude<Source["kind"], "i128">>(kind: K | "i128"): Capitalize<K> {
  return (kind.slice(0, 1).toUpperCase() + kind.slice(1)) as Capitalize<K>;
}

/** Bits of a non-negative number, at least 1. */
function bitLength(x: bigint): number {
  return Math.max(1, x.toString(2).length);
}
