// Keys as words, and the tables that number distinct keys 0, 1, 2, …: the heart of grouping and joining.
// A key is `width` u64 words (a row); a table holds slots of { u32 tag, u32 number + 1 }, 0 = empty, beside the rows of
// all keys in the order of their numbers. Callers keep slots at most half full. `mask` keeps the hash bits that count.
import { hash32, hashBytes, hashWord, hashWords, sameBytes } from "./hash";

@inline function row(selection: usize, i: u32): usize {
  return selection ? <usize>load<u32>(selection + (i << 2)) : <usize>i;
}

// ---- encoding columns into words ----------------------------------------------------------------------------------

/**
 * words[i] |= (value − base [+ 1 if nullable]) << shift, 0 for NULL and for values outside base … base + limit.
 * range: i64 base, u64 limit. `stride` is the bytes between words. valid: 0, or u8 a row that stays 1 only where the
 * value is in range and not a NULL of a column that is not nullable. Returns the number of non-null values out of range.
 */
@inline function encode<T>(
  values: usize, selection: usize, validity: usize, n: u32, range: usize, shift: u32, nullable: u32, words: usize,
  stride: u32, valid: usize,
): u32 {
  const base = load<i64>(range);
  const limit = load<u64>(range, 8);
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = row(selection, i);
    const code = <u64>(<i64>load<T>(values + r * sizeof<T>()) - base);
    const present: u32 = validity ? <u32>load<u8>(validity + r) : 1;
    const inside = <u32>(code <= limit);
    bad += present & (inside ^ 1);
    const word = (code + nullable) & (0 - <u64>(present & inside));
    store<u64>(words, load<u64>(words) | (word << shift));
    words += stride;
    if (valid) store<u8>(valid + i, load<u8>(valid + i) & <u8>(inside & present | (nullable & (present ^ 1))));
  }
  return bad;
}

export function encodeI8(values: usize, selection: usize, validity: usize, n: u32, range: usize, shift: u32, nullable: u32, words: usize, stride: u32, valid: usize): u32 {
  return encode<i8>(values, selection, validity, n, range, shift, nullable, words, stride, valid);
}
export function encodeI16(values: usize, selection: usize, validity: usize, n: u32, range: usize, shift: u32, nullable: u32, words: usize, stride: u32, valid: usize): u32 {
  return encode<i16>(values, selection, validity, n, range, shift, nullable, words, stride, valid);
}
export function encodeI32(values: usize, selection: usize, validity: usize, n: u32, range: usize, shift: u32, nullable: u32, words: usize, stride: u32, valid: usize): u32 {
  return encode<i32>(values, selection, validity, n, range, shift, nullable, words, stride, valid);
}
export function encodeU32(values: usize, selection: usize, validity: usize, n: u32, range: usize, shift: u32, nullable: u32, words: usize, stride: u32, valid: usize): u32 {
  return encode<u32>(values, selection, validity, n, range, shift, nullable, words, stride, valid);
}
export function encodeI64(values: usize, selection: usize, validity: usize, n: u32, range: usize, shift: u32, nullable: u32, words: usize, stride: u32, valid: usize): u32 {
  return encode<i64>(values, selection, validity, n, range, shift, nullable, words, stride, valid);
}

/** Two words (low, high) per i128; NULL gives zeros. Without `nullable`, valid becomes 0 for NULL. */
export function encodeI128(values: usize, validity: usize, n: u32, words: usize, stride: u32, nullable: u32, valid: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const present: u32 = validity ? <u32>load<u8>(validity + i) : 1;
    const keep = 0 - <u64>present;
    store<u64>(words, load<u64>(values + (i << 4)) & keep);
    store<u64>(words, load<u64>(values + (i << 4), 8) & keep, 8);
    words += stride;
    if (valid) store<u8>(valid + i, load<u8>(valid + i) & <u8>(present | nullable));
  }
}

/** words[i] |= 1 << shift for NULL. */
export function encodeNull(selection: usize, validity: usize, n: u32, shift: u32, words: usize, stride: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const absent = <u64>(load<u8>(validity + row(selection, i)) ^ 1);
    store<u64>(words, load<u64>(words) | (absent << shift));
    words += stride;
  }
}

/** Valid[i] &= present[row]. */
export function dropNulls(selection: usize, validity: usize, n: u32, valid: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u8>(valid + i, load<u8>(valid + i) & load<u8>(validity + row(selection, i)));
}

@inline function bounds<T>(values: usize, selection: usize, validity: usize, n: u32, out: usize): u32 {
  let low: i64 = i64.MAX_VALUE;
  let high: i64 = i64.MIN_VALUE;
  let count: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = row(selection, i);
    const present: u32 = validity ? <u32>load<u8>(validity + r) : 1;
    const v = <i64>load<T>(values + r * sizeof<T>());
    low = present && v < low ? v : low;
    high = present && v > high ? v : high;
    count += present;
  }
  store<i64>(out, low);
  store<i64>(out, high, 8);
  return count;
}

/** out: i64 least, i64 greatest of the non-null values; returns how many there are. */
export function boundsI8(values: usize, selection: usize, validity: usize, n: u32, out: usize): u32 {
  return bounds<i8>(values, selection, validity, n, out);
}
export function boundsI16(values: usize, selection: usize, validity: usize, n: u32, out: usize): u32 {
  return bounds<i16>(values, selection, validity, n, out);
}
export function boundsI32(values: usize, selection: usize, validity: usize, n: u32, out: usize): u32 {
  return bounds<i32>(values, selection, validity, n, out);
}
export function boundsU32(values: usize, selection: usize, validity: usize, n: u32, out: usize): u32 {
  return bounds<u32>(values, selection, validity, n, out);
}
export function boundsI64(values: usize, selection: usize, validity: usize, n: u32, out: usize): u32 {
  return bounds<i64>(values, selection, validity, n, out);
}

/** Bits of f64 with one NaN and one zero. */
export function canonicalF64(values: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const x = load<f64>(values + (i << 3));
    store<u64>(out + (i << 3), x == 0 ? 0 : x != x ? 0x7ff8000000000000 : reinterpret<u64>(x));
  }
}

/** Bits of f32 with one NaN and one zero. */
export function canonicalF32(values: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const x = load<f32>(values + (i << 2));
    store<u32>(out + (i << 2), x == 0 ? 0 : x != x ? 0x7fc00000 : reinterpret<u32>(x));
  }
}

/** i128 → i64; returns the number of present values that do not fit. */
export function narrowI128(values: usize, validity: usize, n: u32, out: usize): u32 {
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const low = load<i64>(values + (i << 4));
    store<i64>(out + (i << 3), low);
    const present: u32 = validity ? <u32>load<u8>(validity + i) : 1;
    bad += present & <u32>(load<i64>(values + (i << 4), 8) != low >> 63);
  }
  return bad;
}

/** i64 → i128. */
export function widenI64(values: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const v = load<i64>(values + (i << 3));
    store<i64>(out + (i << 4), v);
    store<i64>(out + (i << 4), v >> 63, 8);
  }
}

/** Interval → i128 microseconds, a month counting 30 days: the value by which intervals compare. */
export function intervalToI128(values: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const p = values + (i << 4);
    const days = <i64>load<i32>(p) * 30 + load<i32>(p, 4);
    const micros = load<i64>(p, 8);
    // days · 86,400,000,000 may pass 64 bits: multiply the halves (days fits 37 bits, so high · factor fits).
    const factor: i64 = 86400000000;
    const lowPart = <u64>(days & 0xffffff) * factor;
    const highPart = (days >> 24) * factor;
    let low = lowPart + (<u64>highPart << 24);
    let high = (highPart >> 40) + <i64>(low < lowPart);
    const before = low;
    low += <u64>micros;
    high += (micros >> 63) + <i64>(low < before);
    store<u64>(out + (i << 4), low);
    store<i64>(out + (i << 4), high, 8);
  }
}

// ---- decoding words into columns ----------------------------------------------------------------------------------

/** out[i] = base + code − nullable as `size` bytes (1, 2, 4 or 8); present[i] = code ≠ 0 when nullable. Returns the NULLs. */
export function decodeInts(words: usize, stride: u32, n: u32, shift: u32, bits: u32, range: usize, nullable: u32, size: u32, out: usize, present: usize): u32 {
  const base = load<i64>(range);
  const mask: u64 = bits == 64 ? ~0 : (<u64>1 << bits) - 1;
  let nulls: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const code = (load<u64>(words) >> shift) & mask;
    words += stride;
    const value = <i64>(code - nullable) + base;
    if (nullable) {
      const absent = <u32>(code == 0);
      nulls += absent;
      store<u8>(present + i, <u8>(absent ^ 1));
    }
    if (size == 8) store<i64>(out + (i << 3), value);
    else if (size == 4) store<i32>(out + (i << 2), <i32>value);
    else if (size == 2) store<i16>(out + (i << 1), <i16>value);
    else store<i8>(out + i, <i8>value);
  }
  return nulls;
}

/** present[i] = !bit of the word. Returns the NULLs. */
export function decodeNull(words: usize, stride: u32, n: u32, shift: u32, present: usize): u32 {
  let nulls: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const absent = <u32>((load<u64>(words) >> shift) & 1);
    nulls += absent;
    store<u8>(present + i, <u8>(absent ^ 1));
    words += stride;
  }
  return nulls;
}

/** Two words → 16 bytes. */
export function decodeI128(words: usize, stride: u32, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    store<u64>(out + (i << 4), load<u64>(words));
    store<u64>(out + (i << 4), load<u64>(words, 8), 8);
    words += stride;
  }
}

/** i128 microseconds → interval of days and microseconds. */
export function i128ToInterval(values: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    let low = load<u64>(values + (i << 4));
    let high = load<i64>(values + (i << 4), 8);
    const negative = high < 0;
    if (negative) {
      low = ~low + 1;
      high = ~high + <i64>(low == 0);
    }
    // Long division of 128 bits by the microseconds of a day, in 32-bit digits; the quotient fits 64 bits.
    const day: u64 = 86400000000;
    let quotient: u64 = 0;
    let rest: u64 = 0;
    for (let bit: i32 = 127; bit >= 0; bit--) {
      const next = bit >= 64 ? (<u64>high >> (bit - 64)) & 1 : (low >> bit) & 1;
      rest = (rest << 1) | next;
      quotient <<= 1;
      if (rest >= day) {
        rest -= day;
        quotient |= 1;
      }
    }
    const months = <i64>quotient / 30;
    const days = <i64>quotient % 30;
    const sign: i64 = negative ? -1 : 1;
    // Months beyond 32 bits spill into days (they cannot come from a single interval otherwise).
    store<i32>(out + (i << 4), <i32>(sign * months));
    store<i32>(out + (i << 4), <i32>(sign * days), 4);
    store<i64>(out + (i << 4), sign * <i64>rest, 8);
  }
}

/** Views by id: out[i] = entries[ids[i]]; present[i] = id ≠ 0. Returns the NULLs. */
export function viewsOfIds(ids: usize, n: u32, entries: usize, out: usize, present: usize): u32 {
  let nulls: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const id = load<u32>(ids + (i << 2));
    store<u64>(out + (i << 3), load<u64>(entries + (id << 3)));
    store<u8>(present + i, <u8>(id != 0));
    nulls += <u32>(id == 0);
  }
  return nulls;
}

// ---- numbering distinct keys --------------------------------------------------------------------------------------

/** Keys of few bits address the table (u32 number + 1 each) directly. Returns the new count of keys. */
export function assignDense(words: usize, n: u32, table: usize, keys: usize, count: u32, numbers: usize): u32 {
  for (let i: u32 = 0; i < n; i++) {
    const key = load<u64>(words + (i << 3));
    const p = table + (<usize>key << 2);
    let number = load<u32>(p);
    if (!number) {
      store<u64>(keys + (<usize>count << 3), key);
      number = ++count;
      store<u32>(p, number);
    }
    store<u32>(numbers + (i << 2), number - 1);
  }
  return count;
}

/** Keys of at most 32 bits: the tag is the key. `pending` is scratch of n u32. */
export function assign32(words: usize, n: u32, slots: usize, bits: u32, mask: u32, keys: usize, count: u32, numbers: usize, pending: usize): u32 {
  const shift = 32 - bits;
  const last: usize = ((<usize>1 << bits) - 1) << 3;
  let missed: u32 = 0;
  // First every key's home slot without a branch, so that cache misses overlap; then the rest one by one.
  for (let i: u32 = 0; i < n; i++) {
    const key = load<u32>(words + (i << 3));
    const slot = load<u64>(slots + (<usize>((hash32(key) & mask) >> shift) << 3));
    store<u32>(numbers + (i << 2), <u32>(slot >> 32) - 1);
    store<u32>(pending + (missed << 2), i);
    missed += <u32>(slot >> 32 == 0) | <u32>(<u32>slot != key);
  }
  for (let j: u32 = 0; j < missed; j++) {
    const i = load<u32>(pending + (j << 2));
    const key = load<u32>(words + (i << 3));
    let s = <usize>((hash32(key) & mask) >> shift) << 3;
    for (;;) {
      const slot = load<u64>(slots + s);
      const number = <u32>(slot >> 32);
      if (number == 0) {
        store<u64>(keys + (<usize>count << 3), key);
        store<u32>(numbers + (i << 2), count++);
        store<u64>(slots + s, (<u64>count << 32) | key);
        break;
      }
      if (<u32>slot == key) {
        store<u32>(numbers + (i << 2), number - 1);
        break;
      }
      s = (s + 8) & last;
    }
  }
  return count;
}

/** Keys of one word. */
export function assign64(words: usize, n: u32, slots: usize, bits: u32, mask: u32, keys: usize, count: u32, numbers: usize, pending: usize): u32 {
  const shift = 32 - bits;
  const last: usize = ((<usize>1 << bits) - 1) << 3;
  let missed: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const tag = hashWord(load<u64>(words + (i << 3))) & mask;
    const slot = load<u64>(slots + (<usize>(tag >> shift) << 3));
    // An empty slot gives number 0 − 1, whose key would lie outside: clamp to key 0, the mismatch is counted anyway.
    const empty = <u32>(slot >> 32 == 0);
    const number = (<u32>(slot >> 32) - 1) & (empty - 1);
    store<u32>(numbers + (i << 2), number);
    store<u32>(pending + (missed << 2), i);
    missed += empty | <u32>(load<u64>(keys + (<usize>number << 3)) != load<u64>(words + (i << 3)));
  }
  for (let j: u32 = 0; j < missed; j++) {
    const i = load<u32>(pending + (j << 2));
    const key = load<u64>(words + (i << 3));
    const tag = hashWord(key) & mask;
    let s = <usize>(tag >> shift) << 3;
    for (;;) {
      const slot = load<u64>(slots + s);
      const number = <u32>(slot >> 32);
      if (number == 0) {
        store<u64>(keys + (<usize>count << 3), key);
        store<u32>(numbers + (i << 2), count++);
        store<u64>(slots + s, (<u64>count << 32) | tag);
        break;
      }
      if (<u32>slot == tag && load<u64>(keys + (<usize>(number - 1) << 3)) == key) {
        store<u32>(numbers + (i << 2), number - 1);
        break;
      }
      s = (s + 8) & last;
    }
  }
  return count;
}

@inline function sameWords(a: usize, b: usize, width: u32): bool {
  for (let w: u32 = 0; w < width; w++) if (load<u64>(a + (w << 3)) != load<u64>(b + (w << 3))) return false;
  return true;
}

/** Keys of `width` words. */
export function assignWords(words: usize, width: u32, n: u32, slots: usize, bits: u32, mask: u32, keys: usize, count: u32, numbers: usize): u32 {
  const shift = 32 - bits;
  const last: usize = ((<usize>1 << bits) - 1) << 3;
  const stride = width << 3;
  for (let i: u32 = 0; i < n; i++) {
    const key = words + i * stride;
    const tag = hashWords(key, width) & mask;
    let s = <usize>(tag >> shift) << 3;
    for (;;) {
      const slot = load<u64>(slots + s);
      const number = <u32>(slot >> 32);
      if (number == 0) {
        memory.copy(keys + count * stride, key, stride);
        store<u32>(numbers + (i << 2), count++);
        store<u64>(slots + s, (<u64>count << 32) | tag);
        break;
      }
      if (<u32>slot == tag && sameWords(keys + (number - 1) * stride, key, width)) {
        store<u32>(numbers + (i << 2), number - 1);
        break;
      }
      s = (s + 8) & last;
    }
  }
  return count;
}

/** Fills a cleared table with keys 0 … count − 1. */
export function rebuildDense(keys: usize, count: u32, table: usize): void {
  for (let i: u32 = 0; i < count; i++) store<u32>(table + (<usize>load<u64>(keys + (<usize>i << 3)) << 2), i + 1);
}

@inline function insertAt(slots: usize, s: usize, last: usize, slot: u64): void {
  while (load<u32>(slots + s, 4)) s = (s + 8) & last;
  store<u64>(slots + s, slot);
}

export function rebuild32(keys: usize, count: u32, slots: usize, bits: u32, mask: u32): void {
  const last: usize = ((<usize>1 << bits) - 1) << 3;
  for (let i: u32 = 0; i < count; i++) {
    const key = load<u32>(keys + (<usize>i << 3));
    insertAt(slots, <usize>((hash32(key) & mask) >> (32 - bits)) << 3, last, (<u64>(i + 1) << 32) | key);
  }
}

export function rebuild64(keys: usize, count: u32, slots: usize, bits: u32, mask: u32): void {
  const last: usize = ((<usize>1 << bits) - 1) << 3;
  for (let i: u32 = 0; i < count; i++) {
    const tag = hashWord(load<u64>(keys + (<usize>i << 3))) & mask;
    insertAt(slots, <usize>(tag >> (32 - bits)) << 3, last, (<u64>(i + 1) << 32) | tag);
  }
}

export function rebuildWords(keys: usize, width: u32, count: u32, slots: usize, bits: u32, mask: u32): void {
  const last: usize = ((<usize>1 << bits) - 1) << 3;
  for (let i: u32 = 0; i < count; i++) {
    const tag = hashWords(keys + i * (width << 3), width) & mask;
    insertAt(slots, <usize>(tag >> (32 - bits)) << 3, last, (<u64>(i + 1) << 32) | tag);
  }
}

// ---- finding known keys -------------------------------------------------------------------------------------------
// Each gives the rows that have a known key (rows, ascending) and its number. valid: 0, or u8 a row: 0 = skip the row.

export function findDense(words: usize, valid: usize, n: u32, table: usize, rows: usize, numbers: usize): u32 {
  let m: u32 = 0;
  if (valid) {
    for (let i: u32 = 0; i < n; i++) {
      const number = load<u32>(table + (<usize>load<u64>(words + (i << 3)) << 2));
      store<u32>(rows + (m << 2), i);
      store<u32>(numbers + (m << 2), number - 1);
      m += <u32>(number != 0) & <u32>load<u8>(valid + i);
    }
    return m;
  }
  for (let i: u32 = 0; i < n; i++) {
    const number = load<u32>(table + (<usize>load<u64>(words + (i << 3)) << 2));
    store<u32>(rows + (m << 2), i);
    store<u32>(numbers + (m << 2), number - 1);
    m += <u32>(number != 0);
  }
  return m;
}

/** Moves the rows of `late` (found out of order) into the ascending rows 0 … m − 1, from the back. */
@inline function merge(rows: usize, numbers: usize, m: u32, late: usize, lateNumbers: usize, k: u32): u32 {
  if (k == 0) return m;
  let i: i32 = <i32>m - 1;
  let j: i32 = <i32>k - 1;
  for (let to: i32 = <i32>(m + k) - 1; j >= 0; to--) {
    const takeLate = i < 0 || load<u32>(late + (j << 2)) > load<u32>(rows + (i << 2));
    store<u32>(rows + (to << 2), takeLate ? load<u32>(late + (j << 2)) : load<u32>(rows + (i << 2)));
    store<u32>(numbers + (to << 2), takeLate ? load<u32>(lateNumbers + (j << 2)) : load<u32>(numbers + (i << 2)));
    if (takeLate) j--;
    else i--;
  }
  return m + k;
}

/** `pending` is scratch of 2 n u32. */
export function find32(words: usize, valid: usize, n: u32, slots: usize, bits: u32, mask: u32, rows: usize, numbers: usize, pending: usize): u32 {
  const shift = 32 - bits;
  const last: usize = ((<usize>1 << bits) - 1) << 3;
  let m: u32 = 0;
  let u: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const key = load<u32>(words + (i << 3));
    const slot = load<u64>(slots + (<usize>((hash32(key) & mask) >> shift) << 3));
    const use: u32 = valid ? <u32>load<u8>(valid + i) : 1;
    const full = <u32>(slot >> 32 != 0) & use;
    const same = <u32>(<u32>slot == key);
    store<u32>(rows + (m << 2), i);
    store<u32>(numbers + (m << 2), <u32>(slot >> 32) - 1);
    store<u32>(pending + (u << 2), i);
    m += full & same;
    u += full & (same ^ 1);
  }
  const found = pending + (<usize>n << 2);
  let k: u32 = 0;
  for (let j: u32 = 0; j < u; j++) {
    const i = load<u32>(pending + (j << 2));
    const key = load<u32>(words + (i << 3));
    let s = (<usize>((hash32(key) & mask) >> shift) << 3) + 8 & last;
    for (;;) {
      const slot = load<u64>(slots + s);
      if (slot >> 32 == 0) break;
      if (<u32>slot == key) {
        store<u32>(pending + (k << 2), i);
        store<u32>(found + (k << 2), <u32>(slot >> 32) - 1);
        k++;
        break;
      }
      s = (s + 8) & last;
    }
  }
  return merge(rows, numbers, m, pending, found, k);
}

/** `pending` is scratch of 2 n u32. */
export function find64(words: usize, valid: usize, n: u32, slots: usize, bits: u32, mask: u32, keys: usize, rows: usize, numbers: usize, pending: usize): u32 {
  const shift = 32 - bits;
  const last: usize = ((<usize>1 << bits) - 1) << 3;
  let m: u32 = 0;
  let u: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const tag = hashWord(load<u64>(words + (i << 3))) & mask;
    const slot = load<u64>(slots + (<usize>(tag >> shift) << 3));
    const use: u32 = valid ? <u32>load<u8>(valid + i) : 1;
    const full = <u32>(slot >> 32 != 0) & use;
    const number = (<u32>(slot >> 32) - 1) & (0 - full);
    const same = <u32>(load<u64>(keys + (<usize>number << 3)) == load<u64>(words + (i << 3)));
    store<u32>(rows + (m << 2), i);
    store<u32>(numbers + (m << 2), number);
    store<u32>(pending + (u << 2), i);
    m += full & same;
    u += full & (same ^ 1);
  }
  const found = pending + (<usize>n << 2);
  let k: u32 = 0;
  for (let j: u32 = 0; j < u; j++) {
    const i = load<u32>(pending + (j << 2));
    const key = load<u64>(words + (i << 3));
    const tag = hashWord(key) & mask;
    let s = (<usize>(tag >> shift) << 3) + 8 & last;
    for (;;) {
      const slot = load<u64>(slots + s);
      if (slot >> 32 == 0) break;
      if (<u32>slot == tag && load<u64>(keys + (<usize>(<u32>(slot >> 32) - 1) << 3)) == key) {
        store<u32>(pending + (k << 2), i);
        store<u32>(found + (k << 2), <u32>(slot >> 32) - 1);
        k++;
        break;
      }
      s = (s + 8) & last;
    }
  }
  return merge(rows, numbers, m, pending, found, k);
}

export function findWords(words: usize, width: u32, valid: usize, n: u32, slots: usize, bits: u32, mask: u32, keys: usize, rows: usize, numbers: usize): u32 {
  const shift = 32 - bits;
  const last: usize = ((<usize>1 << bits) - 1) << 3;
  const stride = width << 3;
  let m: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    if (valid && !load<u8>(valid + i)) continue;
    const key = words + i * stride;
    const tag = hashWords(key, width) & mask;
    let s = <usize>(tag >> shift) << 3;
    for (;;) {
      const slot = load<u64>(slots + s);
      const number = <u32>(slot >> 32);
      if (number == 0) break;
      if (<u32>slot == tag && sameWords(keys + (number - 1) * stride, key, width)) {
        store<u32>(rows + (m << 2), i);
        store<u32>(numbers + (m << 2), number - 1);
        m++;
        break;
      }
      s = (s + 8) & last;
    }
  }
  return m;
}

// ---- finding keys of one integer column: encoding and looking up in one pass ---------------------------------------
// range: i64 base, u64 limit; values outside and NULLs have no key.

@inline function findValuesDense<T>(values: usize, selection: usize, validity: usize, n: u32, range: usize, table: usize, rows: usize, numbers: usize): u32 {
  const base = load<i64>(range);
  const limit = load<u64>(range, 8);
  let m: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = row(selection, i);
    const code = <u64>(<i64>load<T>(values + r * sizeof<T>()) - base);
    const use = <u32>(code <= limit) & (validity ? <u32>load<u8>(validity + r) : 1);
    const number = load<u32>(table + ((<usize>code & (0 - <usize>use)) << 2));
    store<u32>(rows + (m << 2), i);
    store<u32>(numbers + (m << 2), number - 1);
    m += <u32>(number != 0) & use;
  }
  return m;
}

@inline function findValues32<T>(values: usize, selection: usize, validity: usize, n: u32, range: usize, slots: usize, bits: u32, mask: u32, rows: usize, numbers: usize, pending: usize): u32 {
  const base = load<i64>(range);
  const limit = load<u64>(range, 8);
  const shift = 32 - bits;
  const last: usize = ((<usize>1 << bits) - 1) << 3;
  let m: u32 = 0;
  let u: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = row(selection, i);
    const code = <u64>(<i64>load<T>(values + r * sizeof<T>()) - base);
    const use = <u32>(code <= limit) & (validity ? <u32>load<u8>(validity + r) : 1);
    const key = <u32>code;
    const slot = load<u64>(slots + (<usize>((hash32(key) & mask) >> shift) << 3));
    const full = <u32>(slot >> 32 != 0) & use;
    const same = <u32>(<u32>slot == key);
    store<u32>(rows + (m << 2), i);
    store<u32>(numbers + (m << 2), <u32>(slot >> 32) - 1);
    store<u32>(pending + (u << 2), i);
    m += full & same;
    u += full & (same ^ 1);
  }
  const found = pending + (<usize>n << 2);
  let k: u32 = 0;
  for (let j: u32 = 0; j < u; j++) {
    const i = load<u32>(pending + (j << 2));
    const key = <u32>(<i64>load<T>(values + row(selection, i) * sizeof<T>()) - base);
    let s = (<usize>((hash32(key) & mask) >> shift) << 3) + 8 & last;
    for (;;) {
      const slot = load<u64>(slots + s);
      if (slot >> 32 == 0) break;
      if (<u32>slot == key) {
        store<u32>(pending + (k << 2), i);
        store<u32>(found + (k << 2), <u32>(slot >> 32) - 1);
        k++;
        break;
      }
      s = (s + 8) & last;
    }
  }
  return merge(rows, numbers, m, pending, found, k);
}

export function findDenseI32(values: usize, selection: usize, validity: usize, n: u32, range: usize, table: usize, rows: usize, numbers: usize): u32 {
  return findValuesDense<i32>(values, selection, validity, n, range, table, rows, numbers);
}
export function find32I32(values: usize, selection: usize, validity: usize, n: u32, range: usize, slots: usize, bits: u32, mask: u32, rows: usize, numbers: usize, pending: usize): u32 {
  return findValues32<i32>(values, selection, validity, n, range, slots, bits, mask, rows, numbers, pending);
}
export function findDenseU32(values: usize, selection: usize, validity: usize, n: u32, range: usize, table: usize, rows: usize, numbers: usize): u32 {
  return findValuesDense<u32>(values, selection, validity, n, range, table, rows, numbers);
}
export function find32U32(values: usize, selection: usize, validity: usize, n: u32, range: usize, slots: usize, bits: u32, mask: u32, rows: usize, numbers: usize, pending: usize): u32 {
  return findValues32<u32>(values, selection, validity, n, range, slots, bits, mask, rows, numbers, pending);
}
export function findDenseI64(values: usize, selection: usize, validity: usize, n: u32, range: usize, table: usize, rows: usize, numbers: usize): u32 {
  return findValuesDense<i64>(values, selection, validity, n, range, table, rows, numbers);
}
export function find32I64(values: usize, selection: usize, validity: usize, n: u32, range: usize, slots: usize, bits: u32, mask: u32, rows: usize, numbers: usize, pending: usize): u32 {
  return findValues32<i64>(values, selection, validity, n, range, slots, bits, mask, rows, numbers, pending);
}

// ---- interning strings --------------------------------------------------------------------------------------------
// Ids count from 1 (entries[id]); id 0 is NULL. Slots are { u32 hash, u32 id }.

/**
 * Ids of views from row `from` on, adding unknown ones: their bytes are copied to state.next. state: u32 count (of ids,
 * with id 0), u32 next, u32 end. Stops before the row that would pass `countMax` or the end of the bytes; returns the
 * row it stopped at.
 */
export function internViews(views: usize, selection: usize, validity: usize, n: u32, from: u32, slots: usize, bits: u32, mask: u32, entries: usize, countMax: u32, state: usize, out: usize): u32 {
  const shift = 32 - bits;
  const last: usize = ((<usize>1 << bits) - 1) << 3;
  let count = load<u32>(state);
  let next = load<u32>(state, 4);
  const end = load<u32>(state, 8);
  let i = from;
  for (; i < n; i++) {
    const r = row(selection, i);
    if (validity && !load<u8>(validity + r)) {
      store<u32>(out + (i << 2), 0);
      continue;
    }
    const p = <usize>load<u32>(views + (r << 3));
    const length = load<u32>(views + (r << 3), 4);
    const tag = hashBytes(p, length) & mask;
    let s = <usize>(tag >> shift) << 3;
    let id: u32 = 0;
    for (;;) {
      const slot = load<u64>(slots + s);
      id = <u32>(slot >> 32);
      if (id == 0) break;
      if (<u32>slot == tag) {
        const entry = entries + (<usize>id << 3);
        if (load<u32>(entry, 4) == length && sameBytes(load<u32>(entry), p, length)) break;
      }
      s = (s + 8) & last;
    }
    if (id == 0) {
      if (count >= countMax || next + length > end) break;
      memory.copy(next, p, length);
      id = count++;
      store<u32>(entries + (<usize>id << 3), next);
      store<u32>(entries + (<usize>id << 3), length, 4);
      store<u64>(slots + s, (<u64>id << 32) | tag);
      next += length;
    }
    store<u32>(out + (i << 2), id);
  }
  store<u32>(state, count);
  store<u32>(state, next, 4);
  return i;
}

/** Ids of views; 0xffffffff for unknown ones. */
export function lookupViews(views: usize, selection: usize, validity: usize, n: u32, slots: usize, bits: u32, mask: u32, entries: usize, out: usize): void {
  const shift = 32 - bits;
  const last: usize = ((<usize>1 << bits) - 1) << 3;
  for (let i: u32 = 0; i < n; i++) {
    const r = row(selection, i);
    if (validity && !load<u8>(validity + r)) {
      store<u32>(out + (i << 2), 0);
      continue;
    }
    const p = <usize>load<u32>(views + (r << 3));
    const length = load<u32>(views + (r << 3), 4);
    const tag = hashBytes(p, length) & mask;
    let s = <usize>(tag >> shift) << 3;
    let id: u32 = 0;
    for (;;) {
      const slot = load<u64>(slots + s);
      id = <u32>(slot >> 32);
      if (id == 0) break;
      if (<u32>slot == tag) {
        const entry = entries + (<usize>id << 3);
        if (load<u32>(entry, 4) == length && sameBytes(load<u32>(entry), p, length)) break;
      }
      s = (s + 8) & last;
    }
    store<u32>(out + (i << 2), id == 0 ? 0xffffffff : id);
  }
}

export function rebuildViews(entries: usize, count: u32, slots: usize, bits: u32, mask: u32): void {
  const last: usize = ((<usize>1 << bits) - 1) << 3;
  for (let id: u32 = 1; id < count; id++) {
    const tag = hashBytes(load<u32>(entries + (<usize>id << 3)), load<u32>(entries + (<usize>id << 3), 4)) & mask;
    insertAt(slots, <usize>(tag >> (32 - bits)) << 3, last, (<u64>id << 32) | tag);
  }
}

/** Sum of the lengths of present views: the bytes they need when copied. */
export function keyViewBytes(views: usize, selection: usize, validity: usize, n: u32): f64 {
  let total: f64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = row(selection, i);
    if (!validity || load<u8>(validity + r)) total += load<u32>(views + (r << 3), 4);
  }
  return total;
}

@inline function mapCodes<T>(codes: usize, selection: usize, validity: usize, n: u32, cache: usize, out: usize, missed: usize): u32 {
  let m: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = row(selection, i);
    const code = <u32>load<T>(codes + r * sizeof<T>());
    const id = load<u32>(cache + (<usize>code << 2));
    const present: u32 = validity ? <u32>load<u8>(validity + r) : 1;
    store<u32>(out + (i << 2), id & (0 - present));
    store<u32>(missed + (m << 2), code);
    m += present & <u32>(id == 0xfffffffe);
  }
  return m;
}

/** Ids of dictionary codes through a cache of ids by code (0xfffffffe = not known yet: the code is given in `missed`). */
export function mapCodes8(codes: usize, selection: usize, validity: usize, n: u32, cache: usize, out: usize, missed: usize): u32 {
  return mapCodes<u8>(codes, selection, validity, n, cache, out, missed);
}
export function mapCodes16(codes: usize, selection: usize, validity: usize, n: u32, cache: usize, out: usize, missed: usize): u32 {
  return mapCodes<u16>(codes, selection, validity, n, cache, out, missed);
}
export function mapCodes32(codes: usize, selection: usize, validity: usize, n: u32, cache: usize, out: usize, missed: usize): u32 {
  return mapCodes<u32>(codes, selection, validity, n, cache, out, missed);
}

@inline function encodeCodes<T>(codes: usize, selection: usize, validity: usize, n: u32, ids: usize, shift: u32, words: usize, stride: u32): void {
  if (validity) {
    for (let i: u32 = 0; i < n; i++) {
      const r = row(selection, i);
      const id = <u64>load<u32>(ids + (<usize>load<T>(codes + r * sizeof<T>()) << 2)) & (0 - <u64>load<u8>(validity + r));
      store<u64>(words, load<u64>(words) | (id << shift));
      words += stride;
    }
  } else if (selection) {
    for (let i: u32 = 0; i < n; i++) {
      const id = <u64>load<u32>(ids + (<usize>load<T>(codes + <usize>load<u32>(selection + (i << 2)) * sizeof<T>()) << 2));
      store<u64>(words, load<u64>(words) | (id << shift));
      words += stride;
    }
  } else {
    for (let i: u32 = 0; i < n; i++) {
      const id = <u64>load<u32>(ids + (<usize>load<T>(codes + i * sizeof<T>()) << 2));
      store<u64>(words, load<u64>(words) | (id << shift));
      words += stride;
    }
  }
}

/** words[i] |= ids[code] << shift, 0 for NULL: dictionary columns all of whose entries have ids. */
export function encodeCodes8(codes: usize, selection: usize, validity: usize, n: u32, ids: usize, shift: u32, words: usize, stride: u32): void {
  encodeCodes<u8>(codes, selection, validity, n, ids, shift, words, stride);
}
export function encodeCodes16(codes: usize, selection: usize, validity: usize, n: u32, ids: usize, shift: u32, words: usize, stride: u32): void {
  encodeCodes<u16>(codes, selection, validity, n, ids, shift, words, stride);
}
export function encodeCodes32(codes: usize, selection: usize, validity: usize, n: u32, ids: usize, shift: u32, words: usize, stride: u32): void {
  encodeCodes<u32>(codes, selection, validity, n, ids, shift, words, stride);
}

/** to[positions[i]] = values[i], 4 bytes each. */
export function scatterIds(values: usize, positions: usize, n: u32, to: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u32>(to + (<usize>load<u32>(positions + (i << 2)) << 2), load<u32>(values + (i << 2)));
}

/** Counting sort: rows of partition p are order[offsets[p] … offsets[p + 1]). offsets: count + 1 u32; ends: scratch of count. */
export function orderByNumber(numbers: usize, n: u32, count: u32, offsets: usize, ends: usize, order: usize): void {
  memory.fill(offsets, 0, (<usize>count + 1) << 2);
  for (let i: u32 = 0; i < n; i++) {
    const p = offsets + 4 + (<usize>load<u32>(numbers + (<usize>i << 2)) << 2);
    store<u32>(p, load<u32>(p) + 1);
  }
  let sum: u32 = 0;
  for (let g: u32 = 0; g < count; g++) {
    store<u32>(ends + (<usize>g << 2), sum);
    sum += load<u32>(offsets + (<usize>g << 2), 4);
    store<u32>(offsets + (<usize>g << 2), sum, 4);
  }
  for (let i: u32 = 0; i < n; i++) {
    const p = ends + (<usize>load<u32>(numbers + (<usize>i << 2)) << 2);
    const to = load<u32>(p);
    store<u32>(p, to + 1);
    store<u32>(order + (<usize>to << 2), i);
  }
}

/** In place, every `stride` bytes: word i becomes word rows[i] (rows ascending). */
export function compactWords(words: usize, stride: u32, rows: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) store<u64>(words + i * stride, load<u64>(words + load<u32>(rows + (i << 2)) * stride));
}

/** hashes[i] becomes a partition below `count`; each level draws anew from the bits of the hash that `mask` keeps. */
export function spreadOver(hashes: usize, n: u32, level: u32, count: u32, mask: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const h = load<u32>(hashes + (i << 2)) & mask;
    const drawn = (h ^ (level * 0x632be59b)) * 0x9e3779b1;
    store<u32>(hashes + (i << 2), (((drawn ^ (drawn >> 15)) * 0x2c1b3c6d) >> 16) % count);
  }
}
