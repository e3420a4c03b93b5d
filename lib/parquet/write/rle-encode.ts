import type { ByteSink } from "./byte-sink.ts";

const repeatMin = 8;

/**
 * Appends values[start, end) in Parquet's RLE / bit-packing hybrid, without a length prefix.
 * Every value fits in `bitWidth` bits (1–24). Source: Parquet format, Encodings.md, RLE = 3.
 */
export function rleEncode(
  values: ArrayLike<number>,
  start: number,
  end: number,
  bitWidth: number,
  sink: ByteSink,
): void {
  let packedStart = start;
  let at = start;
  while (at < end) {
    const value = values[at] as number;
    let runEnd = at + 1;
    while (runEnd < end && values[runEnd] === value) runEnd++;
    // A packed run holds whole groups of 8, so a repeat first fills up the group before it.
    const fill = (8 - ((at - packedStart) % 8)) % 8;
    if (runEnd - at - fill >= repeatMin) {
      putPacked(values, packedStart, at + fill, bitWidth, sink);
      putRepeat(value, runEnd - at - fill, bitWidth, sink);
      packedStart = runEnd;
    }
    at = runEnd;
  }
  putPacked(values, packedStart, end, bitWidth, sink);
}

/** Bits that hold every number below `count`, at least one. */
export function bitWidthOf(count: number): number {
  return Math.max(1, 32 - Math.clz32(count - 1));
}

function putRepeat(value: number, count: number, bitWidth: number, sink: ByteSink): void {
  sink.varint(count * 2);
  for (let bits = 0; bits < bitWidth; bits += 8) sink.byte(value >>> bits);
}

function putPacked(values: ArrayLike<number>, start: number, end: number, bitWidth: number, sink: ByteSink): void {
  if (start === end) return;
  const groups = Math.ceil((end - start) / 8);
  sink.varint(groups * 2 + 1);
  sink.reserve(groups * bitWidth + 4);
  const { bytes } = sink;
  const packedEnd = sink.length + groups * bitWidth;
  let out = sink.length;
  let pending = 0;
  let pendingBits = 0;
  for (let i = start; i < end; i++) {
    pending |= (values[i] as number) << pendingBits;
    pendingBits += bitWidth;
    while (pendingBits >= 8) {
      bytes[out++] = pending;
      pending >>>= 8;
      pendingBits -= 8;
    }
  }
  if (pendingBits > 0) bytes[out++] = pending;
  bytes.fill(0, out, packedEnd);
  sink.length = packedEnd;
}
