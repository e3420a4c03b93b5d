/**
 * Numbers distinct keys 0, 1, 2, … in the order in which they come: group numbers of an aggregation, key numbers of a
 * join's build side. Keys of few bits address an array (dense); others are hashed with open addressing.
 */
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import { isOutOfMemory, QueryError } from "../../errors.ts";
import type { Arena } from "../../kernels/arena.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import { KeyCodec, type PlainValues } from "./key-codec.ts";
import type { IntegerRange, KeyColumn } from "./key-layout.ts";

/** Up to this many bits a dense table is free of cost: 256 KiB. */
const denseBitsFree = 16;
/** A dense table may have this many places per expected key, of 4 bytes each; a hash table takes 16 to 32 bytes, and twice the time. */
const densePlacesPerKey = 32;
const denseBitsMax = 27;
const speculativeShare = 16;
const slotBitsMin = 10;
const slotBitsMax = 29;

export interface KeyTableOptions {
  readonly columns: readonly KeyColumn[];
  /** Number of bits of each hash that count. */
  readonly hashBits: number;
  /** Estimated number of distinct keys. */
  readonly expected: number;
  /** Memory limit of the task: a table that only an estimate asks for takes no more than a small part of it. */
  readonly memoryBytes: number;
}

/** The u32 whose high `bits` bits are set: slots are addressed by the high bits of a hash. */
export function hashMask(bits: number): number {
  return bits >= 32 ? 0xffffffff : bits <= 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
}

type Form = "none" | "dense" | "hash32" | "hash64" | "words";

export class KeyTable {
  readonly #memory: LinearMemory;
  readonly #codec: KeyCodec;
  readonly #mask: number;
  readonly #numbers: GrowableBlock;
  readonly #rows: GrowableBlock;
  readonly #pending: GrowableBlock;
  readonly #speculativeBytes: number;
  #expected: number;
  #form: Form = "none";
  #count = 0;
  #keys: Ptr = 0;
  #keysMax = 0;
  #table: Ptr = 0;
  #tableBits = 0;

  constructor(memory: LinearMemory, options: KeyTableOptions) {
    this.#memory = memory;
    this.#mask = hashMask(options.hashBits);
    this.#codec = new KeyCodec(memory, options.columns, this.#mask);
    this.#speculativeBytes = options.memoryBytes / speculativeShare;
    this.#expected = Math.min(options.expected, this.#speculativeBytes / 32);
    this.#numbers = new GrowableBlock(memory);
    this.#rows = new GrowableBlock(memory);
    this.#pending = new GrowableBlock(memory);
  }

  /** Number of distinct keys. */
  get count(): number {
    return this.#count;
  }

  get isDense(): boolean {
    return this.#form === "dense";
  }

  /** Bytes held. */
  get bytes(): number {
    const table = this.#table === 0 ? 0 : this.#memory.capacity(this.#table);
    return table + this.#keysMax * this.#codec.words * 8 + this.#codec.bytes;
  }

  /** Bytes that n more keys may take at once: the table grows by doubling. */
  growthBytes(n: number): number {
    const keys = this.#count + n > this.#keysMax ? (this.#count + n) * 16 * this.#codec.words : 0;
    const full = this.#form !== "dense" && (this.#count + n) * 2 > 2 ** this.#tableBits;
    return keys + (full ? 2 ** this.#tableBits * 16 : 0);
  }

  /**
   * The numbers (u32) of n rows, new keys being added; valid until the next call. 0 when there is no memory for that:
   * then the keys before are all there still, and can be decoded.
   */
  assign(vectors: readonly Vector[], n: number): Ptr {
    const words = this.#codec.encode(vectors, n, (recode) => this.#relayout(recode));
    try {
      this.#reserve(n);
    } catch (error) {
      if (isOutOfMemory(error)) return 0;
      throw error;
    }
    return this.#assign(words, n);
  }

  /** Takes note of keys to come: see `fix`. */
  observe(vectors: readonly Vector[]): void {
    this.#codec.observe(vectors);
  }

  /** Ends observing: from now on only observed keys are added, by assignFixed. */
  fix(expected: number): void {
    this.#expected = expected;
    this.#codec.fix();
  }

  observed(column: number): IntegerRange | undefined {
    return this.#codec.observed(column);
  }

  /**
   * Adds observed keys. Rows without key (NULL) are left out: `rows` (u32) are those that have one, `count` many, and
   * numbers are theirs; rows is 0 when all have. Valid until the next call.
   */
  assignFixed(vectors: readonly Vector[], n: number): { numbers: Ptr; rows: Ptr; count: number } {
    const { kernels } = this.#memory;
    const { words, valid } = this.#codec.encodeFixed(vectors, n, true);
    if (kernels.countMarked(valid, n) === n) return { numbers: this.#assign(words, n), rows: 0, count: n };
    const rows = this.#rows.ensure(n * 4);
    const count = kernels.selectOnes(valid, n, rows);
    const width = this.#codec.words;
    for (let word = 0; word < width; word++) kernels.compactWords(words + word * 8, width * 8, rows, count);
    return { numbers: this.#assign(words, count), rows, count };
  }

  /** The rows that have a known key, ascending, and its number; valid until the next call. */
  find(vectors: readonly Vector[], n: number): { rows: Ptr; numbers: Ptr; count: number } {
    const { kernels } = this.#memory;
    const rows = this.#rows.ensure(n * 4);
    const numbers = this.#numbers.ensure(n * 4);
    if (this.#count === 0) return { rows, numbers, count: 0 };
    const pending = this.#pending.ensure(n * 8);
    const plain = this.#form === "dense" || this.#form === "hash32" ? this.#codec.plainValues(vectors) : undefined;
    if (plain) return { rows, numbers, count: this.#findPlain(plain, n, rows, numbers, pending) };
    const { words, valid } = this.#codec.encodeFixed(vectors, n, false);
    const [table, bits, mask, keys] = [this.#table, this.#tableBits, this.#mask, this.#keys];
    const count =
      this.#form === "dense"
        ? kernels.findDense(words, valid, n, table, rows, numbers)
        : this.#form === "hash32"
          ? kernels.find32(words, valid, n, table, bits, mask, rows, numbers, pending)
          : this.#form === "hash64"
            ? kernels.find64(words, valid, n, table, bits, mask, keys, rows, numbers, pending)
            : kernels.findWords(words, this.#codec.words, valid, n, table, bits, mask, keys, rows, numbers);
    return { rows, numbers, count };
  }

  #findPlain(plain: PlainValues, n: number, rows: Ptr, numbers: Ptr, pending: Ptr): number {
    const { kernels } = this.#memory;
    const { kind, values, selection, validity, range } = plain;
    const name = kind === "i32" ? "I32" : kind === "u32" ? "U32" : "I64";
    const table = this.#table;
    if (this.#form === "dense") {
      return kernels[`findDense${name}`](values, selection, validity, n, range, table, rows, numbers);
    }
    const [bits, mask] = [this.#tableBits, this.#mask];
    return kernels[`find32${name}`](values, selection, validity, n, range, table, bits, mask, rows, numbers, pending);
  }

  /** The columns of keys start … start + n − 1, in memory of the arena; strings lie in the table. */
  keys(start: number, n: number, arena: Arena): FlatVector[] {
    return this.#codec.decode(this.#keys, start, n, arena);
  }

  free(): void {
    this.#codec.free();
    for (const block of [this.#numbers, this.#rows, this.#pending]) block.free();
    this.#memory.free(this.#keys);
    this.#memory.free(this.#table);
    this.#keys = 0;
    this.#table = 0;
    this.#form = "none";
  }

  #assign(words: Ptr, n: number): Ptr {
    this.#reserve(n);
    const { kernels } = this.#memory;
    const numbers = this.#numbers.ensure(n * 4);
    const pending = this.#pending.ensure(n * 8);
    const [table, bits, mask, keys, count] = [this.#table, this.#tableBits, this.#mask, this.#keys, this.#count];
    this.#count =
      this.#form === "dense"
        ? kernels.assignDense(words, n, table, keys, count, numbers)
        : this.#form === "hash32"
          ? kernels.assign32(words, n, table, bits, mask, keys, count, numbers, pending)
          : this.#form === "hash64"
            ? kernels.assign64(words, n, table, bits, mask, keys, count, numbers, pending)
            : kernels.assignWords(words, this.#codec.words, n, table, bits, mask, keys, count, numbers);
    return numbers;
  }

  /** Room for n more keys. */
  #reserve(n: number): void {
    const needed = this.#count + n;
    if (needed > this.#keysMax) {
      const room = Math.max(needed, Math.min(this.#keysMax * 2, 2 ** slotBitsMax), Math.min(this.#expected, 1 << 16));
      const width = this.#codec.words * 8;
      this.#keys = this.#memory.resize(this.#keys, room * width, this.#count * width);
      this.#keysMax = room;
    }
    if (this.#form === "none") this.#build(needed);
    else if (this.#form === "dense") this.#leaveDense();
    else if (needed * 2 > 2 ** this.#tableBits) this.#build(needed);
  }

  #leaveDense(): void {
    if (this.#codec.words !== 1 || this.#codec.bits > this.#tableBits) this.#build(this.#count);
  }

  /** Moves keys to the new layout; the table is rebuilt when it is next used. */
  #relayout(recode: (keys: Ptr, count: number) => Ptr): void {
    const keys = recode(this.#keys, this.#count);
    this.#memory.free(this.#keys);
    this.#keys = keys;
    this.#keysMax = this.#count;
    this.#memory.free(this.#table);
    this.#table = 0;
    this.#form = "none";
  }

  #denseBits(keys: number): number | undefined {
    const { words, bits } = this.#codec;
    if (words !== 1) return undefined;
    // What a hash table would take anyway is never too much.
    const bytesMax = Math.max(this.#speculativeBytes, keys * 16);
    const worthwhile = 2 ** bits <= densePlacesPerKey * Math.max(keys, this.#expected) && 4 * 2 ** bits <= bytesMax;
    return bits <= denseBitsFree || (bits <= denseBitsMax && worthwhile) ? bits : undefined;
  }

  /** Makes the table anew, with room for `keys`, and fills it. */
  #build(keys: number): void {
    const { kernels } = this.#memory;
    const { words, bits } = this.#codec;
    this.#memory.free(this.#table);
    this.#table = 0;
    this.#form = "none";
    const dense = this.#denseBits(keys);
    if (dense !== undefined) {
      this.#table = this.#memory.allocZeroed(4 * 2 ** dense);
      this.#form = "dense";
      this.#tableBits = dense;
      kernels.rebuildDense(this.#keys, this.#count, this.#table);
      return;
    }
    const wanted = Math.max(keys * 2, Math.min(this.#expected, 2 ** 20) * 2);
    const least = Math.max(slotBitsMin, Math.ceil(Math.log2(wanted)));
    if (least > slotBitsMax) throw new QueryError("out_of_memory", "a hash table would pass 2^28 keys");
    // Twice what is needed, so that the next growth is far.
    const slotBits = this.#count > 0 && this.#memory.hasRoom(8 * 2 ** (least + 1)) ? least + 1 : least;
    this.#table = this.#memory.allocZeroed(8 * 2 ** slotBits);
    this.#tableBits = slotBits;
    this.#form = words > 1 ? "words" : bits <= 32 ? "hash32" : "hash64";
    if (this.#form === "hash32") kernels.rebuild32(this.#keys, this.#count, this.#table, slotBits, this.#mask);
    else if (this.#form === "hash64") kernels.rebuild64(this.#keys, this.#count, this.#table, slotBits, this.#mask);
    else kernels.rebuildWords(this.#keys, words, this.#count, this.#table, slotBits, this.#mask);
  }
}
