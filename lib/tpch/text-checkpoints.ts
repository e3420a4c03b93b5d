import { type TextCheckpoint, textPoolBytes, textStart } from "./text-pool.ts";

/**
 * Sentence boundaries about a sixteenth of the text pool apart, so that threads can write it side by side: the prose comes
 * from one random stream whose draws per sentence vary, so nobody can jump into it without knowing such points. The
 * tests write the pool from the start and meet every one of them.
 */
const boundaries: readonly TextCheckpoint[] = [
  { offset: 19660810, seed: 563391851 },
  { offset: 39321619, seed: 374858592 },
  { offset: 58982448, seed: 1037153816 },
  { offset: 78643223, seed: 123793686 },
  { offset: 98304011, seed: 181171974 },
  { offset: 117964817, seed: 1062410537 },
  { offset: 137625648, seed: 652432975 },
  { offset: 157286442, seed: 400078567 },
  { offset: 176947229, seed: 46453828 },
  { offset: 196608019, seed: 1105413057 },
  { offset: 216268868, seed: 1956087994 },
  { offset: 235929648, seed: 1407925218 },
  { offset: 255590452, seed: 1660456561 },
  { offset: 275251227, seed: 42055684 },
  { offset: 294912013, seed: 2013011059 },
];

/** A stretch of the text pool that can be written on its own: writeText(pool, from, end). */
export interface TextSlice {
  readonly from: TextCheckpoint;
  readonly end: number;
}

/** Slices that cover the pool. */
export const textSlices: readonly TextSlice[] = [textStart, ...boundaries].map((from, i) => ({
  from,
  end: boundaries[i]?.offset ?? textPoolBytes,
}));
