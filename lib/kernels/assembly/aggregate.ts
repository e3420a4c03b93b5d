// Updates of aggregate states: state[group of row] ∘ value. Groups are u32 a row, states arrays by group.
// Inputs are flat: i64, f64, i128 or views; validity 0 = all present. A NULL leaves its group's state alone.

/** state[g] += 1 (i64) per present row. */
export function countRows(groups: usize, validity: usize, n: u32, state: usize): void {
  if (validity) {
    for (let i: u32 = 0; i < n; i++) {
      const p = state + (<usize>load<u32>(groups + (i << 2)) << 3);
      store<u64>(p, load<u64>(p) + load<u8>(validity + i));
    }
    return;
  }
  for (let i: u32 = 0; i < n; i++) {
    const p = state + (<usize>load<u32>(groups + (i << 2)) << 3);
    store<u64>(p, load<u64>(p) + 1);
  }
}

/** state[g] −= 1 (i64) per absent row. */
export function uncountRows(groups: usize, validity: usize, n: u32, state: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const p = state + (<usize>load<u32>(groups + (i << 2)) << 3);
    store<i64>(p, load<i64>(p) + <i64>load<u8>(validity + i) - 1);
  }
}

/** to[i] += values[i]. */
export function addCounts(values: usize, n: u32, to: usize): void {
  for (let i: u32 = 0; i < n; i++) store<i64>(to + (i << 3), load<i64>(to + (i << 3)) + load<i64>(values + (i << 3)));
}

/** Number of non-zero bytes (each 0 or 1). */
export function countMarked(bytes: usize, n: u32): u32 {
  let count: u32 = 0;
  let i: u32 = 0;
  for (; i + 16 <= n; i += 16) count += popcnt(i8x16.bitmask(i8x16.ne(v128.load(bytes + i), i8x16.splat(0))));
  for (; i < n; i++) count += load<u8>(bytes + i);
  return count;
}

/** seen[g] = 1 where a row is present. */
export function markSeen(groups: usize, validity: usize, n: u32, seen: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const p = seen + load<u32>(groups + (i << 2));
    store<u8>(p, load<u8>(p) | (validity ? load<u8>(validity + i) : 1));
  }
}

/** out[i] = a[i] & b[i] for bytes of 0 and 1; b 0 = all ones. */
export function bothBytes(a: usize, b: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i += 16) {
    const x = v128.load(a + i);
    v128.store(out + i, b ? v128.and(x, v128.load(b + i)) : x);
  }
}

/** Rows whose byte is 1. */
export function selectOnes(bytes: usize, n: u32, rows: usize): u32 {
  let m: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    store<u32>(rows + (m << 2), i);
    m += load<u8>(bytes + i);
  }
  return m;
}

/** Sign-extends to i64. kind: 0 bool (u8), 1 i8, 2 i16, 3 i32. */
export function widenToI64(values: usize, kind: u32, n: u32, out: usize): void {
  if (kind == 0) for (let i: u32 = 0; i < n; i++) store<i64>(out + (i << 3), <i64>load<u8>(values + i));
  else if (kind == 1) for (let i: u32 = 0; i < n; i++) store<i64>(out + (i << 3), <i64>load<i8>(values + i));
  else if (kind == 2) for (let i: u32 = 0; i < n; i++) store<i64>(out + (i << 3), <i64>load<i16>(values + (i << 1)));
  else {
    let i: u32 = 0;
    for (; i + 4 <= n; i += 4) {
      const v = v128.load(values + (i << 2));
      v128.store(out + (i << 3), i64x2.extend_low_i32x4_s(v));
      v128.store(out + (i << 3), i64x2.extend_high_i32x4_s(v), 16);
    }
    for (; i < n; i++) store<i64>(out + (i << 3), <i64>load<i32>(values + (i << 2)));
  }
}

export function widenToF64(values: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<f64>(out + (i << 3), <f64>load<f32>(values + (i << 2)));
}

export function narrowToF32(values: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<f32>(out + (i << 2), <f32>load<f64>(values + (i << 3)));
}

/** i64 → f64 divided by a power of ten (exact up to 2^53 before the division). */
export function i64ToF64(values: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<f64>(out + (i << 3), <f64>load<i64>(values + (i << 3)));
}

/** bytes[i] &= 1. */
export function lowestBits(bytes: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) store<u8>(bytes + i, load<u8>(bytes + i) & 1);
}

/** Keeps the low 1, 2 or 4 bytes of i64s. */
export function narrowFromI64(values: usize, size: u32, n: u32, out: usize): void {
  if (size == 1) for (let i: u32 = 0; i < n; i++) store<i8>(out + i, <i8>load<i64>(values + (i << 3)));
  else if (size == 2) for (let i: u32 = 0; i < n; i++) store<i16>(out + (i << 1), <i16>load<i64>(values + (i << 3)));
  else for (let i: u32 = 0; i < n; i++) store<i32>(out + (i << 2), <i32>load<i64>(values + (i << 3)));
}

/** Zeroes absent values. */
export function maskI64(values: usize, validity: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<i64>(out + (i << 3), load<i64>(values + (i << 3)) & (0 - <i64>load<u8>(validity + i)));
}

/** Zeroes absent values. */
export function maskF64(values: usize, validity: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<f64>(out + (i << 3), load<u8>(validity + i) ? load<f64>(values + (i << 3)) : 0);
}

// ---- sums ---------------------------------------------------------------------------------------------------------

/** state[g] += value (i64, wrapping: the caller proves that no sum leaves 64 bits). */
export function sumI64(groups: usize, values: usize, n: u32, state: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const p = state + (<usize>load<u32>(groups + (i << 2)) << 3);
    store<i64>(p, load<i64>(p) + load<i64>(values + (i << 3)));
  }
}

/** *state += all values. */
export function sumAllI64(values: usize, n: u32, state: usize): void {
  let a = i64x2.splat(0);
  let b = i64x2.splat(0);
  let i: u32 = 0;
  for (; i + 4 <= n; i += 4) {
    a = i64x2.add(a, v128.load(values + (i << 3)));
    b = i64x2.add(b, v128.load(values + (i << 3), 16));
  }
  a = i64x2.add(a, b);
  let sum = i64x2.extract_lane(a, 0) + i64x2.extract_lane(a, 1);
  for (; i < n; i++) sum += load<i64>(values + (i << 3));
  store<i64>(state, load<i64>(state) + sum);
}

/** state[g] += the values of rows order[offsets[g] … offsets[g + 1]): no store per row. order: u16. */
export function sumOrderedI64(values: usize, order: usize, offsets: usize, groups: u32, state: usize): void {
  for (let g: u32 = 0; g < groups; g++) {
    let i = load<u32>(offsets + (g << 2));
    const end = load<u32>(offsets + (g << 2), 4);
    let a: i64 = 0;
    let b: i64 = 0;
    for (; i + 4 <= end; i += 4) {
      const p = order + (i << 1);
      a += load<i64>(values + (<usize>load<u16>(p) << 3)) + load<i64>(values + (<usize>load<u16>(p, 2) << 3));
      b += load<i64>(values + (<usize>load<u16>(p, 4) << 3)) + load<i64>(values + (<usize>load<u16>(p, 6) << 3));
    }
    for (; i < end; i++) a += load<i64>(values + (<usize>load<u16>(order + (i << 1)) << 3));
    const p = state + (g << 3);
    store<i64>(p, load<i64>(p) + a + b);
  }
}

// For a mask of 8 rows: the numbers of those in it, u16 each, side by side.
const placesOfMask: usize = memory.data(256 * 16, 16);
for (let mask: u32 = 0; mask < 256; mask++) {
  let to = placesOfMask + mask * 16;
  for (let i: u32 = 0; i < 8; i++) {
    if ((mask >> i) & 1) {
      store<u16>(to, <u16>i);
      to += 2;
    }
  }
}

/** Up to so many groups one pass for each is faster than counting. */
const passesMax: u32 = 8;

/**
 * Rows by group, for few groups: u16 order, u32 offsets (groups + 1), ends: scratch of groups u32. n ≤ 65,536.
 * Writes up to 16 bytes past the order.
 */
export function orderByGroup(numbers: usize, n: u32, groups: u32, offsets: usize, ends: usize, order: usize): void {
  if (groups > passesMax) return orderByCounting(numbers, n, groups, offsets, ends, order);
  let to = order;
  for (let g: u32 = 0; g < groups; g++) {
    store<u32>(offsets + (g << 2), <u32>(to - order) >> 1);
    const group = i32x4.splat(g);
    for (let i: u32 = 0; i < n; i += 8) {
      const from = numbers + (<usize>i << 2);
      const low = i32x4.eq(v128.load(from), group);
      const high = i32x4.eq(v128.load(from, 16), group);
      let mask = <u32>i16x8.bitmask(i16x8.narrow_i32x4_s(low, high));
      if (i + 8 > n) mask &= (<u32>1 << (n - i)) - 1;
      v128.store(to, i16x8.add(v128.load(placesOfMask + (<usize>mask << 4)), i16x8.splat(<i16>i)));
      to += popcnt(mask) << 1;
    }
  }
  store<u32>(offsets + (groups << 2), n);
}

function orderByCounting(numbers: usize, n: u32, groups: u32, offsets: usize, ends: usize, order: usize): void {
  memory.fill(offsets, 0, (groups + 1) << 2);
  for (let i: u32 = 0; i < n; i++) {
    const p = offsets + 4 + (load<u32>(numbers + (i << 2)) << 2);
    store<u32>(p, load<u32>(p) + 1);
  }
  let sum: u32 = 0;
  for (let g: u32 = 0; g < groups; g++) {
    store<u32>(ends + (g << 2), sum);
    sum += load<u32>(offsets + (g << 2), 4);
    store<u32>(offsets + (g << 2), sum, 4);
  }
  for (let i: u32 = 0; i < n; i++) {
    const p = ends + (load<u32>(numbers + (i << 2)) << 2);
    const to = load<u32>(p);
    store<u32>(p, to + 1);
    store<u16>(order + (to << 1), <u16>i);
  }
}

/** state[g] += offsets[g + 1] − offsets[g]. */
export function countOrdered(offsets: usize, groups: u32, state: usize): void {
  for (let g: u32 = 0; g < groups; g++) {
    const p = state + (g << 3);
    store<i64>(p, load<i64>(p) + <i64>(load<u32>(offsets + (g << 2), 4) - load<u32>(offsets + (g << 2))));
  }
}

/** Adds x to the i128 at p; 1 when it left 128 bits. */
@inline function add128(p: usize, low: u64, high: i64): u32 {
  const a = load<u64>(p);
  const b = load<i64>(p, 8);
  const sum = a + low;
  const top = b + high + <i64>(sum < low);
  store<u64>(p, sum);
  store<i64>(p, top, 8);
  // Overflow: the operands agree in sign and the result does not (the carry cannot hide it but for −1 + carry = 0).
  return <u32>(((b ^ top) & (high ^ top)) < 0);
}

/** i128 state[g] += i64 value. */
export function sumI64To128(groups: usize, values: usize, n: u32, state: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const v = load<i64>(values + (i << 3));
    add128(state + (<usize>load<u32>(groups + (i << 2)) << 4), v, v >> 63);
  }
}

/** i128 state[g] += i128 value; returns whether a sum left 128 bits. */
export function sumI128(groups: usize, values: usize, validity: usize, n: u32, state: usize): u32 {
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    if (validity && !load<u8>(validity + i)) continue;
    bad |= add128(state + (<usize>load<u32>(groups + (i << 2)) << 4), load<u64>(values + (i << 4)), load<i64>(values + (i << 4), 8));
  }
  return bad;
}

/** i128 wide[g] += i64 narrow[g]; narrow[g] = 0. */
export function flush128(narrow: usize, wide: usize, groups: u32): void {
  for (let g: u32 = 0; g < groups; g++) {
    const v = load<i64>(narrow + (<usize>g << 3));
    add128(wide + (<usize>g << 4), v, v >> 63);
    store<i64>(narrow + (<usize>g << 3), 0);
  }
}

/** Number of i128 values that do not fit in an i64. */
export function countWide(values: usize, n: u32): u32 {
  let wide: u32 = 0;
  for (let i: u32 = 0; i < n; i++) wide += <u32>(load<i64>(values + (<usize>i << 4), 8) != load<i64>(values + (<usize>i << 4)) >> 63);
  return wide;
}

/** Number of i128 values of more than 38 digits. */
export function countOver38(values: usize, n: u32): u32 {
  // 10^38 − 1 = 0x4b3b4ca85a86c47a_098a223fffffffff
  let over: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    let low = load<u64>(values + (<usize>i << 4));
    let high = load<u64>(values + (<usize>i << 4), 8);
    if (<i64>high < 0) {
      low = ~low + 1;
      high = ~high + <u64>(low == 0);
    }
    over += <u32>(high > 0x4b3b4ca85a86c47a || (high == 0x4b3b4ca85a86c47a && low > 0x098a223fffffffff));
  }
  return over;
}

/** Nearest f64 of i128 values. */
export function i128ToF64(values: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    let low = load<u64>(values + (<usize>i << 4));
    let high = load<u64>(values + (<usize>i << 4), 8);
    const negative = <i64>high < 0;
    if (negative) {
      low = ~low + 1;
      high = ~high + <u64>(low == 0);
    }
    let x: f64;
    if (high == 0) x = <f64>low;
    else {
      // The top 64 bits, the lost ones kept as a sticky bit so that there is one rounding only.
      const shift = clz(high);
      const top = shift ? (high << shift) | (low >> (64 - shift)) : high;
      const rest = low << shift;
      x = <f64>(top | <u64>(rest != 0)) * reinterpret<f64>(<u64>(1023 + 64 - shift) << 52);
    }
    store<f64>(out + (i << 3), negative ? -x : x);
  }
}

/** state[g] += value (f64). */
export function sumF64(groups: usize, values: usize, validity: usize, n: u32, state: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    if (validity && !load<u8>(validity + i)) continue;
    const p = state + (<usize>load<u32>(groups + (i << 2)) << 3);
    store<f64>(p, load<f64>(p) + load<f64>(values + (i << 3)));
  }
}

/** out[i] = sum[i] / divisor / count[i] where count (i64) ≠ 0; present[i] tells where. */
export function averages(sums: usize, counts: usize, divisor: f64, n: u32, out: usize, present: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const count = load<i64>(counts + (i << 3));
    store<f64>(out + (i << 3), load<f64>(sums + (i << 3)) / (<f64>count * divisor));
    store<u8>(present + i, <u8>(count != 0));
  }
}

// ---- extremes and bits --------------------------------------------------------------------------------------------

const opMin: u32 = 0;
const opMax: u32 = 1;
const opAnd: u32 = 2;
const opOr: u32 = 3;

@inline function foldI64(groups: usize, values: usize, validity: usize, n: u32, state: usize, op: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    if (validity && !load<u8>(validity + i)) continue;
    const p = state + (<usize>load<u32>(groups + (i << 2)) << 3);
    const v = load<i64>(values + (i << 3));
    const s = load<i64>(p);
    store<i64>(p, op == opMin ? (v < s ? v : s) : op == opMax ? (v > s ? v : s) : op == opAnd ? v & s : op == opOr ? v | s : v ^ s);
  }
}

/** state[g] = state[g] ∘ value; op: 0 min, 1 max, 2 and, 3 or, 4 xor. States start as the operation's identity. */
export function foldInts(groups: usize, values: usize, validity: usize, n: u32, state: usize, op: u32): void {
  if (op == opMin) foldI64(groups, values, validity, n, state, opMin);
  else if (op == opMax) foldI64(groups, values, validity, n, state, opMax);
  else if (op == opAnd) foldI64(groups, values, validity, n, state, opAnd);
  else if (op == opOr) foldI64(groups, values, validity, n, state, opOr);
  else foldI64(groups, values, validity, n, state, 4);
}

/** NaN is the greatest float: states start as NaN for min, −∞ for max (with `seen` for the rest). op: 0 min, 1 max. */
export function foldFloats(groups: usize, values: usize, validity: usize, n: u32, state: usize, op: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    if (validity && !load<u8>(validity + i)) continue;
    const p = state + (<usize>load<u32>(groups + (i << 2)) << 3);
    const v = load<f64>(values + (i << 3));
    const s = load<f64>(p);
    const replace = op == opMin ? v < s || s != s : v > s || v != v;
    if (replace) store<f64>(p, v);
  }
}

/** op: 0 min, 1 max. */
export function foldWide(groups: usize, values: usize, validity: usize, n: u32, state: usize, op: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    if (validity && !load<u8>(validity + i)) continue;
    const p = state + (<usize>load<u32>(groups + (i << 2)) << 4);
    const q = values + (i << 4);
    const high = load<i64>(q, 8);
    const stateHigh = load<i64>(p, 8);
    const less = high < stateHigh || (high == stateHigh && load<u64>(q) < load<u64>(p));
    const same = high == stateHigh && load<u64>(q) == load<u64>(p);
    if (op == opMin ? less : !less && !same) v128.store(p, v128.load(q));
  }
}

@inline function compareBytes(a: usize, aLength: u32, b: usize, bLength: u32): i32 {
  const n = min(aLength, bLength);
  let i: u32 = 0;
  for (; i + 8 <= n; i += 8) {
    const x = load<u64>(a + i);
    const y = load<u64>(b + i);
    if (x != y) return bswap(x) < bswap(y) ? -1 : 1;
  }
  for (; i < n; i++) {
    const d = <i32>load<u8>(a + i) - <i32>load<u8>(b + i);
    if (d) return d;
  }
  return aLength < bLength ? -1 : <i32>(aLength > bLength);
}

/**
 * Strings by bytes. A state is { u32 pointer, u32 length, u32 room, u32 seen }: a value that fits its room overwrites it,
 * another takes new room from next (u32 at `bump`), which has enough for all values of the batch. op: 0 min, 1 max.
 */
export function foldViews(groups: usize, views: usize, validity: usize, n: u32, state: usize, op: u32, bump: usize): void {
  let next = load<u32>(bump);
  for (let i: u32 = 0; i < n; i++) {
    if (validity && !load<u8>(validity + i)) continue;
    const p = state + (<usize>load<u32>(groups + (i << 2)) << 4);
    const from = <usize>load<u32>(views + (i << 3));
    const length = load<u32>(views + (i << 3), 4);
    if (load<u32>(p, 12)) {
      const order = compareBytes(from, length, load<u32>(p), load<u32>(p, 4));
      if (op == opMin ? order >= 0 : order <= 0) continue;
    }
    if (length > load<u32>(p, 8)) {
      store<u32>(p, next);
      store<u32>(p, length, 8);
      next += length;
    }
    memory.copy(load<u32>(p), from, length);
    store<u32>(p, length, 4);
    store<u32>(p, 1, 12);
  }
  store<u32>(bump, next);
}

/** String states → views and validity; returns the NULLs. */
export function viewStates(state: usize, n: u32, out: usize, present: usize): u32 {
  let nulls: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const seen = load<u32>(state + (i << 4), 12);
    store<u64>(out + (i << 3), seen ? load<u64>(state + (i << 4)) : 0);
    store<u8>(present + i, <u8>seen);
    nulls += seen ^ 1;
  }
  return nulls;
}

// ---- moments (Welford 1962; merging by Chan, Golub and LeVeque 1979) ----------------------------------------------

/** counts i64, means f64, squares f64 (sum of squared deviations), each by group. */
export function updateMoments(groups: usize, values: usize, validity: usize, n: u32, counts: usize, means: usize, squares: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    if (validity && !load<u8>(validity + i)) continue;
    const g = <usize>load<u32>(groups + (i << 2)) << 3;
    const v = load<f64>(values + (i << 3));
    const count = load<i64>(counts + g) + 1;
    const mean = load<f64>(means + g);
    const delta = v - mean;
    const moved = mean + delta / <f64>count;
    store<i64>(counts + g, count);
    store<f64>(means + g, moved);
    store<f64>(squares + g, load<f64>(squares + g) + delta * (v - moved));
  }
}

export function mergeMoments(groups: usize, n: u32, fromCounts: usize, fromMeans: usize, fromSquares: usize, counts: usize, means: usize, squares: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const g = <usize>load<u32>(groups + (i << 2)) << 3;
    const added = load<i64>(fromCounts + (i << 3));
    if (added == 0) continue;
    const count = load<i64>(counts + g);
    const total = count + added;
    const mean = load<f64>(means + g);
    const delta = load<f64>(fromMeans + (i << 3)) - mean;
    store<i64>(counts + g, total);
    store<f64>(means + g, count == 0 ? load<f64>(fromMeans + (i << 3)) : mean + delta * (<f64>added / <f64>total));
    store<f64>(squares + g, load<f64>(squares + g) + load<f64>(fromSquares + (i << 3)) + (count == 0 ? 0 : delta * delta * (<f64>count * <f64>added / <f64>total)));
  }
}

/** out[i] = variance, sample or population; its root when `root`. present[i]: enough rows. */
export function variances(counts: usize, squares: usize, n: u32, sample: u32, root: u32, out: usize, present: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const count = load<i64>(counts + (i << 3));
    const x = load<f64>(squares + (i << 3)) / <f64>(count - <i64>sample);
    store<f64>(out + (i << 3), root ? sqrt(x) : x);
    store<u8>(present + i, <u8>(count > <i64>sample));
  }
}

// ---- states in bulk -----------------------------------------------------------------------------------------------

/** Fills n i64 (or f64 bits) with *value. */
export function fill8(value: usize, n: u32, out: usize): void {
  const v = i64x2.splat(load<i64>(value));
  for (let i: u32 = 0; i < n; i += 2) v128.store(out + (<usize>i << 3), v);
}

/** out[i] = i + from. */
export function numberRows(from: u32, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u32>(out + (i << 2), from + i);
}
