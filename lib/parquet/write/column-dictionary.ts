import type { DataType } from "../../arrow/types.ts";
import { buildDictionary, type Dictionary } from "./build-dictionary.ts";
import { type ColumnValues, type PlainValues, toPlain } from "./column-data.ts";

/** A dictionary pays when its entries recur at least this often on average. */
const recurrenceMin = 8;
const dictionaryEntriesMax = 1 << 17;
const smallColumnRows = 1024;

/** A column without its nulls: plain, or entries with a code a value. */
export interface DenseColumn {
  readonly count: number;
  readonly plain: PlainValues;
  readonly dictionary?: Dictionary;
}

/** Drops null rows and chooses between plain values and a dictionary of the entries in use. */
export function toDense(type: DataType, values: ColumnValues, rows: number, present: Int32Array | null): DenseColumn {
  if (values.kind === "dictionary") {
    const entries = toPlain(type, values.entries, values.entryCount, null);
    const dictionary = compactDictionary(entries, values.codes, rows, present);
    return { count: dictionary.codes.length, plain: dictionary.entries, dictionary };
  }
  const plain = toPlain(type, values, rows, present);
  const dictionary = buildDictionary(plain, entriesMaxOf(plain.count));
  return dictionary ? { count: plain.count, plain, dictionary } : { count: plain.count, plain };
}

function entriesMaxOf(count: number): number {
  const enough = count <= smallColumnRows ? count >> 1 : Math.floor(count / recurrenceMin);
  return Math.min(enough, dictionaryEntriesMax);
}

/** Keeps one copy of every entry that some present row uses, in the order of the entries given. */
function compactDictionary(
  given: PlainValues,
  givenCodes: ArrayLike<number>,
  rows: number,
  present: Int32Array | null,
): Dictionary {
  const count = present ? present.length : rows;
  const unique = buildDictionary(given, given.count) as Dictionary;
  const codes = new Int32Array(count);
  const used = new Uint8Array(unique.entries.count);
  for (let i = 0; i < count; i++) {
    const row = present ? (present[i] as number) : i;
    const entry = unique.codes[givenCodes[row] as number] as number;
    codes[i] = entry;
    used[entry] = 1;
  }
  const kept = new Int32Array(unique.entries.count);
  const places: number[] = [];
  used.forEach((inUse, entry) => {
    if (inUse) kept[entry] = places.push(entry) - 1;
  });
  if (places.length === unique.entries.count) return { entries: unique.entries, codes };
  for (let i = 0; i < count; i++) codes[i] = kept[codes[i] as number] as number;
  return { entries: pick(unique.entries, places), codes };
}

function pick(values: PlainValues, places: readonly number[]): PlainValues {
  const count = places.length;
  switch (values.kind) {
    case "bits":
      return { ...values, count, flags: Uint8Array.from(places, (place) => values.flags[place] as number) };
    case "words": {
      const width = values.wordsPerValue;
      const words = new Int32Array(count * width);
      places.forEach((place, i) => {
        words.set(values.words.subarray(place * width, (place + 1) * width), i * width);
      });
      return { ...values, count, words };
    }
    case "bytes": {
      const parts = places.map((place) => values.bytes.subarray(values.offsets[place], values.offsets[place + 1]));
      const offsets = new Int32Array(count + 1);
      parts.forEach((part, i) => {
        offsets[i + 1] = (offsets[i] as number) + part.length;
      });
      const bytes = new Uint8Array(offsets[count] as number);
      parts.forEach((part, i) => {
        bytes.set(part, offsets[i]);
      });
      return { kind: "bytes", count, offsets, bytes };
    }
  }
}
