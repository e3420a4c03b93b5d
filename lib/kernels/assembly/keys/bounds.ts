// Least and greatest values: the ranges that decide how many bits a key column needs.
import { row } from "./row";

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
