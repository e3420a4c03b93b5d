// Between our vectors (validity bytes, views, narrow decimals) and Arrow's buffers (bitmaps, offsets, decimal128), and
// the steps of flattening a vector. A validity of 0 means that every row is present; a selection of 0 means all rows.
// Buffers have ≥ 64 bytes of slack after their end.

/** Bits of bytes that are 0 or 1, least significant first. Returns how many are 1. */
export function packBits(bytes: usize, n: u32, out: usize): u32 {
  let ones: u32 = 0;
  let i: u32 = 0;
  for (; i + 16 <= n; i += 16) {
    const mask = i8x16.bitmask(i8x16.ne(v128.load(bytes + i), i8x16.splat(0)));
    store<u16>(out + (i >> 3), <u16>mask);
    ones += popcnt<u32>(mask);
  }
  if (i < n) {
    let mask = i8x16.bitmask(i8x16.ne(v128.load(bytes + i), i8x16.splat(0)));
    mask &= (1 << (n - i)) - 1;
    store<u16>(out + (i >> 3), <u16>mask);
    ones += popcnt<u32>(mask);
  }
  return ones;
}

/** Bytes 0 or 1 of bits. Writes up to 7 bytes past the end. */
export function unpackBits(bits: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i += 8) {
    // Spread the byte's bits: copy it to every lane, keep one bit in each, and turn that bit into 1.
    const byte: u64 = <u64>load<u8>(bits + (i >> 3));
    const spread = (byte * 0x0101010101010101) & 0x8040201008040201;
    store<u64>(out + i, ((spread + 0x00406070787c7e7f) >> 7) & 0x0101010101010101);
  }
}

/** out[0..n] = the running length of the values before. Returns the total, or 0xffffffff when it passes 2^31 - 1. */
export function viewsToOffsets(views: usize, validity: usize, n: u32, out: usize): u32 {
  let total: u64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    store<u32>(out + (i << 2), <u32>total);
    if (validity == 0 || load<u8>(validity + i)) total += <u64>load<u32>(views + (i << 3), 4);
  }
  store<u32>(out + (n << 2), <u32>total);
  return total > 0x7fffffff ? 0xffffffff : <u32>total;
}

// @ts-ignore: decorator
@inline
function copyBytes(from: usize, length: u32, to: usize): void {
  if (length > 256) {
    memory.copy(to, from, length);
    return;
  }
  for (let i: u32 = 0; i < length; i += 16) v128.store(to + i, v128.load(from + i));
}

/** The bytes of the views, one after the other. May write 15 bytes past the end. */
export function copyViews(views: usize, validity: usize, n: u32, out: usize): void {
  let to = out;
  for (let i: u32 = 0; i < n; i++) {
    if (validity != 0 && !load<u8>(validity + i)) continue;
    const length = load<u32>(views + (i << 3), 4);
    copyBytes(load<u32>(views + (i << 3)), length, to);
    to += length;
  }
}

/** Views of 32-bit offsets into data. Returns 1 when the offsets leave the data or go backwards. */
export function offsetsToViews(offsets: usize, n: u32, data: usize, dataLength: u32, out: usize): i32 {
  let from = load<u32>(offsets);
  if (from > dataLength) return 1;
  for (let i: u32 = 0; i < n; i++) {
    const to = load<u32>(offsets + (i << 2), 4);
    if (to < from || to > dataLength) return 1;
    store<u32>(out + (i << 3), <u32>data + from);
    store<u32>(out + (i << 3), to - from, 4);
    from = to;
  }
  return 0;
}

/** Views of 64-bit offsets into data (at most 4 GiB of it). */
export function offsets64ToViews(offsets: usize, n: u32, data: usize, dataLength: u32, out: usize): i32 {
  let from = load<u64>(offsets);
  if (from > <u64>dataLength) return 1;
  for (let i: u32 = 0; i < n; i++) {
    const to = load<u64>(offsets + (i << 3), 8);
    if (to < from || to > <u64>dataLength) return 1;
    store<u32>(out + (i << 3), <u32>data + <u32>from);
    store<u32>(out + (i << 3), <u32>(to - from), 4);
    from = to;
  }
  return 0;
}

/** i128 → i64. Returns 1 when a present value does not fit; absent ones become 0. `out` may be `values`. */
export function narrow128(values: usize, validity: usize, n: u32, out: usize): i32 {
  if (validity == 0) {
    let wrong: i64 = 0;
    for (let i: u32 = 0; i < n; i++) {
      const low = load<i64>(values + (i << 4));
      wrong |= load<i64>(values + (i << 4), 8) ^ (low >> 63);
    }
    if (wrong != 0) return 1;
  } else {
    for (let i: u32 = 0; i < n; i++) {
      const low = load<i64>(values + (i << 4));
      if (load<u8>(validity + i) && load<i64>(values + (i << 4), 8) != low >> 63) return 1;
    }
  }
  for (let i: u32 = 0; i < n; i++) {
    const present = validity == 0 || load<u8>(validity + i) != 0;
    store<i64>(out + (i << 3), present ? load<i64>(values + (i << 4)) : 0);
  }
  return 0;
}

/** Interval microseconds → nanoseconds. Returns 1 when a present one does not fit. */
export function intervalsToNanos(values: usize, validity: usize, n: u32, out: usize): i32 {
  for (let i: u32 = 0; i < n; i++) {
    const micros = load<i64>(values + (i << 4), 8);
    const present = validity == 0 || load<u8>(validity + i) != 0;
    if (present && (micros > 9223372036854775 || micros < -9223372036854775)) return 1;
    store<i64>(out + (i << 4), load<i64>(values + (i << 4)));
    store<i64>(out + (i << 4), present ? micros * 1000 : 0, 8);
  }
  return 0;
}

/** Interval nanoseconds → microseconds (towards zero). `out` may be `values`. */
export function intervalsToMicros(values: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const nanos = load<i64>(values + (i << 4), 8);
    store<i64>(out + (i << 4), load<i64>(values + (i << 4)));
    store<i64>(out + (i << 4), nanos / 1000, 8);
  }
}

/** out[i] = i. */
export function iota(n: u32, start: u32, out: usize): void {
  let i: u32 = 0;
  let v = i32x4.add(i32x4.splat(start), i32x4(0, 1, 2, 3));
  const step = i32x4.splat(4);
  for (; i < n; i += 4) {
    v128.store(out + (i << 2), v);
    v = i32x4.add(v, step);
  }
}

/** Sum of the lengths of the selected views of present rows (validity is by row of `views`). */
export function viewBytes(views: usize, selection: usize, validity: usize, n: u32): f64 {
  let total: u64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const row = selection == 0 ? i : load<u32>(selection + (i << 2));
    if (validity == 0 || load<u8>(validity + row)) total += <u64>load<u32>(views + (row << 3), 4);
  }
  return <f64>total;
}

/**
 * Copies the selected views' bytes to heap and writes views of the copies; absent rows (validity is by row of `views`)
 * become empty. Returns the heap's end.
 */
export function appendViews(views: usize, selection: usize, validity: usize, n: u32, out: usize, heap: usize): usize {
  let to = heap;
  for (let i: u32 = 0; i < n; i++) {
    const row = selection == 0 ? i : load<u32>(selection + (i << 2));
    const length = validity != 0 && !load<u8>(validity + row) ? 0 : load<u32>(views + (row << 3), 4);
    copyBytes(load<u32>(views + (row << 3)), length, to);
    store<u32>(out + (i << 3), <u32>to);
    store<u32>(out + (i << 3), length, 4);
    to += length;
  }
  return to;
}

/** Whether every byte is 1 (all rows present). */
export function allPresent(validity: usize, n: u32): i32 {
  let i: u32 = 0;
  for (; i + 16 <= n; i += 16) if (!i8x16.all_true(v128.load(validity + i))) return 0;
  for (; i < n; i++) if (!load<u8>(validity + i)) return 0;
  return 1;
}
