// The tables that number distinct keys 0, 1, 2, …. A table holds slots of { u32 tag, u32 number + 1 }, 0 = empty, beside
// the rows of all keys in the order of their numbers. Callers keep slots at most half full. `mask` keeps the hash bits
// that count.
import { hash32, hashWord, hashWords } from "../hash";
import { sameWords } from "./slots";

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
