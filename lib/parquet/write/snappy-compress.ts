import type { ByteSink } from "./byte-sink.ts";

/** Matches are sought within blocks of this size, so that 16-bit positions suffice. */
const blockBytes = 65536;
const hashBits = 14;
const shortLiteralBytesMax = 32;

/**
 * Appends the Snappy form of `source` (raw format, without framing).
 * Source: the Snappy compressed format description; greedy matching over a hash of 4-byte sequences.
 */
export function snappyCompress(source: Uint8Array, sink: ByteSink): void {
  sink.varint(source.length);
  sink.reserve(32 + source.length + Math.ceil(source.length / 6));
  const table = new Uint16Array(1 << hashBits);
  let at = sink.length;
  for (let start = 0; start < source.length; start += blockBytes) {
    if (start > 0) table.fill(0);
    at = compressBlock(source, start, Math.min(source.length, start + blockBytes), sink.bytes, at, table);
  }
  sink.length = at;
}

/** Compresses source[start, end) to target[at…) and gives the new write position. */
function compressBlock(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
  table: Uint16Array,
): number {
  const view = new DataView(source.buffer, source.byteOffset, source.length);
  const lastMatchStart = end - 15; // leaves room for the wide reads below
  let literalStart = start;
  let position = start + 1;
  let out = at;
  while (position < lastMatchStart) {
    // Look further and further ahead while nothing matches: incompressible data passes quickly.
    let skip = 32;
    let candidate = 0;
    for (;;) {
      const word = view.getInt32(position, true);
      const hash = hashOf(word);
      candidate = start + (table[hash] as number);
      table[hash] = position - start;
      if (candidate < position && view.getInt32(candidate, true) === word) break;
      position += skip >> 5;
      skip++;
      if (position >= lastMatchStart) return putLiteral(source, literalStart, end, target, out);
    }
    if (position > literalStart) out = putLiteral(source, literalStart, position, target, out);
    const length = matchLength(view, candidate, position, end);
    out = putCopy(position - candidate, length, target, out);
    position += length;
    literalStart = position;
    if (position < lastMatchStart) table[hashOf(view.getInt32(position - 1, true))] = position - 1 - start;
  }
  return literalStart < end ? putLiteral(source, literalStart, end, target, out) : out;
}

function hashOf(word: number): number {
  return Math.imul(word, 0x1e35a7bd) >>> (32 - hashBits);
}

/** How many bytes from `position` on, four at least, equal those from `candidate` on. */
function matchLength(view: DataView, candidate: number, position: number, end: number): number {
  let length = 4;
  while (position + length + 4 <= end) {
    const difference = view.getInt32(candidate + length, true) ^ view.getInt32(position + length, true);
    if (difference !== 0) return length + ((31 - Math.clz32(difference & -difference)) >> 3);
    length += 4;
  }
  while (position + length < end && view.getUint8(candidate + length) === view.getUint8(position + length)) length++;
  return length;
}

function putLiteral(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  let out = at;
  const last = end - start - 1;
  if (last < 60) target[out++] = last << 2;
  else if (last < 256) {
    target[out++] = 60 << 2;
    target[out++] = last;
  } else {
    target[out++] = 61 << 2;
    target[out++] = last;
    target[out++] = last >> 8;
  }
  if (last < shortLiteralBytesMax) for (let i = start; i < end; i++) target[out++] = source[i] as number;
  else {
    target.set(source.subarray(start, end), out);
    out += last + 1;
  }
  return out;
}

function putCopy(offset: number, length: number, target: Uint8Array, at: number): number {
  let out = at;
  let rest = length;
  while (rest > 0) {
    if (rest < 12 && rest >= 4 && offset < 2048) {
      target[out++] = 1 | ((rest - 4) << 2) | ((offset >> 8) << 5);
      target[out++] = offset;
      return out;
    }
    // Never leave fewer than 4 bytes: they could not take the short form.
    const part = rest > 67 ? 64 : rest > 64 ? 60 : rest;
    target[out++] = 2 | ((part - 1) << 2);
    target[out++] = offset;
    target[out++] = offset >> 8;
    rest -= part;
  }
  return out;
}
