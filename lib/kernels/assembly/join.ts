// Probing: from key numbers to pairs of rows, and bookkeeping of what matched.

/**
 * Expands (row, key number) into (probe row, build row) pairs through offsets (u32, number + 1) and order (u32 build
 * rows by key), at most `room` of them. cursor: u32 index, u32 position within its key's rows; both move on. A later
 * call continues. Returns the number of pairs; the end is reached when cursor's index is m.
 */
export function expandPairs(rows: usize, numbers: usize, m: u32, offsets: usize, order: usize, cursor: usize, room: u32, probeRows: usize, buildRows: usize): u32 {
  let j = load<u32>(cursor);
  let at = load<u32>(cursor, 4);
  let out: u32 = 0;
  while (j < m && out < room) {
    const row = load<u32>(rows + (j << 2));
    const number = <usize>load<u32>(numbers + (j << 2)) << 2;
    const start = load<u32>(offsets + number);
    const count = load<u32>(offsets + number, 4) - start;
    const take = min(count - at, room - out);
    const from = order + (<usize>(start + at) << 2);
    for (let k: u32 = 0; k < take; k++) {
      store<u32>(probeRows + ((out + k) << 2), row);
      store<u32>(buildRows + ((out + k) << 2), load<u32>(from + (k << 2)));
    }
    out += take;
    at += take;
    if (at == count) {
      at = 0;
      j++;
    }
  }
  store<u32>(cursor, j);
  store<u32>(cursor, at, 4);
  return out;
}

/** bytes[rows[i]] = 1. */
export function setOnes(rows: usize, n: u32, bytes: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u8>(bytes + load<u32>(rows + (i << 2)), 1);
}

/** Like setOnes; returns how many were set already (or repeat within rows). */
export function setOnesCount(rows: usize, n: u32, bytes: usize): u32 {
  let again: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const p = bytes + load<u32>(rows + (i << 2));
    again += load<u8>(p);
    store<u8>(p, 1);
  }
  return again;
}

/** Rows from … to − 1 whose byte is `wanted`; stops at `room`. cursor: the u32 row to go on with. */
export function selectBytes(bytes: usize, cursor: usize, to: u32, wanted: u32, room: u32, rows: usize): u32 {
  let i = load<u32>(cursor);
  let m: u32 = 0;
  for (; i < to && m < room; i++) {
    store<u32>(rows + (m << 2), i);
    m += <u32>(<u32>load<u8>(bytes + i) == wanted);
  }
  store<u32>(cursor, i);
  return m;
}

/** out[i] = a[i] | b[i]. */
export function eitherBytes(a: usize, b: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u8>(out + i, load<u8>(a + i) | load<u8>(b + i));
}

/** out[i] = a[i] | !b[i] for bytes of 0 and 1. */
export function knownBytes(a: usize, b: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u8>(out + i, load<u8>(a + i) | (load<u8>(b + i) ^ 1));
}

/** Each probe row's build row: out[rows[i]] = buildRows[i], 0xffffffff elsewhere. rows ascend without repeats. */
export function outerRows(rows: usize, buildRows: usize, m: u32, n: u32, out: usize): void {
  let j: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const hit = j < m && load<u32>(rows + (j << 2)) == i;
    store<u32>(out + (i << 2), hit ? load<u32>(buildRows + (j << 2)) : 0xffffffff);
    j += <u32>hit;
  }
}

/** Pairs of the cross product [probeFrom, …) × [0, builds), row-major from position `from` (f64: it may pass 2^32). */
export function crossPairs(from: f64, builds: u32, count: u32, probeRows: usize, buildRows: usize): void {
  let probe = <u32>(from / <f64>builds);
  let build = <u32>(from - <f64>probe * <f64>builds);
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(probeRows + (i << 2), probe);
    store<u32>(buildRows + (i << 2), build);
    if (++build == builds) {
      build = 0;
      probe++;
    }
  }
}

/** Fills n u32. */
export function fill4(value: u32, n: u32, out: usize): void {
  const v = i32x4.splat(value);
  for (let i: u32 = 0; i < n; i += 4) v128.store(out + (<usize>i << 2), v);
}

/** Adds `amount` to n u32. */
export function add4(values: usize, amount: u32, n: u32): void {
  for (let i: u32 = 0; i < n; i++) store<u32>(values + (i << 2), load<u32>(values + (i << 2)) + amount);
}

/** Copies views' bytes to `to` one after the other and points the new views there; absent ones get length 0. */
export function moveViews(views: usize, validity: usize, n: u32, to: usize, out: usize): usize {
  let next = to;
  for (let i: u32 = 0; i < n; i++) {
    const length: u32 = !validity || load<u8>(validity + i) ? load<u32>(views + (<usize>i << 3), 4) : 0;
    memory.copy(next, load<u32>(views + (<usize>i << 3)), length);
    store<u32>(out + (<usize>i << 3), next);
    store<u32>(out + (<usize>i << 3), length, 4);
    next += length;
  }
  return next;
}

/** Lengths of views, 0 where absent: what a spill block stores. */
export function viewLengths(views: usize, validity: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    store<u32>(out + (i << 2), !validity || load<u8>(validity + i) ? load<u32>(views + (<usize>i << 3), 4) : 0);
  }
}

/** Views over bytes that lie one after the other. */
export function viewsOfLengths(lengths: usize, n: u32, bytes: usize, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const length = load<u32>(lengths + (i << 2));
    store<u32>(out + (<usize>i << 3), bytes);
    store<u32>(out + (<usize>i << 3), length, 4);
    bytes += length;
  }
}
