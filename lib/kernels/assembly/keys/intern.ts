// Interning strings. Ids count from 1 (entries[id]: pointer and length); id 0 is NULL. Slots are { u32 hash, u32 id }.
import { hashBytes, sameBytes } from "../hash";
import { row } from "./row";
import { insertAt } from "./slots";

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
