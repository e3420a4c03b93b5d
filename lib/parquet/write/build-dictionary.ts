import type { PlainBytes, PlainValues, PlainWords } from "./column-data.ts";

/** Distinct values and the index of each value among them. */
export interface Dictionary {
  readonly entries: PlainValues;
  readonly codes: Int32Array;
}

/** Finds the distinct values, or gives undefined as soon as there are more than `entriesMax` of them. */
export function buildDictionary(values: PlainValues, entriesMax: number): Dictionary | undefined {
  switch (values.kind) {
    case "bits":
      return undefined; // a bit a value is as small as it gets
    case "words":
      return dictionaryOfWords(values, entriesMax);
    case "bytes":
      return dictionaryOfBytes(values, entriesMax);
  }
}

function dictionaryOfWords(values: PlainWords, entriesMax: number): Dictionary | undefined {
  const { words, wordsPerValue: width, count } = values;
  const find = distinctIndex(
    count,
    entriesMax,
    (i) => {
      let hash = 0;
      for (let w = i * width; w < (i + 1) * width; w++) hash = mix(hash ^ (words[w] as number));
      return hash;
    },
    (a, b) => {
      for (let w = 0; w < width; w++) if (words[a * width + w] !== words[b * width + w]) return false;
      return true;
    },
  );
  if (!find) return undefined;
  const entries = new Int32Array(find.firsts.length * width);
  for (let e = 0; e < find.firsts.length; e++) {
    const from = (find.firsts[e] as number) * width;
    for (let w = 0; w < width; w++) entries[e * width + w] = words[from + w] as number;
  }
  return { entries: { ...values, count: find.firsts.length, words: entries }, codes: find.codes };
}

function dictionaryOfBytes(values: PlainBytes, entriesMax: number): Dictionary | undefined {
  const { bytes, offsets, count } = values;
  const find = distinctIndex(
    count,
    entriesMax,
    (i) => {
      const to = offsets[i + 1] as number;
      let hash = 0x811c9dc5;
      for (let at = offsets[i] as number; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
      return mix(hash);
    },
    (a, b) => {
      const aStart = offsets[a] as number;
      const bStart = offsets[b] as number;
      const length = (offsets[a + 1] as number) - aStart;
      if ((offsets[b + 1] as number) - bStart !== length) return false;
      for (let i = 0; i < length; i++) if (bytes[aStart + i] !== bytes[bStart + i]) return false;
      return true;
    },
  );
  return find && { entries: takeBytes(values, find.firsts), codes: find.codes };
}

function takeBytes({ offsets, bytes }: PlainBytes, picks: readonly number[]): PlainBytes {
  const taken = new Int32Array(picks.length + 1);
  picks.forEach((pick, e) => {
    taken[e + 1] = (taken[e] as number) + (offsets[pick + 1] as number) - (offsets[pick] as number);
  });
  const packed = new Uint8Array(taken[picks.length] as number);
  picks.forEach((pick, e) => {
    packed.set(bytes.subarray(offsets[pick], offsets[pick + 1]), taken[e]);
  });
  return { kind: "bytes", count: picks.length, offsets: taken, bytes: packed };
}

interface DistinctIndex {
  readonly codes: Int32Array;
  /** where each distinct value first occurs */
  readonly firsts: number[];
}

function distinctIndex(
  count: number,
  entriesMax: number,
  hashOf: (index: number) => number,
  same: (a: number, b: number) => boolean,
): DistinctIndex | undefined {
  const slotCount = 1 << (33 - Math.clz32(Math.max(1, Math.min(count, entriesMax))));
  const mask = slotCount - 1;
  const slots = new Int32Array(slotCount); // entry + 1; 0 is empty
  const codes = new Int32Array(count);
  const firsts: number[] = [];
  for (let i = 0; i < count; i++) {
    let slot = hashOf(i) & mask;
    for (;;) {
      const entry = (slots[slot] as number) - 1;
      if (entry < 0) {
        if (firsts.length >= entriesMax) return undefined;
        firsts.push(i);
        slots[slot] = firsts.length;
        codes[i] = firsts.length - 1;
        break;
      }
      if (same(firsts[entry] as number, i)) {
        codes[i] = entry;
        break;
      }
      slot = (slot + 1) & mask;
    }
  }
  return { codes, firsts };
}

/** The finalizer of MurmurHash3: every input bit reaches the low bits that pick the slot. */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
