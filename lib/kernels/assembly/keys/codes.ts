// Ids of dictionary codes: what intern.ts does once for each entry, looked up by code.
import { row } from "./row";

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
