// Membership in a set of constants: an open-addressed table of a power of two slots. As the kernels of the select family.
import { equalBytes } from "./compare";

@inline function slotOf(key: u64, mask: u32): u32 { return <u32>((key * 0x9e3779b97f4a7c15) >> 32) & mask; }

/** Slots of 16 bytes: i64 key, u32 1 when taken. `slots` is zeroed. */
export function buildSetI64(keys: usize, n: u32, slots: usize, mask: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const key = load<u64>(keys + (<usize>i << 3));
    let s = slotOf(key, mask);
    while (load<u32>(slots + (<usize>s << 4), 8)) s = (s + 1) & mask;
    store<u64>(slots + (<usize>s << 4), key);
    store<u32>(slots + (<usize>s << 4), 1, 8);
  }
}

@inline function inSet<T>(values: usize, n: u32, ids: usize, slots: usize, mask: u32, negate: u32, out: usize): u32 {
  let c: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = ids == 0 ? i : load<u32>(ids + (<usize>i << 2)), key = <u64><i64>load<T>(values + <usize>r * sizeof<T>());
    let s = slotOf(key, mask), hit: u32 = 0;
    while (load<u32>(slots + (<usize>s << 4), 8)) {
      if (load<u64>(slots + (<usize>s << 4)) == key) { hit = 1; break; }
      s = (s + 1) & mask;
    }
    store<u32>(out + (<usize>c << 2), r);
    c += hit ^ negate;
  }
  return c;
}

export function selectInI8(values: usize, n: u32, ids: usize, slots: usize, mask: u32, negate: u32, out: usize): u32 { return inSet<i8>(values, n, ids, slots, mask, negate, out); }
export function selectInI16(values: usize, n: u32, ids: usize, slots: usize, mask: u32, negate: u32, out: usize): u32 { return inSet<i16>(values, n, ids, slots, mask, negate, out); }
export function selectInI32(values: usize, n: u32, ids: usize, slots: usize, mask: u32, negate: u32, out: usize): u32 { return inSet<i32>(values, n, ids, slots, mask, negate, out); }
export function selectInI64(values: usize, n: u32, ids: usize, slots: usize, mask: u32, negate: u32, out: usize): u32 { return inSet<i64>(values, n, ids, slots, mask, negate, out); }

@inline function hashBytes(p: usize, length: u32): u64 {
  let h = <u64>length * 0x9e3779b97f4a7c15, i: u32 = 0;
  for (; i + 8 <= length; i += 8) { h = (h ^ load<u64>(p + i)) * 0x9e3779b97f4a7c15; h ^= h >> 29; }
  const rest = length - i;
  if (rest) h = (h ^ (load<u64>(p + i) << (64 - ((<u64>rest) << 3)))) * 0x9e3779b97f4a7c15;
  return h ^ (h >> 32);
}

/** Slots of 16 bytes: the view, then u32 1 when taken. */
export function buildSetView(views: usize, n: u32, slots: usize, mask: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const v = views + (<usize>i << 3);
    let s = <u32>hashBytes(load<u32>(v), load<u32>(v, 4)) & mask;
    while (load<u32>(slots + (<usize>s << 4), 8)) s = (s + 1) & mask;
    store<u64>(slots + (<usize>s << 4), load<u64>(v));
    store<u32>(slots + (<usize>s << 4), 1, 8);
  }
}

export function selectInView(values: usize, n: u32, ids: usize, slots: usize, mask: u32, negate: u32, out: usize): u32 {
  let c: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = ids == 0 ? i : load<u32>(ids + (<usize>i << 2)), v = values + (<usize>r << 3);
    const p = <usize>load<u32>(v), length = load<u32>(v, 4);
    let s = <u32>hashBytes(p, length) & mask, hit: u32 = 0;
    while (load<u32>(slots + (<usize>s << 4), 8)) {
      const slot = slots + (<usize>s << 4);
      if (load<u32>(slot, 4) == length && equalBytes(p, load<u32>(slot), length)) { hit = 1; break; }
      s = (s + 1) & mask;
    }
    store<u32>(out + (<usize>c << 2), r);
    c += hit ^ negate;
  }
  return c;
}
