// Filling a cleared table (see assign.ts) with keys 0 … count − 1.
import { hash32, hashWord, hashWords } from "../hash";
import { insertAt } from "./slots";

export function rebuildDense(keys: usize, count: u32, table: usize): void {
  for (let i: u32 = 0; i < count; i++) store<u32>(table + (<usize>load<u64>(keys + (<usize>i << 3)) << 2), i + 1);
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
