// Filters: each writes the numbers (u32, ascending) of the rows that pass and returns their count. `ids` 0 tests rows
// 0 … n−1; else the n rows listed there, and `out` may be `ids`. Outputs need room for n numbers and 16 bytes more.

import { equalBytes, lessBytes } from "./compare";

/** For each mask of four rows, the positions of its set bits. */
const lanes: usize = memory.data<u32>([
  0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 1, 2, 0, 0, 0, 1, 2, 0,
  3, 0, 0, 0, 0, 3, 0, 0, 1, 3, 0, 0, 0, 1, 3, 0, 2, 3, 0, 0, 0, 2, 3, 0, 1, 2, 3, 0, 0, 1, 2, 3,
], 16);

@inline function emit4(mask: u32, i: u32, n: u32, c: u32, out: usize): u32 {
  if (n - i < 4) mask &= (1 << (n - i)) - 1;
  v128.store(out + (<usize>c << 2), i32x4.add(v128.load(lanes + (<usize>mask << 4)), i32x4.splat(i)));
  return c + popcnt(mask);
}

@inline function emit16(mask: u32, i: u32, n: u32, c: u32, out: usize): u32 {
  c = emit4(mask & 15, i, n, c, out);
  if (i + 4 < n) c = emit4((mask >> 4) & 15, i + 4, n, c, out);
  if (i + 8 < n) c = emit4((mask >> 8) & 15, i + 8, n, c, out);
  if (i + 12 < n) c = emit4((mask >> 12) & 15, i + 12, n, c, out);
  return c;
}

@inline function row(ids: usize, i: u32): u32 { return ids == 0 ? i : load<u32>(ids + (<usize>i << 2)); }

@inline function listed<T, U>(values: usize, n: u32, ids: usize, lo: T, span: U, negate: u32, out: usize): u32 {
  let c: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = load<u32>(ids + (<usize>i << 2));
    store<u32>(out + (<usize>c << 2), r);
    c += <u32>(<U>(load<T>(values + <usize>r * sizeof<T>()) - lo) <= span) ^ negate;
  }
  return c;
}

/** lo ≤ value ≤ hi (lo ≤ hi), or not so when negate is 1. Booleans too, as bytes. */
export function selectRangeI8(values: usize, n: u32, ids: usize, lo: i32, hi: i32, negate: u32, out: usize): u32 {
  const span = <u8>(hi - lo);
  if (ids) return listed<i8, u8>(values, n, ids, <i8>lo, span, negate, out);
  const low = i8x16.splat(<i8>lo), spans = i8x16.splat(<i8>span), flip: u32 = negate ? 0xffff : 0;
  let c: u32 = 0;
  for (let i: u32 = 0; i < n; i += 16) {
    const hits = i8x16.le_u(i8x16.sub(v128.load(values + i), low), spans);
    c = emit16(i8x16.bitmask(hits) ^ flip, i, n, c, out);
  }
  return c;
}

export function selectRangeI16(values: usize, n: u32, ids: usize, lo: i32, hi: i32, negate: u32, out: usize): u32 {
  const span = <u16>(hi - lo);
  if (ids) return listed<i16, u16>(values, n, ids, <i16>lo, span, negate, out);
  const low = i16x8.splat(<i16>lo), spans = i16x8.splat(<i16>span), flip: u32 = negate ? 0xff : 0;
  let c: u32 = 0;
  for (let i: u32 = 0; i < n; i += 8) {
    const hits = i16x8.le_u(i16x8.sub(v128.load(values + (<usize>i << 1)), low), spans);
    const mask = i16x8.bitmask(hits) ^ flip;
    c = emit4(mask & 15, i, n, c, out);
    if (i + 4 < n) c = emit4(mask >> 4, i + 4, n, c, out);
  }
  return c;
}

export function selectRangeI32(values: usize, n: u32, ids: usize, lo: i32, hi: i32, negate: u32, out: usize): u32 {
  const span = <u32>(hi - lo);
  if (ids) return listed<i32, u32>(values, n, ids, lo, span, negate, out);
  const low = i32x4.splat(lo), spans = i32x4.splat(span), flip: u32 = negate ? 15 : 0;
  let c: u32 = 0;
  for (let i: u32 = 0; i < n; i += 4) {
    const hits = i32x4.le_u(i32x4.sub(v128.load(values + (<usize>i << 2)), low), spans);
    c = emit4(i32x4.bitmask(hits) ^ flip, i, n, c, out);
  }
  return c;
}

/** bounds: lo, then hi. */
export function selectRangeI64(values: usize, n: u32, ids: usize, bounds: usize, negate: u32, out: usize): u32 {
  const lo = load<i64>(bounds), hi = load<i64>(bounds, 8);
  if (ids) return listed<i64, u64>(values, n, ids, lo, <u64>(hi - lo), negate, out);
  const low = i64x2.splat(lo), high = i64x2.splat(hi), flip: u32 = negate ? 15 : 0;
  let c: u32 = 0;
  for (let i: u32 = 0; i < n; i += 4) {
    const a = v128.load(values + (<usize>i << 3)), b = v128.load(values + (<usize>i << 3), 16);
    const x = v128.and(i64x2.ge_s(a, low), i64x2.le_s(a, high));
    const y = v128.and(i64x2.ge_s(b, low), i64x2.le_s(b, high));
    c = emit4((i64x2.bitmask(x) | (i64x2.bitmask(y) << 2)) ^ flip, i, n, c, out);
  }
  return c;
}

@inline function less128(aLow: u64, aHigh: i64, bLow: u64, bHigh: i64): bool {
  return aHigh < bHigh || (aHigh == bHigh && aLow < bLow);
}

/** bounds: lo, then hi, 16 bytes each. */
export function selectRangeI128(values: usize, n: u32, ids: usize, bounds: usize, negate: u32, out: usize): u32 {
  const loLow = load<u64>(bounds), loHigh = load<i64>(bounds, 8), hiLow = load<u64>(bounds, 16), hiHigh = load<i64>(bounds, 24);
  let c: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = row(ids, i), p = values + (<usize>r << 4), low = load<u64>(p), high = load<i64>(p, 8);
    store<u32>(out + (<usize>c << 2), r);
    c += <u32>(!less128(low, high, loLow, loHigh) && !less128(hiLow, hiHigh, low, high)) ^ negate;
  }
  return c;
}

/** lo ≤ value ≤ hi, or NaN when nan is 1. */
export function selectRangeF64(values: usize, n: u32, ids: usize, lo: f64, hi: f64, nan: u32, negate: u32, out: usize): u32 {
  let c: u32 = 0;
  if (ids) {
    for (let i: u32 = 0; i < n; i++) {
      const r = load<u32>(ids + (<usize>i << 2)), v = load<f64>(values + (<usize>r << 3));
      store<u32>(out + (<usize>c << 2), r);
      c += (<u32>(v >= lo && v <= hi) | (<u32>(v != v) & nan)) ^ negate;
    }
    return c;
  }
  const low = f64x2.splat(lo), high = f64x2.splat(hi), nans = i64x2.splat(nan ? -1 : 0), flip: u32 = negate ? 15 : 0;
  for (let i: u32 = 0; i < n; i += 4) {
    const a = v128.load(values + (<usize>i << 3)), b = v128.load(values + (<usize>i << 3), 16);
    const x = v128.or(v128.and(f64x2.ge(a, low), f64x2.le(a, high)), v128.and(f64x2.ne(a, a), nans));
    const y = v128.or(v128.and(f64x2.ge(b, low), f64x2.le(b, high)), v128.and(f64x2.ne(b, b), nans));
    c = emit4((i64x2.bitmask(x) | (i64x2.bitmask(y) << 2)) ^ flip, i, n, c, out);
  }
  return c;
}

/** Like selectRangeF64, for 4-byte floats; the bounds need not be one. */
export function selectRangeF32(values: usize, n: u32, ids: usize, lo: f64, hi: f64, nan: u32, negate: u32, out: usize): u32 {
  let c: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = row(ids, i), v = <f64>load<f32>(values + (<usize>r << 2));
    store<u32>(out + (<usize>c << 2), r);
    c += (<u32>(v >= lo && v <= hi) | (<u32>(v != v) & nan)) ^ negate;
  }
  return c;
}

/** Rows whose byte is not 0 and, with a validity, that are present. */
export function selectTrue(bytes: usize, validity: usize, n: u32, ids: usize, out: usize): u32 {
  let c: u32 = 0;
  if (validity == 0) validity = bytes;
  if (ids) {
    for (let i: u32 = 0; i < n; i++) {
      const r = load<u32>(ids + (<usize>i << 2));
      store<u32>(out + (<usize>c << 2), r);
      c += <u32>(load<u8>(bytes + r) != 0) & <u32>(load<u8>(validity + r) != 0);
    }
    return c;
  }
  const zero = i8x16.splat(0);
  for (let i: u32 = 0; i < n; i += 16) {
    const misses = v128.or(i8x16.eq(v128.load(bytes + i), zero), i8x16.eq(v128.load(validity + i), zero));
    c = emit16(i8x16.bitmask(misses) ^ 0xffff, i, n, c, out);
  }
  return c;
}

/** Rows whose byte is 0. */
export function selectZero(bytes: usize, n: u32, ids: usize, out: usize): u32 {
  let c: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = row(ids, i);
    store<u32>(out + (<usize>c << 2), r);
    c += <u32>(load<u8>(bytes + r) == 0);
  }
  return c;
}

@inline function table<C>(codes: usize, n: u32, ids: usize, hits: usize, out: usize): u32 {
  let c: u32 = 0;
  if (ids) {
    for (let i: u32 = 0; i < n; i++) {
      const r = load<u32>(ids + (<usize>i << 2));
      store<u32>(out + (<usize>c << 2), r);
      c += load<u8>(hits + load<C>(codes + <usize>r * sizeof<C>()));
    }
    return c;
  }
  for (let i: u32 = 0; i < n; i++) {
    store<u32>(out + (<usize>c << 2), i);
    c += load<u8>(hits + load<C>(codes + <usize>i * sizeof<C>()));
  }
  return c;
}

/** Rows whose code has a 1 in `hits`, a table of bytes that are 0 or 1. */
export function selectTable1(codes: usize, n: u32, ids: usize, hits: usize, out: usize): u32 { return table<u8>(codes, n, ids, hits, out); }
export function selectTable2(codes: usize, n: u32, ids: usize, hits: usize, out: usize): u32 { return table<u16>(codes, n, ids, hits, out); }
export function selectTable4(codes: usize, n: u32, ids: usize, hits: usize, out: usize): u32 { return table<u32>(codes, n, ids, hits, out); }

/** The rows of a (n of them; 0: rows 0 … n−1) that are not in b (m of them, a subset): ascending. */
export function selectionMinus(a: usize, n: u32, b: usize, m: u32, out: usize): u32 {
  let c: u32 = 0, j: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = row(a, i);
    if (j < m && load<u32>(b + (<usize>j << 2)) == r) j++;
    else { store<u32>(out + (<usize>c << 2), r); c++; }
  }
  return c;
}

/** Merges two disjoint ascending selections. */
export function selectionUnion(a: usize, n: u32, b: usize, m: u32, out: usize): u32 {
  let i: u32 = 0, j: u32 = 0, c: u32 = 0;
  while (i < n && j < m) {
    const x = load<u32>(a + (<usize>i << 2)), y = load<u32>(b + (<usize>j << 2));
    const first = x < y;
    store<u32>(out + (<usize>c << 2), first ? x : y);
    c++; i += <u32>first; j += <u32>!first;
  }
  memory.copy(out + (<usize>c << 2), a + (<usize>i << 2), (n - i) << 2);
  c += n - i;
  memory.copy(out + (<usize>c << 2), b + (<usize>j << 2), (m - j) << 2);
  return c + m - j;
}

/** Rows whose string is equal to (op 0), less than (2), less than or equal to (3) the view at `constant`, or not so. */
export function selectCompareView(op: u32, values: usize, n: u32, ids: usize, constant: usize, negate: u32, out: usize): u32 {
  const other = load<u32>(constant), otherLength = load<u32>(constant, 4);
  let c: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = row(ids, i), p = values + (<usize>r << 3), bytes = load<u32>(p), length = load<u32>(p, 4);
    let hit: bool;
    if (op == 0) hit = length == otherLength && equalBytes(bytes, other, length);
    else if (op == 2) hit = lessBytes(bytes, length, other, otherLength);
    else hit = !lessBytes(other, otherLength, bytes, length);
    store<u32>(out + (<usize>c << 2), r);
    c += <u32>hit ^ negate;
  }
  return c;
}
