/**
 * Buffers for file reads, used again and again: fresh megabytes for every row group cost page faults and garbage
 * collections, a fifth of a scan's time when they were measured.
 */

const keptBytesMax = 64 << 20;
const granuleBytes = 64 << 10;

const kept: Uint8Array[] = [];
let keptBytes = 0;

/** A buffer of at least `bytes`, its contents arbitrary. Not giving it back does no harm. */
export function takeBuffer(bytes: number): Uint8Array {
  let best = -1;
  for (const [i, { length }] of kept.entries()) {
    if (length >= bytes && length <= bytes * 2 + granuleBytes && (best < 0 || length < kept[best]!.length)) best = i;
  }
  if (best < 0) return new Uint8Array(Math.ceil(bytes / granuleBytes) * granuleBytes);
  const [buffer] = kept.splice(best, 1);
  keptBytes -= buffer!.length;
  return buffer!;
}

/** Gives a buffer back; nobody may use it, or a part of it, from then on. */
export function giveBuffer(buffer: Uint8Array): void {
  if (buffer.length > keptBytesMax) return;
  kept.push(buffer);
  keptBytes += buffer.length;
  while (keptBytes > keptBytesMax) keptBytes -= kept.shift()!.length;
}
