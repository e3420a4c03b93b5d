import {
  adjectives,
  adverbs,
  auxiliaries,
  type Distribution,
  nounPhrases,
  nouns,
  prepositions,
  sentences,
  terminators,
  verbPhrases,
  verbs,
} from "./distributions.ts";
import { nextSeed, scaleSeed } from "./random-stream.ts";

/** Comments are slices of this much generated prose (TPC-H specification, clause 4.2.2.14). */
export const textPoolBytes = 300 * 1024 * 1024;
const firstSeed = 933588178;
/** No sentence is longer. */
const sentenceBytesMax = 512;

/** A point between two sentences from which the prose can be continued. */
export interface TextCheckpoint {
  readonly offset: number;
  readonly seed: number;
}
export const textStart: TextCheckpoint = { offset: 0, seed: firstSeed };

/**
 * Writes sentences into the pool from a checkpoint on, up to at least `end` or the end of the pool, and gives the
 * checkpoint it reached. Nothing is written at or beyond `end` unless `end` lies inside a sentence; callers that share
 * a pool between threads pass ends that are checkpoints.
 */
export function writeText(pool: Uint8Array, from: TextCheckpoint, end: number): TextCheckpoint {
  const writer = new TextWriter(from.seed);
  let offset = from.offset;
  while (offset < end) {
    writer.sentence();
    const { line, length } = writer;
    const taken = Math.min(length, pool.length - offset);
    for (let i = 0; i < taken; i++) pool[offset + i] = line[i] as number;
    offset += length;
  }
  return { offset, seed: writer.seed };
}

interface WordList {
  readonly totalWeight: number;
  /** draw → where the word starts in `bytes`; it ends at ends[draw], space included */
  readonly starts: Uint16Array;
  readonly ends: Uint16Array;
  readonly bytes: Uint8Array;
}

function wordList(distribution: Distribution): WordList {
  const encoded = distribution.values.map((value) => new TextEncoder().encode(`${value} `));
  const bounds = [0];
  for (const word of encoded) bounds.push((bounds.at(-1) as number) + word.length);
  const bytes = new Uint8Array(bounds.at(-1) as number);
  encoded.forEach((word, i) => {
    bytes.set(word, bounds[i]);
  });
  return {
    totalWeight: distribution.totalWeight,
    starts: Uint16Array.from(distribution.picks, (pick) => bounds[pick] as number),
    ends: Uint16Array.from(distribution.picks, (pick) => bounds[pick + 1] as number),
    bytes,
  };
}

/** A phrase distribution as one list of word lists a draw. */
function phrases(distribution: Distribution, lists: Readonly<Record<string, WordList | "comma">>) {
  const expanded = distribution.values.map((phrase) =>
    Array.from(phrase, (symbol) => lists[symbol] as WordList | "comma"),
  );
  return {
    totalWeight: distribution.totalWeight,
    phrases: Array.from(distribution.picks, (pick) => expanded[pick] ?? []),
  };
}

const adverbList = wordList(adverbs);
const nounPhraseList = phrases(nounPhrases, {
  N: wordList(nouns),
  J: wordList(adjectives),
  D: adverbList,
  ",": "comma",
});
const verbPhraseList = phrases(verbPhrases, { V: wordList(verbs), X: wordList(auxiliaries), D: adverbList });
const prepositionList = wordList(prepositions);
const terminatorList = wordList(terminators);
const sentenceList = Array.from(sentences.picks, (pick) => sentences.values[pick] as string);
const article = new TextEncoder().encode("the ");
const comma = 0x2c;
const space = 0x20;

class TextWriter {
  readonly line = new Uint8Array(sentenceBytesMax);
  length = 0;
  seed: number;

  constructor(seed: number) {
    this.seed = seed;
  }

  sentence(): void {
    this.length = 0;
    const form = sentenceList[this.draw(sentenceList.length)] as string;
    for (let i = 0; i < form.length; i++) {
      switch (form.charCodeAt(i)) {
        case 78: // N
          this.phrase(nounPhraseList);
          break;
        case 86: // V
          this.phrase(verbPhraseList);
          break;
        case 80: // P
          this.word(prepositionList);
          for (let at = 0; at < article.length; at++) this.line[this.length++] = article[at] as number;
          this.phrase(nounPhraseList);
          break;
        default: // T: closes up to the last word
          this.length--;
          this.word(terminatorList);
      }
    }
  }

  private phrase(list: ReturnType<typeof phrases>): void {
    for (const words of list.phrases[this.draw(list.totalWeight)] as (WordList | "comma")[]) {
      if (words === "comma") {
        this.line[this.length - 1] = comma;
        this.line[this.length++] = space;
      } else this.word(words);
    }
  }

  private word(list: WordList): void {
    const draw = this.draw(list.totalWeight);
    const end = list.ends[draw] as number;
    const { bytes } = list;
    let length = this.length;
    for (let at = list.starts[draw] as number; at < end; at++) this.line[length++] = bytes[at] as number;
    this.length = length;
  }

  private draw(range: number): number {
    this.seed = nextSeed(this.seed);
    return scaleSeed(this.seed, range);
  }
}
