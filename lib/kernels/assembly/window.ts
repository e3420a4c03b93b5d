// Window functions over sorted rows: where partitions and peers begin and end, frames, and sums over frames.
// changes[i]: the first sort key in which row i differs from the row before it; 0 the partition, 255 none.

// @ts-ignore: decorator
@inline
function compareBytes(a: usize, aEnd: usize, b: usize, bEnd: usize): i32 {
  while (a + 8 <= aEnd && b + 8 <= bEnd) {
    const x = load<u64>(a);
    const y = load<u64>(b);
    if (x != y) return bswap<u64>(x) < bswap<u64>(y) ? -1 : 1;
    a += 8;
    b += 8;
  }
  while (a < aEnd && b < bEnd) {
    const d = <i32>load<u8>(a) - <i32>load<u8>(b);
    if (d != 0) return d;
    a++;
    b++;
  }
  return <i32>(a < aEnd) - <i32>(b < bEnd);
}

// @ts-ignore: decorator
@inline
function compareKeys(a: usize, i: u32, b: usize, j: u32): i32 {
  const x = a + (i << 2);
  const y = b + (j << 2);
  return compareBytes(<usize>load<u32>(x), <usize>load<u32>(x, 4), <usize>load<u32>(y), <usize>load<u32>(y, 4));
}

// @ts-ignore: decorator
@inline
function differs<T>(values: usize, i: u32): bool {
  const a = load<T>(values + (i - 1) * sizeof<T>());
  const b = load<T>(values + i * sizeof<T>());
  if (isFloat<T>()) return a != b && (a == a || b == b);
  return a != b;
}

// @ts-ignore: decorator
@inline
function noteChanged<T>(values: usize, validity: usize, from: u32, to: u32, level: u32, changes: usize): void {
  for (let i = from; i < to; i++) {
    const before = validity == 0 || load<u8>(validity + i - 1) != 0;
    const here = validity == 0 || load<u8>(validity + i) != 0;
    if ((before != here || (here && differs<T>(values, i))) && <u32>load<u8>(changes + i) > level) store<u8>(changes + i, <u8>level);
  }
}

const dayMicros: i64 = 86400000000;

/** By length, a month being 30 days: as sort keys are compared. */
function sameInterval(a: usize, b: usize): bool {
  const days = (<i64>load<i32>(b) - <i64>load<i32>(a)) * 30 + <i64>load<i32>(b, 4) - <i64>load<i32>(a, 4);
  const micros = load<i64>(a, 8) - load<i64>(b, 8);
  return micros % dayMicros == 0 && micros / dayMicros == days;
}

function noteChangedWide(kind: u32, values: usize, validity: usize, from: u32, to: u32, level: u32, changes: usize): void {
  const width: u32 = kind == 9 ? 8 : 16;
  for (let i = from; i < to; i++) {
    const before = validity == 0 || load<u8>(validity + i - 1) != 0;
    const here = validity == 0 || load<u8>(validity + i) != 0;
    const b = values + <usize>(i * width);
    const a = b - width;
    let same = before == here;
    if (same && here) {
      if (kind == 7) same = load<u64>(a) == load<u64>(b) && load<u64>(a, 8) == load<u64>(b, 8);
      else if (kind == 8) same = sameInterval(a, b);
      else {
        const length = load<u32>(b, 4);
        same = load<u32>(a, 4) == length && memory.compare(load<u32>(a), load<u32>(b), length) == 0;
      }
    }
    if (!same && <u32>load<u8>(changes + i) > level) store<u8>(changes + i, <u8>level);
  }
}

/**
 * Lowers changes[i] to `level` where value i differs from value i - 1, for i from `from` (at least 1) to `to`.
 * kind: 0 u8, 1 i8, 2 i16, 3 i32, 4 i64, 5 f32, 6 f64, 7 i128, 8 interval, 9 view
 */
export function noteChanges(kind: u32, values: usize, validity: usize, from: u32, to: u32, level: u32, changes: usize): void {
  switch (kind) {
    case 0:
    case 1: noteChanged<i8>(values, validity, from, to, level, changes); break;
    case 2: noteChanged<i16>(values, validity, from, to, level, changes); break;
    case 3: noteChanged<i32>(values, validity, from, to, level, changes); break;
    case 4: noteChanged<i64>(values, validity, from, to, level, changes); break;
    case 5: noteChanged<f32>(values, validity, from, to, level, changes); break;
    case 6: noteChanged<f64>(values, validity, from, to, level, changes); break;
    default: noteChangedWide(kind, values, validity, from, to, level, changes);
  }
}

/** Last i with changes[i] <= level, or -1. */
export function lastChange(changes: usize, n: u32, level: u32): i32 {
  for (let i = <i32>n - 1; i >= 0; i--) if (<u32>load<u8>(changes + i) <= level) return i;
  return -1;
}

/** First i with changes[i] <= level, or n. */
export function firstChange(changes: usize, n: u32, level: u32): u32 {
  let i: u32 = 0;
  while (i < n && <u32>load<u8>(changes + i) > level) i++;
  return i;
}

/** starts[i], ends[i] (u32): the rows around i without a change up to `level` between them. ends may be 0. */
export function spans(changes: usize, n: u32, level: u32, starts: usize, ends: usize): void {
  let from: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    if (<u32>load<u8>(changes + i) <= level) from = i;
    store<u32>(starts + (i << 2), from);
  }
  if (ends == 0) return;
  let to = n;
  for (let i = <i32>n - 1; i >= 0; i--) {
    store<u32>(ends + (i << 2), to);
    if (<u32>load<u8>(changes + i) <= level) to = <u32>i;
  }
}

/** groups[i]: how many changes up to `level` came in rows 1 .. i. Returns the number of groups. */
export function spanNumbers(changes: usize, n: u32, level: u32, groups: usize): u32 {
  let group: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    if (i > 0 && <u32>load<u8>(changes + i) <= level) group++;
    store<u32>(groups + (i << 2), group);
  }
  return n == 0 ? 0 : group + 1;
}

/** Frame bounds so many rows away, within the partition: from[i] = clamp(i + offset). */
export function rowBounds(starts: usize, ends: usize, n: u32, offset: f64, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const low = load<u32>(starts + (i << 2));
    const high = load<u32>(ends + (i << 2));
    const at = <f64>i + offset;
    store<u32>(out + (i << 2), at <= <f64>low ? low : at >= <f64>high ? high : <u32>at);
  }
}

/**
 * out[i]: the first row of the partition whose key is not less than (`after`: is greater than) bound i; bounds ascend.
 */
export function rangeBounds(keys: usize, bounds: usize, starts: usize, ends: usize, n: u32, after: u32, out: usize): void {
  let at: u32 = 0;
  const limit: i32 = after ? 1 : 0;
  for (let i: u32 = 0; i < n; i++) {
    const low = load<u32>(starts + (i << 2));
    const high = load<u32>(ends + (i << 2));
    if (at < low) at = low;
    while (at < high && compareKeys(keys, at, bounds, i) < limit) at++;
    store<u32>(out + (i << 2), at);
  }
}

/** out[i + 1] = initial + values[first] + … + values[i]; out[first] = initial, and out[0] = 0 when first > 0. */
export function prefixSums64(values: usize, first: u32, n: u32, initial: usize, out: usize): void {
  let sum = load<i64>(initial);
  store<i64>(out, 0);
  store<i64>(out + (first << 3), sum);
  for (let i = first; i < n; i++) {
    sum += load<i64>(values + (i << 3));
    store<i64>(out + (i << 3), sum, 8);
  }
}

/** The same in 128 bits. */
export function prefixSums128(values: usize, first: u32, n: u32, initial: usize, out: usize): void {
  let low = load<u64>(initial);
  let high = load<i64>(initial, 8);
  store<u64>(out, 0);
  store<i64>(out, 0, 8);
  store<u64>(out + (first << 4), low);
  store<i64>(out + (first << 4), high, 8);
  for (let i = first; i < n; i++) {
    const v = load<i64>(values + (i << 3));
    const next = low + <u64>v;
    high += (v >> 63) + <i64>(next < low);
    low = next;
    store<u64>(out + (i << 4), low, 16);
    store<i64>(out + (i << 4), high, 24);
  }
}

/** out[i + 1] (u32) = initial + how many of bytes first … i are 1 (0 for bytes: all); out[0] = 0 when first > 0. */
export function prefixCounts(bytes: usize, first: u32, n: u32, initial: u32, out: usize): void {
  let count = initial;
  store<u32>(out, 0);
  store<u32>(out + (first << 2), count);
  for (let i = first; i < n; i++) {
    count += bytes == 0 ? 1 : <u32>load<u8>(bytes + i);
    store<u32>(out + (i << 2), count, 4);
  }
}

/** out[i] += prefix[ends[i]] - prefix[starts[i]], for frames that are not empty. */
export function addFrameSums64(prefix: usize, starts: usize, ends: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const from = load<u32>(starts + (i << 2));
    const to = load<u32>(ends + (i << 2));
    if (from >= to) continue;
    const at = out + (i << 3);
    store<i64>(at, load<i64>(at) + load<i64>(prefix + (to << 3)) - load<i64>(prefix + (from << 3)));
  }
}

export function addFrameSums128(prefix: usize, starts: usize, ends: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const from = load<u32>(starts + (i << 2));
    const to = load<u32>(ends + (i << 2));
    if (from >= to) continue;
    const a = prefix + (from << 4);
    const b = prefix + (to << 4);
    const at = out + (i << 4);
    const aLow = load<u64>(a);
    const bLow = load<u64>(b);
    const low = bLow - aLow;
    const high = load<i64>(b, 8) - load<i64>(a, 8) - <i64>(bLow < aLow);
    const sum = load<u64>(at) + low;
    store<i64>(at, load<i64>(at, 8) + high + <i64>(sum < low), 8);
    store<u64>(at, sum);
  }
}

/** out[i] (i64) += the rows of the frame, or, with a prefix (u32) of counts, how many of them count. */
export function addFrameCounts(prefix: usize, starts: usize, ends: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const from = load<u32>(starts + (i << 2));
    const to = load<u32>(ends + (i << 2));
    if (from >= to) continue;
    const count = prefix == 0 ? to - from : load<u32>(prefix + (to << 2)) - load<u32>(prefix + (from << 2));
    const at = out + (i << 3);
    store<i64>(at, load<i64>(at) + <i64>count);
  }
}

/** present[i]: whether counts[i] (i64) is not 0. Returns how many are not. */
export function countedRows(counts: usize, n: u32, present: usize): u32 {
  let all: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const some = <u32>(load<i64>(counts + (i << 3)) != 0);
    store<u8>(present + i, <u8>some);
    all += some;
  }
  return all;
}

// @ts-ignore: decorator
@inline
function before<T>(a: T, b: T, max: u32): bool {
  if (isFloat<T>()) {
    // NaN is the greatest.
    if (a != a) return max != 0 && b == b;
    if (b != b) return max == 0;
  }
  return max ? a > b : a < b;
}

/**
 * out[i]: the row of the least (max: greatest) value among rows [starts[i], ends[i]), the first of equals; 0xffffffff for
 * none. Starts and ends ascend. A queue (n u32) holds the rows that can still become the answer; Lemire, "Streaming
 * maximum-minimum filter using no more than three comparisons per element" (2006).
 */
// @ts-ignore: decorator
@inline
function frameExtremes<T>(values: usize, validity: usize, starts: usize, ends: usize, n: u32, max: u32, queue: usize, out: usize): void {
  let head: u32 = 0;
  let tail: u32 = 0;
  let next: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const from = load<u32>(starts + (i << 2));
    const to = load<u32>(ends + (i << 2));
    if (next < from) next = from;
    while (next < to) {
      if (validity == 0 || load<u8>(validity + next) != 0) {
        const v = load<T>(values + next * sizeof<T>());
        while (tail > head && before<T>(v, load<T>(values + load<u32>(queue + ((tail - 1) << 2)) * sizeof<T>()), max)) tail--;
        store<u32>(queue + (tail << 2), next);
        tail++;
      }
      next++;
    }
    while (tail > head && load<u32>(queue + (head << 2)) < from) head++;
    const some = tail > head && from < to;
    store<u32>(out + (i << 2), some ? load<u32>(queue + (head << 2)) : 0xffffffff);
  }
}

/** kind: 0 u8, 1 i8, 2 i16, 3 i32, 4 i64, 5 f32, 6 f64, 7 u32 */
export function frameExtreme(kind: u32, values: usize, validity: usize, starts: usize, ends: usize, n: u32, max: u32, queue: usize, out: usize): void {
  switch (kind) {
    case 0: frameExtremes<u8>(values, validity, starts, ends, n, max, queue, out); break;
    case 1: frameExtremes<i8>(values, validity, starts, ends, n, max, queue, out); break;
    case 2: frameExtremes<i16>(values, validity, starts, ends, n, max, queue, out); break;
    case 3: frameExtremes<i32>(values, validity, starts, ends, n, max, queue, out); break;
    case 4: frameExtremes<i64>(values, validity, starts, ends, n, max, queue, out); break;
    case 5: frameExtremes<f32>(values, validity, starts, ends, n, max, queue, out); break;
    case 6: frameExtremes<f64>(values, validity, starts, ends, n, max, queue, out); break;
    default: frameExtremes<u32>(values, validity, starts, ends, n, max, queue, out);
  }
}

/** ranks[rows[i]] = i, and the same for rows of equal keys: numbers in the order of the keys. */
export function keyRanks(starts: usize, rows: usize, n: u32, ranks: usize): void {
  let rank: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const row = load<u32>(rows + (i << 2));
    if (i > 0 && compareKeys(starts, row, starts, load<u32>(rows + ((i - 1) << 2))) != 0) rank = i;
    store<u32>(ranks + (row << 2), rank);
  }
}

/**
 * Running sums of floats from the start of each partition (u32 starts), from row `first` on, before which the sum was
 * `initial`: out[i] = values[start] + … + values[i]; absent ones count 0.
 */
export function runningSumsF64(values: usize, validity: usize, starts: usize, first: u32, n: u32, initial: f64, out: usize): void {
  let sum = initial;
  if (first > 0) store<f64>(out + ((first - 1) << 3), sum);
  for (let i = first; i < n; i++) {
    if (load<u32>(starts + (i << 2)) == i) sum = 0;
    if (validity == 0 || load<u8>(validity + i) != 0) sum += load<f64>(values + (i << 3));
    store<f64>(out + (i << 3), sum);
  }
}
