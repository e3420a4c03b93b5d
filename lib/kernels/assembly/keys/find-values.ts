// Finding keys of one integer column: encoding (encode.ts) and looking up (find.ts) in one pass.
// range: i64 base, u64 limit; values outside and NULLs have no key.
import { hash32 } from "../hash";
import { row } from "./row";
import { merge } from "./slots";

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
