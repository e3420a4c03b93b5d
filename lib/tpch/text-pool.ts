import type { StringBuilder } from "./column-builders.ts";
import { textEnd } from "./text-checkpoints.ts";
import { wordBytes, wordLengths, wordSlotBytesLog2 } from "./text-words.ts";

/**
 * Comments are slices of 300 MiB of generated prose (TPC-H specification, clause 4.2.2.14). The pool holds the prose as
 * one byte a word, a seventh of its size. A word carries the space before it, so the prose in the pool begins with one
 * space that the generator's has not.
 */
export interface TextPool {
  readonly words: Uint8Array;
  /** for each block of prose the word that covers its first byte, and in the low bits how far into the word that is */
  readonly blocks: Uint32Array;
}

/** Bytes of prose that comments are cut from. */
export const textBytes = 300 * 1024 * 1024;
const leadingSpace = 1;
/** Small blocks: finding a word in its block costs more than the memory that the index takes. */
export const blockBytesLog2 = 6;
const blockBytes = 1 << blockBytesLog2;
/** Low bits of a block's entry that hold how far into its first word the block begins. */
export const skipBits = 4;
const skipMask = (1 << skipBits) - 1;
const slotWords = new Int32Array(wordBytes.buffer);
const blockCount = Math.ceil((textBytes + leadingSpace) / blockBytes);

/** Size of the memory under a pool. */
export const textPoolBytes = blockCount * 4 + textEnd.words;

/** Lays a pool over its memory, whether written yet or not. */
export function textPool(memory: SharedArrayBuffer): TextPool {
  return {
    blocks: new Uint32Array(memory, 0, blockCount),
    words: new Uint8Array(memory, blockCount * 4),
  };
}

/** Prose slices to be added to a column. */
export interface TextSlices {
  readonly offsets: Int32Array;
  readonly lengths: Int32Array;
  readonly count: number;
}

/**
 * Adds slices of the prose to a column, one string each. Slices lie anywhere in the pool, so nearly every one misses the
 * caches twice: reading the index and the first word of all before the rest lets the processor fetch them side by side.
 */
export function addText(pool: TextPool, slices: TextSlices, target: StringBuilder): void {
  const { offsets, lengths, count } = slices;
  const entries = new Uint32Array(count);
  const firstWords = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    entries[i] = pool.blocks[((offsets[i] as number) + leadingSpace) >> blockBytesLog2] as number;
  }
  for (let i = 0; i < count; i++) firstWords[i] = pool.words[(entries[i] as number) >>> skipBits] as number;
  for (let i = 0; i < count; i++) {
    const position = (offsets[i] as number) + leadingSpace;
    addSlice(pool.words, entries[i] as number, firstWords[i] as number, position, lengths[i] as number, target);
  }
}

/** Adds the `length` bytes from `position` of the pool's prose on; `entry` is its block's, which starts with `firstWord`. */
function addSlice(
  words: Uint8Array,
  entry: number,
  firstWord: number,
  position: number,
  length: number,
  target: StringBuilder,
): void {
  let word = entry >>> skipBits;
  let id = firstWord;
  let next = (position & -blockBytes) - (entry & skipMask) + (wordLengths[id] as number);
  while (next <= position) {
    id = words[++word] as number;
    next += wordLengths[id] as number;
  }
  const { bytes, view } = target;
  let out = target.length;
  const end = out + length;
  const wordEnd = (id << wordSlotBytesLog2) + (wordLengths[id] as number);
  for (let at = wordEnd - (next - position); at < wordEnd; at++) bytes[out++] = wordBytes[at] as number;
  // Whole slots are put: the next word overwrites what is too much, and after the last word the next string does.
  while (out < end) {
    id = words[++word] as number;
    const slot = id << (wordSlotBytesLog2 - 2);
    view.setInt32(out, slotWords[slot] as number, true);
    view.setInt32(out + 4, slotWords[slot + 1] as number, true);
    view.setInt32(out + 8, slotWords[slot + 2] as number, true);
    view.setInt32(out + 12, slotWords[slot + 3] as number, true);
    out += wordLengths[id] as number;
  }
  target.length = end;
  target.end();
}
