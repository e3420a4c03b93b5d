// Strings: searching, slicing without copies, and the few that write new bytes. Text is valid UTF-8.
import { equalBytes } from "./compare";

@inline function continues(p: usize): bool { return (load<u8>(p) & 0xc0) == 0x80; }

/** Where a view's bytes are: never 0, which means "not found" below; an empty view may point there. */
@inline function startOf(view: usize, length: u32): usize { return length == 0 ? 64 : <usize>load<u32>(view); }

/** Where `length` bytes at `part` first occur in [from, to); 0 when nowhere. Compares first and last bytes by SIMD. */
export function findBytes(from: usize, to: usize, part: usize, length: u32): usize {
  if (length == 0) return from;
  if (to < from + length) return 0;
  const first = i8x16.splat(load<i8>(part)), last = i8x16.splat(load<i8>(part + length - 1)), end = to - length + 1;
  for (let p = from; p < end; p += 16) {
    let hits = <u32>i8x16.bitmask(v128.and(i8x16.eq(v128.load(p), first), i8x16.eq(v128.load(p + length - 1), last)));
    if (end - p < 16) hits &= (1 << <u32>(end - p)) - 1;
    while (hits) {
      const at = p + ctz(hits);
      hits &= hits - 1;
      if (equalBytes(at, part, length)) return at;
    }
  }
  return 0;
}

/** Matches a segment forwards from p; 0xff in it is any one character. Returns where the match ends, or 0. */
@inline function matchForwards(p: usize, to: usize, segment: usize, length: u32): usize {
  for (let j: u32 = 0; j < length; j++) {
    if (p >= to) return 0;
    const wanted = load<u8>(segment + j);
    if (wanted == 0xff) {
      p++;
      while (p < to && continues(p)) p++;
    } else {
      if (load<u8>(p) != wanted) return 0;
      p++;
    }
  }
  return p;
}

/** Matches a segment so that it ends at `to`; returns where the match starts, or 0. */
@inline function matchBackwards(from: usize, to: usize, segment: usize, length: u32): usize {
  let p = to;
  for (let j: i32 = <i32>length - 1; j >= 0; j--) {
    if (p <= from) return 0;
    const wanted = load<u8>(segment + j);
    p--;
    if (wanted == 0xff) while (p > from && continues(p)) p--;
    else if (load<u8>(p) != wanted) return 0;
  }
  return p;
}

/** flags of a pattern: 1 it starts with its first segment, 2 it ends with its last. */
@inline function matches(from: usize, to: usize, segments: usize, count: u32, flags: u32): bool {
  let first: u32 = 0, end = count;
  let p = from, q = to;
  if (count == 0) return (flags & 1) == 0 || from == to;
  if (flags & 1) {
    p = matchForwards(p, q, load<u32>(segments), load<u32>(segments, 4));
    if (p == 0) return false;
    first = 1;
    // One segment that is both ends: it must have consumed everything.
    if (count == 1 && flags & 2) return p == to;
  }
  if (flags & 2) {
    end--;
    const s = segments + <usize>end * 12;
    q = matchBackwards(p, q, load<u32>(s), load<u32>(s, 4));
    if (q == 0) return false;
  }
  for (let k = first; k < end; k++) {
    const s = segments + <usize>k * 12, bytes = load<u32>(s), length = load<u32>(s, 4);
    if (load<u32>(s, 8) == 0) {
      const at = findBytes(p, q, bytes, length);
      if (at == 0) return false;
      p = at + length;
    } else {
      let stop: usize = 0;
      while (p <= q) {
        stop = matchForwards(p, q, bytes, length);
        if (stop != 0) break;
        p++;
        while (p < q && continues(p)) p++;
      }
      if (stop == 0) return false;
      p = stop;
    }
  }
  return true;
}

/**
 * LIKE: rows that match the segments in order (each: u32 pointer, u32 bytes, u32 whether it has wildcards).
 * As the kernels of the select family.
 */
export function selectLike(values: usize, n: u32, ids: usize, segments: usize, count: u32, flags: u32, negate: u32, out: usize): u32 {
  let c: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = ids == 0 ? i : load<u32>(ids + (<usize>i << 2)), v = values + (<usize>r << 3);
    const length = load<u32>(v, 4), from = startOf(v, length);
    store<u32>(out + (<usize>c << 2), r);
    c += <u32>matches(from, from + length, segments, count, flags) ^ negate;
  }
  return c;
}

@inline function characters(from: usize, bytes: u32): i64 {
  let count: i64 = 0;
  for (let i: u32 = 0; i < bytes; i++) count += <i64>!continues(from + i);
  return count;
}

/** Code points. */
export function textLengths(values: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) store<i64>(out + (<usize>i << 3), characters(load<u32>(values + (<usize>i << 3)), load<u32>(values + (<usize>i << 3), 4)));
  return 0;
}

export function byteLengths(values: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) store<i64>(out + (<usize>i << 3), <i64>load<u32>(values + (<usize>i << 3), 4));
  return 0;
}

/** Skips `count` characters from p, no further than to. */
@inline function skip(p: usize, to: usize, count: i64): usize {
  while (count > 0 && p < to) {
    p++;
    while (p < to && continues(p)) p++;
    count--;
  }
  return p;
}

/**
 * Characters [start, start + length), start from 1, or from the end when negative; a negative length goes left.
 * lengths 0: to the end. The results are views into the inputs.
 */
export function substrings(values: usize, starts: usize, lengths: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) {
    const v = values + (<usize>i << 3), from = <usize>load<u32>(v), bytes = load<u32>(v, 4), to = from + bytes;
    let start = load<i64>(starts + (<usize>i << 3));
    // Texts are far shorter than 2^40 bytes: clamping keeps the sums below in range.
    const far: i64 = 1 << 40;
    start = min(max(start, 0 - far), far);
    let size: i64 = 0;
    if (start < 0 || lengths == 0) size = start < 0 ? characters(from, bytes) : far;
    let first: i64, other: i64;
    if (lengths == 0) {
      first = start > 0 ? start - 1 : start < 0 ? size + start : 0;
      other = size;
    } else {
      const length = min(max(load<i64>(lengths + (<usize>i << 3)), 0 - far), far);
      first = start > 0 ? start - 1 : start < 0 ? size + start : -1;
      other = first + length;
    }
    const low = max(min(first, other), 0), high = max(max(first, other), 0);
    const p = skip(from, to, low), q = skip(p, to, high - low);
    store<u32>(out + (<usize>i << 3), <u32>p);
    store<u32>(out + (<usize>i << 3), <u32>(q - p), 4);
  }
  return 0;
}

/** The first counts[i] ≥ 0 characters, as views. */
export function firstCharacters(values: usize, counts: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) {
    const v = values + (<usize>i << 3), from = <usize>load<u32>(v), to = from + load<u32>(v, 4);
    store<u32>(out + (<usize>i << 3), <u32>from);
    store<u32>(out + (<usize>i << 3), <u32>(skip(from, to, load<i64>(counts + (<usize>i << 3))) - from), 4);
  }
  return 0;
}

/** Without spaces at the start (sides & 1) and the end (sides & 2), as views; 1 when a byte there is not ASCII. */
export function trimSpaces(values: usize, sides: u32, n: u32, out: usize): u32 {
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    let p = <usize>load<u32>(values + (<usize>i << 3)), q = p + load<u32>(values + (<usize>i << 3), 4);
    if (sides & 1) {
      while (p < q && load<u8>(p) == 0x20) p++;
      bad |= <u32>(p < q && load<u8>(p) > 0x7f);
    }
    if (sides & 2) {
      while (p < q && load<u8>(q - 1) == 0x20) q--;
      bad |= <u32>(p < q && load<u8>(q - 1) > 0x7f);
    }
    store<u32>(out + (<usize>i << 3), <u32>p);
    store<u32>(out + (<usize>i << 3), <u32>(q - p), 4);
  }
  return bad;
}

/** Sum of the bytes of the strings that are present, as a double. */
export function totalBytes(values: usize, validity: usize, n: u32): f64 {
  let sum: f64 = 0;
  for (let i: u32 = 0; i < n; i++) if (validity == 0 || load<u8>(validity + i)) sum += <f64>load<u32>(values + (<usize>i << 3), 4);
  return sum;
}

/** Lower (or upper) case of ASCII text into `bytes`; NULL rows become empty. 1 when a byte is not ASCII. */
export function asciiCase(upper: u32, values: usize, validity: usize, n: u32, bytes: usize, out: usize): u32 {
  const base = i8x16.splat(upper ? 0x61 : 0x41), span = i8x16.splat(25), bit = i8x16.splat(0x20);
  for (let i: u32 = 0; i < n; i++) {
    const v = values + (<usize>i << 3), from = <usize>load<u32>(v);
    const length: u32 = validity == 0 || load<u8>(validity + i) ? load<u32>(v, 4) : 0;
    for (let j: u32 = 0; j < length; j += 16) {
      const x = v128.load(from + j);
      let high = <u32>i8x16.bitmask(x);
      if (length - j < 16) high &= (1 << (length - j)) - 1;
      if (high) return 1;
      v128.store(bytes + j, v128.xor(x, v128.and(i8x16.le_u(i8x16.sub(x, base), span), bit)));
    }
    store<u32>(out + (<usize>i << 3), <u32>bytes);
    store<u32>(out + (<usize>i << 3), length, 4);
    bytes += length;
  }
  return 0;
}

/** a, then b, into `bytes`; NULL rows become empty. */
export function concatenate(a: usize, b: usize, validity: usize, n: u32, bytes: usize, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) {
    let length: u32 = 0;
    if (validity == 0 || load<u8>(validity + i)) {
      const x = load<u32>(a + (<usize>i << 3), 4), y = load<u32>(b + (<usize>i << 3), 4);
      memory.copy(bytes, load<u32>(a + (<usize>i << 3)), x);
      memory.copy(bytes + x, load<u32>(b + (<usize>i << 3)), y);
      length = x + y;
    }
    store<u32>(out + (<usize>i << 3), <u32>bytes);
    store<u32>(out + (<usize>i << 3), length, 4);
    bytes += length;
  }
  return 0;
}

/** Where (in characters, from 1) b first occurs in a; 0 when nowhere. */
export function positions(a: usize, b: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) {
    const length = load<u32>(a + (<usize>i << 3), 4), from = startOf(a + (<usize>i << 3), length), to = from + length;
    const at = findBytes(from, to, load<u32>(b + (<usize>i << 3)), load<u32>(b + (<usize>i << 3), 4));
    store<i64>(out + (<usize>i << 3), at == 0 ? 0 : characters(from, <u32>(at - from)) + 1);
  }
  return 0;
}

/** Whether b occurs in a (how 0), a starts with b (1), a ends with b (2). */
export function occurs(how: u32, a: usize, b: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) {
    const xLength = load<u32>(a + (<usize>i << 3), 4), x = startOf(a + (<usize>i << 3), xLength);
    const y = <usize>load<u32>(b + (<usize>i << 3)), yLength = load<u32>(b + (<usize>i << 3), 4);
    let hit: bool;
    if (how == 0) hit = findBytes(x, x + xLength, y, yLength) != 0;
    else hit = xLength >= yLength && equalBytes(how == 1 ? x : x + xLength - yLength, y, yLength);
    store<u8>(out + i, <u8>hit);
  }
  return 0;
}
