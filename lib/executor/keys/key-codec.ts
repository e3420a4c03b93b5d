/**
 * Keys as words. Every key column becomes an integer code (strings through an interner, floats by their canonical
 * bits), offset by the column's least value, and the codes are packed side by side into as few 64-bit words as hold
 * them: most keys of several columns fit in one. The layout is made from the values seen and remade when one does not
 * fit; 0 is the code of NULL in a column that has any.
 */
import { widthOf } from "../../arrow/types.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import type { Arena } from "../../kernels/arena.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import { decodeKeyColumn, decodeKeyValues } from "./key-decode.ts";
import { type IntegerRange, type KeyColumn, KeyLayouts, type Layout, type Place } from "./key-layout.ts";
import { type KeySource, KeySources } from "./key-source.ts";

/** Values of one integer column with the base and limit (i64, u64) of their codes. */
export interface PlainValues {
  readonly kind: "i32" | "u32" | "i64";
  readonly values: Ptr;
  readonly selection: Ptr;
  readonly validity: Ptr;
  readonly range: Ptr;
}

/** Keys of so many rows are recoded at once. */
const recodeStep = 8192;

export class KeyCodec {
  readonly columns: readonly KeyColumn[];
  readonly #memory: LinearMemory;
  readonly #sources: KeySources;
  readonly #layouts: KeyLayouts;
  readonly #bounds: Ptr;
  readonly #words: GrowableBlock;
  readonly #valid: GrowableBlock;
  readonly #wide: GrowableBlock;
  #layout: Layout;

  constructor(memory: LinearMemory, columns: readonly KeyColumn[], hashMask: number) {
    this.columns = columns;
    this.#memory = memory;
    this.#sources = new KeySources(memory, columns, hashMask);
    this.#layouts = new KeyLayouts(memory, columns);
    this.#bounds = memory.alloc(16);
    this.#words = new GrowableBlock(memory);
    this.#valid = new GrowableBlock(memory);
    this.#wide = new GrowableBlock(memory);
    this.#layout = this.#layouts.make(true);
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
    return this.#sources.bytes;
  }

  /**
   * The keys of n rows, widening the layout when needed: then `recode` must be applied to keys made before (given a
   * function from old keys to new ones). Valid until the next call.
   */
  encode(vectors: readonly Vector[], n: number, onLayout: (recode: (keys: Ptr, count: number) => Ptr) => void): Ptr {
    const sources = vectors.map((vector, i) => this.#sources.of(vector, i, "interned, dictionaries by their codes"));
    for (;;) {
      const words = this.#clear(n);
      const first = this.#firstValues(sources);
      const bad = first.length > 0 ? first : this.#encodeAll(sources, n, words, 0);
      if (bad.length === 0) return words;
      const old = this.#layout;
      for (const i of bad) this.#see(i, sources[i]!);
      this.#layout = this.#layouts.make(true);
      onLayout((keys, count) => this.#recode(old, keys, count));
    }
  }

  /** Columns of whose values nothing was known until these came. */
  #firstValues(sources: readonly KeySource[]): number[] {
    const unknown = [...sources.keys()].filter((i) => this.#layouts.isUnknown(i) && sources[i]!.kind !== "i128");
    for (const i of unknown) this.#see(i, sources[i]!);
    return unknown.filter((i) => !this.#layouts.isUnknown(i));
  }

  /** Takes note of the values that `encodeFixed` will have to hold. */
  observe(vectors: readonly Vector[]): void {
    vectors.forEach((vector, i) => {
      this.#see(i, this.#sources.of(vector, i, "interned"));
    });
  }

  /** Ends observing: the layout holds exactly the observed ranges. */
  fix(): void {
    this.#layout = this.#layouts.make(false);
  }

  /** The observed range of a column, undefined when it has no values or is not made of integers. */
  observed(column: number): IntegerRange | undefined {
    const { kind } = this.columns[column]!.type;
    const integers = kind !== "float32" && kind !== "float64" && kind !== "interval";
    return integers && !this.#sources.interner(column) ? this.#layouts.range(column) : undefined;
  }

  /**
   * The keys of n rows in the fixed layout. `valid` has a byte a row: 0 where the row has no key, or one that cannot be
   * among the observed (0 when all have). `intern`: strings may be new. Valid until the next call.
   */
  encodeFixed(vectors: readonly Vector[], n: number, intern: boolean): { words: Ptr; valid: Ptr } {
    const valid = this.#valid.ensure(n);
    this.#memory.u8.fill(1, valid, valid + n);
    const sources = vectors.map((vector, i) => {
      const source = this.#sources.of(vector, i, intern ? "interned" : "unknown");
      // A value that needs two words where all observed ones need one is not among them.
      const tooWide = source.kind === "i128" && !this.#layout.places[i]!.wide;
      return tooWide ? this.#sources.narrowed(source, i, valid) : source;
    });
    const words = this.#clear(n);
    this.#encodeAll(sources, n, words, valid);
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
    const { kind, values, selection, validity } = this.#sources.of(vectors[0]!, 0, "unknown");
    if (kind !== "i32" && kind !== "u32" && kind !== "i64") return undefined;
    return { kind, values, selection, validity, range: place.range };
  }

  /** The columns of keys start … start + n − 1, in memory of the arena. */
  decode(keys: Ptr, start: number, n: number, arena: Arena): FlatVector[] {
    const { words, places } = this.#layout;
    const run = { keys: keys + start * words * 8, words, length: n };
    return this.columns.map(({ type }, i) => {
      return decodeKeyColumn(this.#memory, run, places[i]!, type, this.#sources.interner(i), arena);
    });
  }

  free(): void {
    this.#sources.free();
    this.#layouts.free();
    for (const block of [this.#words, this.#valid, this.#wide]) block.free();
    this.#memory.free(this.#bounds);
  }

  #clear(n: number): Ptr {
    const bytes = n * 8 * this.#layout.words;
    const words = this.#words.ensure(bytes);
    this.#memory.u8.fill(0, words, words + bytes);
    return words;
  }

  /** Takes note of the values of a column. */
  #see(column: number, source: KeySource): void {
    const { kind, values, selection, validity, length } = source;
    if (validity !== 0) this.#layouts.seeNulls(column);
    const interner = this.#sources.interner(column);
    if (interner) this.#layouts.seeIds(column, interner.count);
    else if (kind === "i128") this.#layouts.seeWide(column);
    else {
      const boundsOf = this.#memory.kernels[`bounds${capital(kind)}`];
      if (boundsOf(values, selection, validity, length, this.#bounds) === 0) return;
      const at = this.#bounds >>> 3;
      this.#layouts.seeRange(column, this.#memory.i64[at]!, this.#memory.i64[at + 1]!);
    }
  }

  /** Encodes every column; returns those that do not fit the layout. */
  #encodeAll(sources: readonly KeySource[], n: number, words: Ptr, valid: Ptr): number[] {
    const { places, words: width } = this.#layout;
    const bad: number[] = [];
    sources.forEach((source, i) => {
      const place = places[i]!;
      const { nullIsKey } = this.columns[i]!;
      const unfit = source.validity !== 0 && nullIsKey && place.nullable === 0 && place.nullWord < 0;
      const overfull = source.coded && BigInt(this.#sources.interner(i)!.count - 1) > place.limit;
      if (valid === 0 && (unfit || overfull || (source.kind === "i128" && !place.wide))) bad.push(i);
      else if (this.#encodeColumn(source, place, n, words, width * 8, valid) > 0 && valid === 0) bad.push(i);
    });
    return bad;
  }

  #encodeColumn(source: KeySource, place: Place, n: number, words: Ptr, stride: number, valid: Ptr): number {
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
  #wideValues(source: KeySource, n: number): Ptr {
    if (source.kind === "i128") return source.values;
    const out = this.#wide.ensure(n * 16);
    this.#memory.kernels.widenI64(source.values, n, out);
    return out;
  }

  /** Keys of an older layout in the current one: a new block, which the caller owns. */
  #recode(old: Layout, keys: Ptr, count: number): Ptr {
    const { words, places } = this.#layout;
    const out = this.#memory.allocZeroed(Math.max(count, 1) * words * 8);
    const temporary = new GrowableBlock(this.#memory);
    for (let start = 0; start < count; start += recodeStep) {
      const length = Math.min(recodeStep, count - start);
      const values = temporary.ensure(length * 17);
      const present = values + length * 16;
      const run = { keys: keys + start * old.words * 8, words: old.words, length };
      old.places.forEach((place, i) => {
        const nulls = decodeKeyValues(this.#memory, run, place, values, present);
        const kind = place.wide ? "i128" : "i64";
        const source: KeySource = { kind, values, selection: 0, validity: nulls ? present : 0, length };
        this.#encodeColumn(source, places[i]!, length, out + start * words * 8, words * 8, 0);
      });
    }
    temporary.free();
    return out;
  }
}

function capital<K extends Exclude<KeySource["kind"], "i128">>(kind: K | "i128"): Capitalize<K> {
  return (kind.slice(0, 1).toUpperCase() + kind.slice(1)) as Capitalize<K>;
}
