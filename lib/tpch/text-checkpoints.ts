/** A point between two sentences from which the prose can be continued. */
export interface TextCheckpoint {
  /** bytes of prose before it */
  readonly bytes: number;
  /** words before it */
  readonly words: number;
  readonly seed: number;
}

/**
 * Sentence boundaries about a sixteenth of the prose apart, so that threads can write it side by side: it comes from one
 * random stream whose draws per sentence vary, so nobody can jump into it without knowing such points. The tests write
 * the prose from the start and meet every one of them.
 */
export const textCheckpoints: readonly TextCheckpoint[] = [
  { bytes: 0, words: 0, seed: 933588178 },
  { bytes: 19660810, words: 2938698, seed: 563391851 },
  { bytes: 39321619, words: 5877595, seed: 374858592 },
  { bytes: 58982448, words: 8816190, seed: 1037153816 },
  { bytes: 78643223, words: 11753974, seed: 123793686 },
  { bytes: 98304011, words: 14692270, seed: 181171974 },
  { bytes: 117964817, words: 17631017, seed: 1062410537 },
  { bytes: 137625648, words: 20569605, seed: 652432975 },
  { bytes: 157286442, words: 23508354, seed: 400078567 },
  { bytes: 176947229, words: 26446669, seed: 46453828 },
  { bytes: 196608019, words: 29384544, seed: 1105413057 },
  { bytes: 216268868, words: 32322813, seed: 1956087994 },
  { bytes: 235929648, words: 35260909, seed: 1407925218 },
  { bytes: 255590452, words: 38198592, seed: 1660456561 },
  { bytes: 275251227, words: 41137013, seed: 42055684 },
  { bytes: 294912013, words: 44075264, seed: 2013011059 },
  { bytes: 314572806, words: 47013504, seed: 161738484 },
];

/** The end of the first sentence that ends beyond the prose in use. */
export const textEnd = textCheckpoints.at(-1) as TextCheckpoint;

/** A stretch of the prose that can be written on its own: writeText(pool, from, end). */
export interface TextSlice {
  readonly from: TextCheckpoint;
  readonly end: number;
}

/** Slices that cover the prose. */
export const textSlices: readonly TextSlice[] = textCheckpoints
  .slice(1)
  .map(({ bytes }, i) => ({ from: textCheckpoints[i] as TextCheckpoint, end: bytes }));
