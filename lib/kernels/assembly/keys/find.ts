// Finding known keys: each gives the rows that have one (rows, ascending) and its number.
// valid: 0, or u8 a row: 0 = skip the row. Tables as in assign.ts.
import { hash32, hashWord, hashWords } from "../hash";
import { merge, sameWords } from "./slots";

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
