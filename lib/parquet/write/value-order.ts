import { type PlainBytes, type PlainValues, type PlainWords, swapBytes } from "./column-data.ts";

/** Smallest and largest value as indices into the values; absent when no value takes part. */
export interface Extremes {
  readonly min: number;
  readonly max: number;
}

/** Compares values a and b of one column: negative, zero or positive. */
export type ValueOrder = (a: number, b: number) => number;

/**
 * Extremes of values[start, end); none when there is a NaN among them. Parquet keeps NaN out of statistics, and where it
 * sorts above all numbers, a maximum without it would make readers skip rows that match.
 */
export function extremesOf(values: PlainValues, start: number, end: number): Extremes | undefined {
  const compare = orderOf(values);
  if (!compare || start === end || hasNaN(values, start, end)) return undefined;
  let min = start;
  let max = start;
  for (let i = start + 1; i < end; i++) {
    if (compare(i, min) < 0) min = i;
    else if (compare(i, max) > 0) max = i;
  }
  return { min, max };
}

/** The order of Parquet's TYPE_ORDER column order, or undefined for types that have none. */
export function orderOf(values: PlainValues): ValueOrder | undefined {
  switch (values.kind) {
    case "bits":
      return (a, b) => (values.flags[a] as number) - (values.flags[b] as number);
    case "bytes":
      return (a, b) => compareBytes(values, a, b);
    case "words":
      return wordOrder(values);
  }
}

function wordOrder({ words, order }: PlainWords): ValueOrder | undefined {
  switch (order) {
    case "i32":
      return (a, b) => (words[a] as number) - (words[b] as number);
    case "i64":
      return (a, b) =>
        (words[2 * a + 1] as number) - (words[2 * b + 1] as number) ||
        ((words[2 * a] as number) >>> 0) - ((words[2 * b] as number) >>> 0);
    case "f32":
    case "f64": {
      const floats = floatsOf(words, order);
      return (a, b) =>
        (floats[a] as number) < (floats[b] as number) ? -1 : Number((floats[a] as number) > (floats[b] as number));
    }
    case "bigEndian":
      return (a, b) => {
        const top = swapBytes(words[4 * a] as number) - swapBytes(words[4 * b] as number);
        if (top !== 0) return top;
        for (let w = 1; w < 4; w++) {
          const rest = (swapBytes(words[4 * a + w] as number) >>> 0) - (swapBytes(words[4 * b + w] as number) >>> 0);
          if (rest !== 0) return rest;
        }
        return 0;
      };
    case "none":
      return undefined;
  }
}

function compareBytes({ offsets, bytes }: PlainBytes, a: number, b: number): number {
  const aStart = offsets[a] as number;
  const bStart = offsets[b] as number;
  const aLength = (offsets[a + 1] as number) - aStart;
  const bLength = (offsets[b + 1] as number) - bStart;
  const shared = Math.min(aLength, bLength);
  for (let i = 0; i < shared; i++) {
    const difference = (bytes[aStart + i] as number) - (bytes[bStart + i] as number);
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}

function floatsOf(words: Int32Array, order: "f32" | "f64"): Float32Array | Float64Array {
  const aligned = order === "f32" || words.byteOffset % 8 === 0 ? words : words.slice();
  return order === "f32"
    ? new Float32Array(aligned.buffer, aligned.byteOffset, aligned.length)
    : new Float64Array(aligned.buffer, aligned.byteOffset, aligned.length >> 1);
}

function hasNaN(values: PlainValues, start: number, end: number): boolean {
  if (values.kind !== "words" || (values.order !== "f32" && values.order !== "f64")) return false;
  return floatsOf(values.words, values.order).subarray(start, end).some(Number.isNaN);
}
