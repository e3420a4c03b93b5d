// Columns become words: the keys of grouping and joining (docs/design/hash-tables.md), a row of `width` u64 words.
import { row } from "./row";

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
