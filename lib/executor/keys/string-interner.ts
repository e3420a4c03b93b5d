/** Numbers distinct strings 1, 2, 3, …; 0 is NULL. So string keys become integers like all others. */
import type { FlattenBuffer } from "../../arrow/flatten.ts";
import type { Dictionary, Vector } from "../../arrow/vector.ts";
import { Arena } from "../../kernels/arena.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";

/** What lookups give for a string that is not known. */
export const unknownId = 0xffffffff;
const unmapped = 0xfffffffe;
const firstSlotBits = 8;
const copyBlockBytes = 64 << 10;
/** Dictionaries of at most this many entries are interned as a whole. */
const wholeDictionaryMax = 1024;
/** Beyond this many remembered dictionaries the oldest are forgotten: their codes would be mapped anew. */
const dictionariesMax = 64;

interface DictionaryIds {
  readonly ids: Ptr;
  readonly entries: number;
  /** Every entry has its id. */
  complete: boolean;
}

/** A dictionary column whose entries all have ids: codes lead to them directly. */
export interface CodedIds {
  readonly codes: Ptr;
  readonly codeBytes: 1 | 2 | 4;
  readonly selection: Ptr;
  readonly validity: Ptr;
  /** u32 by code. */
  readonly ids: Ptr;
}

export class StringInterner {
  readonly #memory: LinearMemory;
  readonly #hashMask: number;
  /** Copies of the strings. */
  readonly #bytes: Arena;
  readonly #ids: GrowableBlock;
  readonly #missed: GrowableBlock;
  readonly #missedIds: GrowableBlock;
  readonly #state: Ptr;
  readonly #dictionaries = new Map<number, DictionaryIds>();
  #slots: Ptr = 0;
  #slotBits = firstSlotBits;
  #entries: Ptr = 0;
  #entriesMax: number;

  constructor(memory: LinearMemory, hashMask: number) {
    this.#memory = memory;
    this.#hashMask = hashMask;
    this.#bytes = new Arena(memory);
    this.#ids = new GrowableBlock(memory);
    this.#missed = new GrowableBlock(memory);
    this.#missedIds = new GrowableBlock(memory);
    this.#state = memory.alloc(12);
    memory.u32.fill(0, this.#state >>> 2, (this.#state >>> 2) + 3);
    memory.u32[this.#state >>> 2] = 1;
    this.#slots = memory.allocZeroed(8 << this.#slotBits);
    this.#entriesMax = 1 << (this.#slotBits - 1);
    this.#entries = memory.alloc(8 * this.#entriesMax);
    // The entry of NULL is an empty string.
    memory.u32.fill(0, this.#entries >>> 2, (this.#entries >>> 2) + 2);
  }

  /** One more than the greatest id. */
  get count(): number {
    return this.#memory.u32[this.#state >>> 2]!;
  }

  /** Views by id, for decoding. */
  get entries(): Ptr {
    return this.#entries;
  }

  get bytes(): number {
    return this.#bytes.bytes + (8 << this.#slotBits) + 8 * this.#entriesMax;
  }

  /** The ids (u32) of a vector's rows, unknown strings being added; valid until the next call. */
  intern(vector: Vector, buffer: FlattenBuffer): Ptr {
    return this.#map(vector, buffer, true);
  }

  /** The same as codes and their ids, for a dictionary small enough to be interned as a whole. */
  internCodes(vector: Vector, buffer: FlattenBuffer): CodedIds | undefined {
    const direct = vector.kind === "selection" && vector.base.kind === "dictionary" && !vector.outer;
    const base = direct ? vector.base : buffer.toDictionary(vector);
    if (base === undefined || base.kind !== "dictionary") return undefined;
    const { codes, codeBytes, validity, dictionary } = base;
    const entries = dictionary.values.length;
    if (entries > wholeDictionaryMax) return undefined;
    const cache = this.#cache(dictionary);
    if (!cache.complete) this.#mapViews(dictionary.values.data, 0, 0, entries, true, cache.ids);
    cache.complete = true;
    return { codes, codeBytes, selection: direct ? vector.selection : 0, validity, ids: cache.ids };
  }

  /** Like intern, but unknown strings get `unknownId`. */
  lookup(vector: Vector, buffer: FlattenBuffer): Ptr {
    return this.#map(vector, buffer, false);
  }

  free(): void {
    for (const { ids } of this.#dictionaries.values()) this.#memory.free(ids);
    this.#dictionaries.clear();
    for (const ptr of [this.#slots, this.#entries, this.#state]) this.#memory.free(ptr);
    for (const block of [this.#ids, this.#missed, this.#missedIds]) block.free();
    this.#bytes.free();
    this.#slots = 0;
    this.#entries = 0;
  }

  #map(vector: Vector, buffer: FlattenBuffer, add: boolean): Ptr {
    const out = this.#ids.ensure(vector.length * 4);
    if (vector.kind === "dictionary" || (vector.kind === "selection" && vector.base.kind === "dictionary")) {
      this.#mapDictionary(vector, buffer, add, out);
      return out;
    }
    const direct = vector.kind === "selection" && vector.base.kind === "flat" && !vector.outer;
    const selection = direct ? vector.selection : 0;
    const { data, validity } = direct && vector.base.kind === "flat" ? vector.base : buffer.flatten(vector);
    this.#mapViews(data, selection, validity, vector.length, add, out);
    return out;
  }

  #mapDictionary(vector: Vector, buffer: FlattenBuffer, add: boolean, out: Ptr): void {
    const { length } = vector;
    const direct = vector.kind === "selection" && vector.base.kind === "dictionary" && !vector.outer;
    const selection = direct ? vector.selection : 0;
    const base = direct && vector.base.kind === "dictionary" ? vector.base : buffer.toDictionary(vector)!;
    const { codes, codeBytes, validity, dictionary } = base;
    const cache = this.#cache(dictionary).ids;
    const missed = this.#missed.ensure(length * 4);
    const { kernels } = this.#memory;
    const mapCodes = codeBytes === 1 ? kernels.mapCodes8 : codeBytes === 2 ? kernels.mapCodes16 : kernels.mapCodes32;
    const count = mapCodes(codes, selection, validity, length, cache, out, missed);
    if (count === 0) return;
    const ids = this.#missedIds.ensure(count * 4);
    this.#mapViews(dictionary.values.data, missed, 0, count, add, ids);
    kernels.scatterIds(ids, missed, count, cache);
    mapCodes(codes, selection, validity, length, cache, out, missed);
  }

  /** The ids of a dictionary's codes, `unmapped` where not known yet. */
  #cache(dictionary: Dictionary): DictionaryIds {
    const known = this.#dictionaries.get(dictionary.id);
    if (known !== undefined && known.entries === dictionary.values.length) return known;
    if (this.#dictionaries.size >= dictionariesMax) {
      const [oldest, { ids }] = this.#dictionaries.entries().next().value!;
      this.#memory.free(ids);
      this.#dictionaries.delete(oldest);
    }
    const entries = dictionary.values.length;
    const ids = this.#memory.alloc(Math.max(entries, 1) * 4);
    this.#memory.kernels.fill4(unmapped, Math.max(entries, 1), ids);
    const made = { ids, entries, complete: false };
    this.#dictionaries.set(dictionary.id, made);
    return made;
  }

  #mapViews(views: Ptr, selection: Ptr, validity: Ptr, n: number, add: boolean, out: Ptr): void {
    const { kernels } = this.#memory;
    const mask = this.#hashMask;
    if (!add) {
      kernels.lookupViews(views, selection, validity, n, this.#slots, this.#slotBits, mask, this.#entries, out);
      return;
    }
    let done = 0;
    for (;;) {
      // biome-ignore format: one call
      done = kernels.internViews(
        views, selection, validity, n, done, this.#slots, this.#slotBits, mask, this.#entries, this.#entriesMax, this.#state, out,
      );
      if (done === n) return;
      if (this.count >= this.#entriesMax) this.#grow();
      else this.#moreBytes(views, selection, validity, n);
    }
  }

  #grow(): void {
    const { kernels } = this.#memory;
    const { count } = this;
    const bits = this.#slotBits + (this.#slotBits < 16 ? 2 : 1);
    const slots = this.#memory.allocZeroed(8 * 2 ** bits);
    this.#entries = this.#memory.resize(this.#entries, 8 * 2 ** (bits - 1), 8 * count);
    this.#entriesMax = 2 ** (bits - 1);
    this.#memory.free(this.#slots);
    this.#slots = slots;
    this.#slotBits = bits;
    kernels.rebuildViews(this.#entries, count, slots, bits, this.#hashMask);
  }

  #moreBytes(views: Ptr, selection: Ptr, validity: Ptr, n: number): void {
    const needed = this.#memory.kernels.keyViewBytes(views, selection, validity, n);
    const room = Math.max(copyBlockBytes, needed);
    const next = this.#bytes.alloc(room);
    this.#memory.u32[(this.#state >>> 2) + 1] = next;
    this.#memory.u32[(this.#state >>> 2) + 2] = next + room;
  }
}
