import type { ByteSink } from "./byte-sink.ts";
import type { PlainValues } from "./column-data.ts";

const shortCopyBytesMax = 48;

/** Appends values[start, end) in Parquet's PLAIN encoding. */
export function plainEncode(values: PlainValues, start: number, end: number, sink: ByteSink): void {
  switch (values.kind) {
    case "bits":
      encodeFlags(values.flags, start, end, sink);
      break;
    case "words": {
      const { words, wordsPerValue } = values;
      const from = words.byteOffset + start * wordsPerValue * 4;
      sink.append(new Uint8Array(words.buffer, from, (end - start) * wordsPerValue * 4));
      break;
    }
    case "bytes":
      encodeBytes(values.offsets, values.bytes, start, end, sink);
  }
}

/** Bytes that plainEncode appends for values[start, end). */
export function plainBytes(values: PlainValues, start: number, end: number): number {
  switch (values.kind) {
    case "bits":
      return Math.ceil((end - start) / 8);
    case "words":
      return (end - start) * values.wordsPerValue * 4;
    case "bytes":
      return (end - start) * 4 + (values.offsets[end] as number) - (values.offsets[start] as number);
  }
}

/** Value i as statistics hold it: PLAIN without the length of a byte array. */
export function valueBytes(values: PlainValues, i: number): Uint8Array {
  switch (values.kind) {
    case "bits":
      return Uint8Array.of(values.flags[i] as number);
    case "words": {
      const width = values.wordsPerValue * 4;
      return new Uint8Array(values.words.buffer, values.words.byteOffset + i * width, width).slice();
    }
    case "bytes":
      return values.bytes.slice(values.offsets[i], values.offsets[i + 1]);
  }
}

function encodeFlags(flags: Uint8Array, start: number, end: number, sink: ByteSink): void {
  for (let at = start; at < end; at += 8) {
    let byte = 0;
    for (let bit = 0; bit < 8 && at + bit < end; bit++) byte |= (flags[at + bit] as number) << bit;
    sink.byte(byte);
  }
}

function encodeBytes(offsets: Int32Array, bytes: Uint8Array, start: number, end: number, sink: ByteSink): void {
  sink.reserve((end - start) * 4 + (offsets[end] as number) - (offsets[start] as number));
  const target = sink.bytes;
  let out = sink.length;
  for (let i = start; i < end; i++) {
    const from = offsets[i] as number;
    const to = offsets[i + 1] as number;
    const length = to - from;
    target[out] = length;
    target[out + 1] = length >>> 8;
    target[out + 2] = length >>> 16;
    target[out + 3] = length >>> 24;
    out += 4;
    // Calling set() costs more than a short loop.
    if (length <= shortCopyBytesMax) for (let at = from; at < to; at++) target[out++] = bytes[at] as number;
    else {
      target.set(bytes.subarray(from, to), out);
      out += length;
    }
  }
  sink.length = out;
}
