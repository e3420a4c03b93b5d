import type { DataType } from "../../arrow/types.ts";
import { QueryError, unsupported } from "../../errors.ts";

/** Values of one column in Arrow's memory layout. */
export type ColumnValues =
  /** boolean: one bit a value, least significant first */
  | { readonly kind: "bits"; readonly bits: Uint8Array }
  /** int8, int16, int32, date */
  | { readonly kind: "i32"; readonly values: Int8Array | Int16Array | Int32Array }
  /**
   * Values of several little-endian 32-bit words: int64, timestamp, decimals of precision ≤ 18 (2 words), decimals above
   * (4), interval (4: months, days, microseconds), float32 (1) and float64 (2).
   */
  | { readonly kind: "words"; readonly words: Int32Array }
  /** varchar, binary: value i is bytes[offsets[i], offsets[i + 1]) */
  | { readonly kind: "bytes"; readonly offsets: Int32Array; readonly bytes: Uint8Array }
  /** value i is entry codes[i]; entries may repeat, be unused or out of order */
  | {
      readonly kind: "dictionary";
      readonly codes: Uint8Array | Uint16Array | Int32Array;
      readonly entries: Exclude<ColumnValues, { kind: "dictionary" | "bits" }>;
      readonly entryCount: number;
    };

/** One column of a row group to be written. */
export interface ColumnData {
  readonly values: ColumnValues;
  /** One bit a row, least significant first, 1 = valid; absent when no row is null. A null row's value is ignored. */
  readonly validity?: Uint8Array;
}

/** Values without nulls in the form that Parquet's PLAIN encoding stores. */
export type PlainValues = PlainBits | PlainWords | PlainBytes;
/** Booleans. */
export interface PlainBits {
  readonly kind: "bits";
  readonly count: number;
  /** one byte a value, 0 or 1 */
  readonly flags: Uint8Array;
}
/** Values of a fixed width. */
export interface PlainWords {
  readonly kind: "words";
  readonly count: number;
  /** wordsPerValue words a value, as they lie in the file */
  readonly words: Int32Array;
  readonly wordsPerValue: 1 | 2 | 3 | 4;
  /** how two values compare; "bigEndian" is two's complement, highest byte first; "none" has no statistics */
  readonly order: "i32" | "i64" | "f32" | "f64" | "bigEndian" | "none";
}
/** Strings or bytes. */
export interface PlainBytes {
  readonly kind: "bytes";
  readonly count: number;
  readonly offsets: Int32Array;
  readonly bytes: Uint8Array;
}

/** Drops null rows, given the rows that are present (null: all `rows`), and gives what the file will hold. */
export function toPlain(type: DataType, values: ColumnValues, rows: number, present: Int32Array | null): PlainValues {
  const count = present ? present.length : rows;
  switch (values.kind) {
    case "bits":
      return { kind: "bits", count, flags: gatherBits(values.bits, count, present) };
    case "bytes":
      return present ? gatherBytes(values.offsets, values.bytes, present) : { ...values, count };
    case "i32": {
      const words = values.values instanceof Int32Array ? values.values : Int32Array.from(values.values);
      return { kind: "words", count, words: gatherWords(words, 1, present), wordsPerValue: 1, order: "i32" };
    }
    case "words":
      return fixedValues(type, gatherWords(values.words, wordsPerValue(type), present), count);
    case "dictionary":
      throw new QueryError("internal", "dictionary values have no plain form of their own");
  }
}

function wordsPerValue(type: DataType): 1 | 2 | 4 {
  switch (type.kind) {
    case "float32":
      return 1;
    case "int64":
    case "timestamp":
    case "float64":
      return 2;
    case "decimal":
      return type.precision <= 18 ? 2 : 4;
    case "interval":
      return 4;
    default:
      throw new QueryError("internal", `${type.kind} values do not lie in words`);
  }
}

function fixedValues(type: DataType, words: Int32Array, count: number): PlainWords {
  const kind = "words";
  switch (type.kind) {
    case "float32":
      return { kind, count, words, wordsPerValue: 1, order: "f32" };
    case "float64":
      return { kind, count, words, wordsPerValue: 2, order: "f64" };
    case "interval":
      return { kind, count, words: toParquetIntervals(words, count), wordsPerValue: 3, order: "none" };
    case "decimal":
      if (type.precision > 18)
        return { kind, count, words: toBigEndian(words, count), wordsPerValue: 4, order: "bigEndian" };
      if (type.precision <= 9) return { kind, count, words: lowWords(words, count), wordsPerValue: 1, order: "i32" };
      return { kind, count, words, wordsPerValue: 2, order: "i64" };
    default:
      return { kind, count, words, wordsPerValue: 2, order: "i64" };
  }
}

function gatherBits(bits: Uint8Array, count: number, present: Int32Array | null): Uint8Array {
  const flags = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const row = present ? (present[i] as number) : i;
    flags[i] = ((bits[row >> 3] as number) >> (row & 7)) & 1;
  }
  return flags;
}

function gatherWords(words: Int32Array, width: number, present: Int32Array | null): Int32Array {
  if (!present) return words;
  const gathered = new Int32Array(present.length * width);
  for (let i = 0, out = 0; i < present.length; i++) {
    const from = (present[i] as number) * width;
    for (let w = 0; w < width; w++) gathered[out++] = words[from + w] as number;
  }
  return gathered;
}

function gatherBytes(offsets: Int32Array, bytes: Uint8Array, present: Int32Array): PlainBytes {
  const count = present.length;
  const packedOffsets = new Int32Array(count + 1);
  for (let i = 0; i < count; i++) {
    const row = present[i] as number;
    packedOffsets[i + 1] = (packedOffsets[i] as number) + (offsets[row + 1] as number) - (offsets[row] as number);
  }
  const packed = new Uint8Array(packedOffsets[count] as number);
  for (let i = 0; i < count; i++) {
    const row = present[i] as number;
    packed.set(bytes.subarray(offsets[row] as number, offsets[row + 1] as number), packedOffsets[i] as number);
  }
  return { kind: "bytes", count, offsets: packedOffsets, bytes: packed };
}

function lowWords(words: Int32Array, count: number): Int32Array {
  const low = new Int32Array(count);
  for (let i = 0; i < count; i++) low[i] = words[2 * i] as number;
  return low;
}

function toBigEndian(words: Int32Array, count: number): Int32Array {
  const swapped = new Int32Array(count * 4);
  for (let i = 0; i < count; i++) {
    for (let w = 0; w < 4; w++) swapped[4 * i + w] = swapBytes(words[4 * i + 3 - w] as number);
  }
  return swapped;
}

/** The word with its four bytes in reverse order. */
export function swapBytes(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/** Parquet intervals are months, days and milliseconds, each a u32. */
function toParquetIntervals(words: Int32Array, count: number): Int32Array {
  const converted = new Int32Array(count * 3);
  for (let i = 0; i < count; i++) {
    const micros = (words[4 * i + 3] as number) * 4294967296 + ((words[4 * i + 2] as number) >>> 0);
    const months = words[4 * i] as number;
    const days = words[4 * i + 1] as number;
    const millis = micros / 1000;
    if (months < 0 || days < 0 || millis < 0 || millis >= 4294967296 || !Number.isInteger(millis)) {
      throw unsupported("a Parquet interval that is negative or finer than a millisecond");
    }
    converted[3 * i] = months;
    converted[3 * i + 1] = days;
    converted[3 * i + 2] = millis;
  }
  return converted;
}
