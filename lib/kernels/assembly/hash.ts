// Hash functions, inlined into the tables. Not exported: nothing outside may depend on a hash value.

const multiplier: u64 = 0x9e3779b97f4a7c15;

/** 32 well mixed bits of one word. */
@inline export function hashWord(x: u64): u32 {
  x ^= x >> 32;
  x *= multiplier;
  return <u32>(x >> 32);
}

/** 32 bits for keys of at most 32 bits: their high bits address a table. */
@inline export function hash32(k: u32): u32 {
  return (k ^ (k >> 15)) * 0x9e3779b1;
}

/** Hash of `words` adjacent u64. */
@inline export function hashWords(p: usize, words: u32): u32 {
  let h: u64 = words;
  for (let w: u32 = 0; w < words; w++) {
    h = (h ^ load<u64>(p + (w << 3))) * multiplier;
    h ^= h >> 29;
  }
  return <u32>((h * multiplier) >> 32);
}

/** The `n` low bytes of a u64, 0 < n < 8. */
@inline export function lowBytes(x: u64, n: u32): u64 {
  return x & ((<u64>1 << (n << 3)) - 1);
}

/** Reads up to 7 bytes past the end. */
@inline export function hashBytes(p: usize, length: u32): u32 {
  let h: u64 = <u64>length * multiplier;
  while (length >= 8) {
    h = (h ^ load<u64>(p)) * multiplier;
    h ^= h >> 32;
    p += 8;
    length -= 8;
  }
  if (length) {
    h = (h ^ lowBytes(load<u64>(p), length)) * multiplier;
    h ^= h >> 32;
  }
  return <u32>((h * multiplier) >> 32);
}

/** Reads up to 7 bytes past the ends. */
@inline export function sameBytes(a: usize, b: usize, length: u32): bool {
  while (length >= 8) {
    if (load<u64>(a) != load<u64>(b)) return false;
    a += 8;
    b += 8;
    length -= 8;
  }
  return length == 0 || lowBytes(load<u64>(a) ^ load<u64>(b), length) == 0;
}
