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
  /** the word that covers each block's first byte of prose */
  readonly blockWords: Uint32Array;
  /** how many of that word's bytes lie before the block */
  readonly blockSkips: Uint8Array;
}

export const textBytes = 300 * 1024 * 1024;
const leadingSpace = 1;
export const blockBytesLog2 = 8;
const blockCount = Math.ceil((textBytes + leadingSpace) / (1 << blockBytesLog2));

/** Size of the memory under a pool. */
export const textPoolBytes = blockCount * 5 + textEnd.words;

/** Lays a pool over its memory, whether written yet or not. */
export function textPool(memory: SharedArrayBuffer): TextPool {
  return {
    blockWords: new Uint32Array(memory, 0, blockCount),
    blockSkips: new Uint8Array(memory, blockCount * 4, blockCount),
    words: new Uint8Array(memory, blockCount * 5),
  };
}

/** Adds the prose's bytes [offset, offset + length) to a column as one string. */
export function addText(pool: TextPool, offset: number, length: number, target: StringBuilder): void {
  const { words, blockWords, blockSkips } = pool;
  const position = offset + leadingSpace;
  const block = position >> blockBytesLog2;
  let word = blockWords[block] as number;
  let start = (block << blockBytesLog2) - (blockSkips[block] as number);
  for (;;) {
    const next = start + (wordLengths[words[word] as number] as number);
    if (next > position) break;
    start = next;
    word++;
  }
  const { bytes } = target;
  let out = target.length;
  const end = out + length;
  let skip = position - start;
  // Whole words are put; what the last one has too much is overwritten by the next string.
  while (out < end) {
    const id = words[word++] as number;
    const from = id << wordSlotBytesLog2;
    const to = from + (wordLengths[id] as number);
    for (let at = from + skip; at < to; at++) bytes[out++] = wordBytes[at] as number;
    skip = 0;
  }
  target.length = end;
  target.end();
}
