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

/** Words of the generated prose as numbers below 256: word i is the first wordLengths[i] bytes of slot i. */
export const wordSlotBytesLog2 = 4;
/** The words, a slot each. */
export const wordBytes = new Uint8Array(256 << wordSlotBytesLog2);
/** Bytes of each word, the space before it included. */
export const wordLengths = new Uint8Array(256);
let wordCount = 0;

/** What a draw picks: one number a draw. */
export type Picks<T> = readonly T[];

/** A word's number for every draw of its distribution. */
export type WordPicks = Uint8Array;

function addWord(text: string): number {
  const id = wordCount++;
  wordBytes.set(new TextEncoder().encode(text), id << wordSlotBytesLog2);
  wordLengths[id] = text.length;
  return id;
}

/** Words carry the space before them; punctuation carries none. */
function spaced({ values, picks }: Distribution): WordPicks {
  const ids = values.map((value) => addWord(` ${value}`));
  return picks.map((pick) => ids[pick] as number);
}

function unspaced({ values, picks }: Distribution): WordPicks {
  const ids = values.map(addWord);
  return picks.map((pick) => ids[pick] as number);
}

/** The preposition of a draw. */
export const prepositionWords = spaced(prepositions);
/** The terminator of a draw. */
export const terminatorWords = unspaced(terminators);
/** The article that follows a preposition. */
export const theWord = addWord(" the");
const adverbWords = spaced(adverbs);

const symbols: Readonly<Record<string, WordPicks>> = {
  N: spaced(nouns),
  J: spaced(adjectives),
  D: adverbWords,
  V: spaced(verbs),
  X: spaced(auxiliaries),
  // A list of one word takes no draw.
  ",": Uint8Array.of(addWord(",")),
};

/** For every draw the word lists of the phrase, in order. */
function phrases({ values, picks }: Distribution): Picks<Picks<WordPicks>> {
  const lists = values.map((phrase) => Array.from(phrase, (symbol) => symbols[symbol] as WordPicks));
  return Array.from(picks, (pick) => lists[pick] as WordPicks[]);
}

/** A verb phrase has no nouns and a noun phrase no verbs, so that they share their symbols. */
export const nounPhraseWords = phrases(nounPhrases);
/** The word lists of a draw's verb phrase. */
export const verbPhraseWords = phrases(verbPhrases);
/** For every draw the symbols of the sentence. */
export const sentenceForms: Picks<string> = Array.from(sentences.picks, (pick) => sentences.values[pick] as string);
