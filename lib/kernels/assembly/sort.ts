// Sorting by normalised keys: each row's sort keys become one string of bytes whose byte order is the wanted order, so
// that every comparison is a memcmp. No key is a prefix of a different one. Keys of a batch lie side by side;
// starts[i] .. starts[i + 1] (u32 addresses, n + 1 of them) is row i's.
//
// An entry is what gets sorted, 16 bytes: u64 first eight key bytes as a big-endian number, u32 address of the key, u32 row.

/** Up to eight bytes as a big-endian number, zeros after the end. */
// @ts-ignore: decorator
@inline
function word(p: usize, length: u32): u64 {
  if (length == 0) return 0;
  const w = bswap<u64>(load<u64>(p));
  return length >= 8 ? w : w & (<u64>0xffffffffffffffff << ((8 - length) << 3));
}

/** Negative, zero, positive. Both keys are complete, so where the shorter ends without a difference they are equal. */
// @ts-ignore: decorator
@inline
function compareKeys(a: usize, aLength: u32, b: usize, bLength: u32): i32 {
  const length = min(aLength, bLength);
  for (let k: u32 = 0; k < length; k += 8) {
    const x = word(a + k, length - k);
    const y = word(b + k, length - k);
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}

export function makeEntries(starts: usize, n: u32, entries: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const start = load<u32>(starts + (i << 2));
    const e = entries + (<usize>i << 4);
    store<u64>(e, word(start, load<u32>(starts + (i << 2), 4) - start));
    store<u32>(e, start, 8);
    store<u32>(e, i, 12);
  }
}

/**
 * Stable least-significant-byte-first radix sort by the first eight bytes; bytes that all rows share cost nothing.
 * counts: 8 KiB. Returns where the sorted entries are: `entries` or `scratch`.
 */
export function radixSortEntries(entries: usize, n: u32, scratch: usize, counts: usize): usize {
  memory.fill(counts, 0, 8192);
  for (let i: u32 = 0; i < n; i++) {
    let w = load<u64>(entries + (<usize>i << 4));
    for (let b: u32 = 0; b < 8; b++) {
      const c = counts + (((b << 8) + <u32>(w & 255)) << 2);
      store<u32>(c, load<u32>(c) + 1);
      w >>= 8;
    }
  }
  let from = entries;
  let to = scratch;
  for (let b: u32 = 0; b < 8; b++) {
    const bucket = counts + (b << 10);
    const shift = <u64>(b << 3);
    if (n == 0 || load<u32>(bucket + (<u32>((load<u64>(from) >> shift) & 255) << 2)) == n) continue;
    let sum: u32 = 0;
    for (let k: u32 = 0; k < 1024; k += 4) {
      const count = load<u32>(bucket + k);
      store<u32>(bucket + k, sum);
      sum += count;
    }
    for (let i: u32 = 0; i < n; i++) {
      const e = v128.load(from + (<usize>i << 4));
      const c = bucket + (<u32>((<u64>i64x2.extract_lane(e, 0) >> shift) & 255) << 2);
      const at = load<u32>(c);
      store<u32>(c, at + 1);
      v128.store(to + (<usize>at << 4), e);
    }
    const swap = from;
    from = to;
    to = swap;
  }
  return from;
}

// @ts-ignore: decorator
@inline
function entryKeyLength(e: usize, starts: usize): u32 {
  const row = load<u32>(e, 12);
  return load<u32>(starts + (row << 2), 4) - load<u32>(e, 8);
}

/** Compares the keys of two entries that agree before byte `depth`. */
function compareTails(a: usize, b: usize, starts: usize, depth: u32): i32 {
  const aLength = entryKeyLength(a, starts);
  const bLength = entryKeyLength(b, starts);
  if (aLength <= depth || bLength <= depth) return 0;
  return compareKeys(load<u32>(a, 8) + depth, aLength - depth, load<u32>(b, 8) + depth, bLength - depth);
}

/** Longer runs of equal words are radix sorted by the next word, down to this depth; the rest is merged. */
const radixRun: u32 = 200;
const radixDepth: u32 = 256;

/**
 * Sorts each run of entries that share their first eight bytes by the rest of their keys, keeping the order of equal ones.
 * counts: 8 KiB.
 */
export function sortTies(entries: usize, n: u32, starts: usize, scratch: usize, counts: usize): void {
  sortRuns(entries, n, starts, scratch, counts, 8);
}

/** The entries agree before byte depth - 8 and are in the order of the word there, which they hold. */
function sortRuns(entries: usize, n: u32, starts: usize, scratch: usize, counts: usize, depth: u32): void {
  let from: u32 = 0;
  while (from < n) {
    const w = load<u64>(entries + (<usize>from << 4));
    let to = from + 1;
    while (to < n && load<u64>(entries + (<usize>to << 4)) == w) to++;
    const run = entries + (<usize>from << 4);
    const length = to - from;
    if (length > radixRun && depth <= radixDepth) sortByNextWord(run, length, starts, scratch, counts, depth);
    else if (length > 1) mergeSort(run, length, starts, scratch, depth);
    from = to;
  }
}

function sortByNextWord(entries: usize, n: u32, starts: usize, scratch: usize, counts: usize, depth: u32): void {
  let longer = false;
  for (let i: u32 = 0; i < n; i++) {
    const e = entries + (<usize>i << 4);
    const length = entryKeyLength(e, starts);
    longer = longer || length > depth;
    store<u64>(e, length > depth ? word(load<u32>(e, 8) + depth, length - depth) : 0);
  }
  if (!longer) return;
  const sorted = radixSortEntries(entries, n, scratch, counts);
  if (sorted != entries) memory.copy(entries, sorted, <usize>n << 4);
  sortRuns(entries, n, starts, scratch, counts, depth + 8);
}

const insertionRun: u32 = 12;

function mergeSort(entries: usize, n: u32, starts: usize, scratch: usize, depth: u32): void {
  for (let run: u32 = 0; run < n; run += insertionRun) insertionSort(entries, run, min(n, run + insertionRun), starts, depth);
  let from = entries;
  let to = scratch;
  for (let width = <u64>insertionRun; width < <u64>n; width <<= 1) {
    for (let left: u64 = 0; left < <u64>n; left += width << 1) {
      const middle = <u32>min(<u64>n, left + width);
      merge(from, <u32>left, middle, <u32>min(<u64>n, left + (width << 1)), to, starts, depth);
    }
    const swap = from;
    from = to;
    to = swap;
  }
  if (from != entries) memory.copy(entries, from, <usize>n << 4);
}

function insertionSort(entries: usize, from: u32, to: u32, starts: usize, depth: u32): void {
  for (let i = from + 1; i < to; i++) {
    const moving = v128.load(entries + (<usize>i << 4));
    let at = i;
    // The moving entry itself stays in place until its place is known: compare against it there.
    while (at > from && compareTails(entries + (<usize>i << 4), entries + (<usize>(at - 1) << 4), starts, depth) < 0) at--;
    for (let k = i; k > at; k--) v128.store(entries + (<usize>k << 4), v128.load(entries + (<usize>(k - 1) << 4)));
    v128.store(entries + (<usize>at << 4), moving);
  }
}

function merge(from: usize, left: u32, middle: u32, end: u32, to: usize, starts: usize, depth: u32): void {
  let a = left;
  let b = middle;
  for (let k = left; k < end; k++) {
    const takeLeft =
      a < middle && (b >= end || compareTails(from + (<usize>b << 4), from + (<usize>a << 4), starts, depth) >= 0);
    const source = takeLeft ? a++ : b++;
    v128.store(to + (<usize>k << 4), v128.load(from + (<usize>source << 4)));
  }
}

/** rows[i] = row of entry i. */
export function entryRows(entries: usize, n: u32, rows: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u32>(rows + (i << 2), load<u32>(entries + (<usize>i << 4), 12));
}

/** Rows whose key comes before the given one. Returns how many. */
export function rowsBefore(starts: usize, n: u32, key: usize, keyLength: u32, rows: usize): u32 {
  const first = word(key, keyLength);
  let count: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const start = load<u32>(starts + (i << 2));
    const length = load<u32>(starts + (i << 2), 4) - start;
    const w = word(start, length);
    if (w > first) continue;
    if (w == first && compareKeys(start, length, key, keyLength) >= 0) continue;
    store<u32>(rows + (count << 2), i);
    count++;
  }
  return count;
}

/** How many of the bounds (their keys between boundStarts) each row's key reaches: its range partition. */
export function rangePartitions(starts: usize, n: u32, boundStarts: usize, bounds: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const start = load<u32>(starts + (i << 2));
    const length = load<u32>(starts + (i << 2), 4) - start;
    let low: u32 = 0;
    let high = bounds;
    while (low < high) {
      const middle = (low + high) >> 1;
      const bound = load<u32>(boundStarts + (middle << 2));
      if (compareKeys(start, length, bound, load<u32>(boundStarts + (middle << 2), 4) - bound) < 0) high = middle;
      else low = middle + 1;
    }
    store<u32>(out + (i << 2), low);
  }
}

// Merging sorted cursors. A cursor is 24 bytes: u64 first word of its next key, u32 starts of its batch, u32 position,
// u32 rows in the batch, u32 free. The heap holds cursor numbers (u32), the one with the least key first; equal keys go by
// cursor number.

// @ts-ignore: decorator
@inline
function cursorAt(cursors: usize, id: u32): usize {
  return cursors + <usize>id * 24;
}

/** Reads the first word of a cursor's next key; its position is inside its batch. */
export function loadCursor(cursors: usize, id: u32): void {
  const c = cursorAt(cursors, id);
  const s = load<u32>(c, 8) + (load<u32>(c, 12) << 2);
  const start = load<u32>(s);
  store<u64>(c, word(start, load<u32>(s, 4) - start));
}

function cursorBefore(cursors: usize, a: u32, b: u32): bool {
  const x = cursorAt(cursors, a);
  const y = cursorAt(cursors, b);
  const xw = load<u64>(x);
  const yw = load<u64>(y);
  if (xw != yw) return xw < yw;
  const xs = load<u32>(x, 8) + (load<u32>(x, 12) << 2);
  const ys = load<u32>(y, 8) + (load<u32>(y, 12) << 2);
  const xp = load<u32>(xs);
  const yp = load<u32>(ys);
  const order = compareKeys(xp, load<u32>(xs, 4) - xp, yp, load<u32>(ys, 4) - yp);
  return order != 0 ? order < 0 : a < b;
}

/** Restores the heap below `at`. */
export function siftCursors(cursors: usize, heap: usize, size: u32, at: u32): void {
  const moving = load<u32>(heap + (at << 2));
  for (;;) {
    let child = at * 2 + 1;
    if (child >= size) break;
    if (child + 1 < size && cursorBefore(cursors, load<u32>(heap + (child << 2), 4), load<u32>(heap + (child << 2)))) child++;
    const candidate = load<u32>(heap + (child << 2));
    if (!cursorBefore(cursors, candidate, moving)) break;
    store<u32>(heap + (at << 2), candidate);
    at = child;
  }
  store<u32>(heap + (at << 2), moving);
}

/**
 * Takes rows in order: the cursor and the row of each. Stops after `rowsMax` of them, or when the first cursor of the heap
 * has no more rows in its batch (its position equals its rows). Returns how many.
 */
export function mergeCursors(cursors: usize, heap: usize, size: u32, rowsMax: u32, outCursors: usize, outRows: usize): u32 {
  let count: u32 = 0;
  while (count < rowsMax) {
    const id = load<u32>(heap);
    const c = cursorAt(cursors, id);
    const position = load<u32>(c, 12);
    store<u32>(outCursors + (count << 2), id);
    store<u32>(outRows + (count << 2), position);
    count++;
    store<u32>(c, position + 1, 12);
    if (position + 1 == load<u32>(c, 16)) break;
    loadCursor(cursors, id);
    siftCursors(cursors, heap, size, 0);
  }
  return count;
}

// @ts-ignore: decorator
@inline
function gatherFrom<T>(bases: usize, cursors: usize, rows: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const base = <usize>load<u32>(bases + (load<u32>(cursors + (i << 2)) << 2));
    store<T>(out + <usize>i * sizeof<T>(), load<T>(base + <usize>load<u32>(rows + (i << 2)) * sizeof<T>()));
  }
}

/** out[i] = value rows[i] of the vector at bases[cursors[i]]. */
export function gatherFrom1(bases: usize, cursors: usize, rows: usize, n: u32, out: usize): void { gatherFrom<u8>(bases, cursors, rows, n, out); }
export function gatherFrom2(bases: usize, cursors: usize, rows: usize, n: u32, out: usize): void { gatherFrom<u16>(bases, cursors, rows, n, out); }
export function gatherFrom4(bases: usize, cursors: usize, rows: usize, n: u32, out: usize): void { gatherFrom<u32>(bases, cursors, rows, n, out); }
export function gatherFrom8(bases: usize, cursors: usize, rows: usize, n: u32, out: usize): void { gatherFrom<u64>(bases, cursors, rows, n, out); }
export function gatherFrom16(bases: usize, cursors: usize, rows: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const base = <usize>load<u32>(bases + (load<u32>(cursors + (i << 2)) << 2));
    v128.store(out + (<usize>i << 4), v128.load(base + (<usize>load<u32>(rows + (i << 2)) << 4)));
  }
}

/** Validity in the same way; a base of 0 means that all rows are present. */
export function gatherValidityFrom(bases: usize, cursors: usize, rows: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const base = <usize>load<u32>(bases + (load<u32>(cursors + (i << 2)) << 2));
    store<u8>(out + i, base == 0 ? 1 : load<u8>(base + load<u32>(rows + (i << 2))));
  }
}
