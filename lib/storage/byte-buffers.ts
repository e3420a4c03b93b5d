/**
 * Large byte buffers of this thread, used again and again: fresh ones cost a page fault for every 4 KB, more than reading
 * a cached file does, and drive the garbage collector.
 */
let keptBytesMax = 64 << 20;
const granuleBytes = 64 << 10;

/** Free buffers, the longest unused first. */
const kept: ArrayBuffer[] = [];
let keptBytes = 0;
/** Buffers whose bytes somebody has: only those can come back, and only once. */
const lent = new WeakSet<ArrayBuffer>();

/** Free buffers of this thread are kept up to so many bytes together. */
export function limitKeptBytes(bytes: number): void {
  keptBytesMax = bytes;
}

/** Room for `bytes`, its contents arbitrary, perhaps in a larger buffer. Not giving it back does no harm. */
export function takeBytes(bytes: number): Uint8Array {
  if (bytes < granuleBytes) return new Uint8Array(bytes);
  let best = -1;
  for (const [i, { byteLength }] of kept.entries()) {
    const fits = byteLength >= bytes && byteLength <= bytes * 2 + granuleBytes;
    if (fits && (best < 0 || byteLength < kept[best]!.byteLength)) best = i;
  }
  const buffer = kept[best] ?? new ArrayBuffer(Math.ceil(bytes / granuleBytes) * granuleBytes);
  if (best >= 0) {
    kept.splice(best, 1);
    keptBytes -= buffer.byteLength;
  }
  lent.add(buffer);
  return new Uint8Array(buffer, 0, bytes);
}

/** Nobody may use these bytes, or a part of them, from here on. Bytes that takeBytes did not give are ignored. */
export function giveBytes({ buffer }: Uint8Array): void {
  if (!(buffer instanceof ArrayBuffer) || !lent.delete(buffer) || buffer.byteLength > keptBytesMax) return;
  kept.push(buffer);
  keptBytes += buffer.byteLength;
  while (keptBytes > keptBytesMax) keptBytes -= kept.shift()!.byteLength;
}
