import { nextSeed, scaleSeed } from "./random-stream.ts";
import type { TextCheckpoint } from "./text-checkpoints.ts";
import { blockBytesLog2, skipBits, type TextPool } from "./text-pool.ts";
import {
  nounPhraseWords,
  type Picks,
  prepositionWords,
  sentenceForms,
  terminatorWords,
  theWord,
  verbPhraseWords,
  type WordPicks,
  wordLengths,
} from "./text-words.ts";

/**
 * Writes sentences into the pool from a checkpoint on until the prose is `end` bytes long or longer, and gives the
 * checkpoint after the last sentence. Threads write side by side when their ends are checkpoints.
 */
export function writeText(pool: TextPool, from: TextCheckpoint, end: number): TextCheckpoint {
  const writer = new TextWriter(pool, from);
  while (writer.bytes < end) writer.sentence();
  return { bytes: writer.bytes, words: writer.words, seed: writer.seed };
}

class TextWriter {
  bytes: number;
  words: number;
  seed: number;
  private readonly pool: TextPool;

  constructor(pool: TextPool, from: TextCheckpoint) {
    this.pool = pool;
    this.bytes = from.bytes;
    this.words = from.words;
    this.seed = from.seed;
  }

  sentence(): void {
    const form = sentenceForms[this.draw(sentenceForms.length)] as string;
    for (let i = 0; i < form.length; i++) {
      switch (form[i]) {
        case "N":
          this.phrase(nounPhraseWords);
          break;
        case "V":
          this.phrase(verbPhraseWords);
          break;
        case "P":
          this.word(prepositionWords);
          this.put(theWord);
          this.phrase(nounPhraseWords);
          break;
        default:
          this.word(terminatorWords);
      }
    }
  }

  private phrase(forms: Picks<Picks<WordPicks>>): void {
    const lists = forms[this.draw(forms.length)] as Picks<WordPicks>;
    for (let i = 0; i < lists.length; i++) this.word(lists[i] as WordPicks);
  }

  private word(picks: WordPicks): void {
    this.put(picks[picks.length === 1 ? 0 : this.draw(picks.length)] as number);
  }

  private put(word: number): void {
    const { pool, bytes, words } = this;
    const end = bytes + (wordLengths[word] as number);
    pool.words[words] = word;
    // A word is shorter than a block, so it covers the first byte of one block at most.
    const block = (end - 1) >> blockBytesLog2;
    if (block > (bytes - 1) >> blockBytesLog2) {
      pool.blocks[block] = (words << skipBits) | ((block << blockBytesLog2) - bytes);
    }
    this.bytes = end;
    this.words = words + 1;
  }

  private draw(range: number): number {
    this.seed = nextSeed(this.seed);
    return scaleSeed(this.seed, range);
  }
}
