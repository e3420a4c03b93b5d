// Decimals as i128 (low u64, then high i64). Kernels return 1 when a magnitude reached 10^38, the limit of 38 digits;
// rows under NULL may do so too: the caller then clears those rows and asks again.
import { multiplyHigh } from "./arithmetic";

/** 10^38 = limitHigh · 2^64 + limitLow. */
const limitHigh: u64 = 0x4b3b4ca85a86c47a;
const limitLow: u64 = 0x098a224000000000;

/** Whether |value| ≥ 10^38. */
@inline function tooWide(low: u64, high: i64): u32 {
  const sign = high >> 63;
  const l = low ^ <u64>sign, h = <u64>(high ^ sign); // the magnitude, less one when negative
  if (h != limitHigh) return <u32>(h > limitHigh);
  return <u32>(sign ? l >= limitLow - 1 : l >= limitLow);
}

export function addI128(a: usize, b: usize, n: u32, out: usize): u32 {
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const p = <usize>i << 4, x = load<u64>(a + p), low = x + load<u64>(b + p);
    const high = load<i64>(a + p, 8) + load<i64>(b + p, 8) + <i64>(low < x);
    store<u64>(out + p, low);
    store<i64>(out + p, high, 8);
    bad |= tooWide(low, high);
  }
  return bad;
}

export function subI128(a: usize, b: usize, n: u32, out: usize): u32 {
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const p = <usize>i << 4, x = load<u64>(a + p), y = load<u64>(b + p);
    const low = x - y, high = load<i64>(a + p, 8) - load<i64>(b + p, 8) - <i64>(x < y);
    store<u64>(out + p, low);
    store<i64>(out + p, high, 8);
    bad |= tooWide(low, high);
  }
  return bad;
}

/** i64 × i64 → i128: always fits 38 digits. */
export function mulI64Wide(a: usize, b: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const x = load<i64>(a + (<usize>i << 3)), y = load<i64>(b + (<usize>i << 3));
    store<i64>(out + (<usize>i << 4), x * y);
    store<i64>(out + (<usize>i << 4), multiplyHigh(x, y), 8);
  }
}

@inline function multiplyHighUnsigned(x: u64, y: u64): u64 {
  const xl = x & 0xffffffff, xh = x >> 32, yl = y & 0xffffffff, yh = y >> 32;
  let t = xl * yl, k = t >> 32;
  t = xh * yl + k;
  const middle = t & 0xffffffff, carry = t >> 32;
  t = xl * yh + middle;
  return xh * yh + carry + (t >> 32);
}

@inline function multiplyOne(a: usize, b: usize, out: usize): u32 {
  let xl = load<u64>(a), xh = load<i64>(a, 8), yl = load<u64>(b), yh = load<i64>(b, 8), bad: u32 = 0;
  const negative = (xh ^ yh) < 0;
  if (xh < 0) { xh = ~xh + <i64>(xl == 0); xl = 0 - xl; }
  if (yh < 0) { yh = ~yh + <i64>(yl == 0); yl = 0 - yl; }
  let low = xl * yl;
  let high = multiplyHighUnsigned(xl, yl);
  if (xh != 0 || yh != 0) {
    const big = <u64>(xh != 0 ? xh : yh), small = xh != 0 ? yl : xl;
    const cross = big * small, sum = high + cross;
    bad = <u32>(xh != 0 && yh != 0) | <u32>(multiplyHighUnsigned(big, small) != 0) | <u32>(sum < high);
    high = sum;
  }
  bad |= <u32>(high > limitHigh || (high == limitHigh && low >= limitLow));
  if (negative) { high = ~high + <u64>(low == 0); low = 0 - low; }
  store<u64>(out, low);
  store<u64>(out, high, 8);
  return bad;
}

export function mulI128(a: usize, b: usize, n: u32, out: usize): u32 {
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) bad |= multiplyOne(a + (<usize>i << 4), b + (<usize>i << 4), out + (<usize>i << 4));
  return bad;
}

/** All values times the i128 at `factor`. */
export function scaleUpI128(a: usize, n: u32, factor: usize, out: usize): u32 {
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) bad |= multiplyOne(a + (<usize>i << 4), factor, out + (<usize>i << 4));
  return bad;
}

/** All values times the i64 at `factor`, for inputs whose bits prove that the result fits. */
export function scaleUpI64(a: usize, n: u32, factor: usize, out: usize): void {
  const f = load<i64>(factor);
  for (let i: u32 = 0; i < n; i++) store<i64>(out + (<usize>i << 3), load<i64>(a + (<usize>i << 3)) * f);
}

export function negI128(a: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) {
    const p = <usize>i << 4, low = load<u64>(a + p);
    store<u64>(out + p, 0 - low);
    store<i64>(out + p, ~load<i64>(a + p, 8) + <i64>(low == 0), 8);
  }
  return 0;
}

export function absI128(a: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) {
    const p = <usize>i << 4, low = load<u64>(a + p), high = load<i64>(a + p, 8);
    store<u64>(out + p, high < 0 ? 0 - low : low);
    store<i64>(out + p, high < 0 ? ~high + <i64>(low == 0) : high, 8);
  }
  return 0;
}

/** value / divisor, rounded half away from zero; divisor is a power of ten ≥ 10. */
export function scaleDownI64(a: usize, n: u32, divisor: usize, out: usize): void {
  const d = load<i64>(divisor), half = d / 2;
  for (let i: u32 = 0; i < n; i++) {
    const x = load<i64>(a + (<usize>i << 3)), q = x / d, r = x % d;
    store<i64>(out + (<usize>i << 3), q + <i64>(r >= half) - <i64>(r <= 0 - half));
  }
}

/** value / 10^digits (1 ≤ digits ≤ 38), rounded half away from zero. */
export function scaleDownI128(a: usize, n: u32, digits: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const p = <usize>i << 4;
    let low = load<u64>(a + p), high = load<i64>(a + p, 8);
    const negative = high < 0;
    if (negative) { high = ~high + <i64>(low == 0); low = 0 - low; }
    let h = <u64>high, left = digits - 1, digit: u64 = 0;
    // All but the last digit in steps of at most nine, so that the divisor has 32 bits; then the digit that rounds.
    while (true) {
      const step: u32 = left > 9 ? 9 : left;
      let d: u64 = 1;
      const last = step == 0;
      if (last) d = 10;
      else for (let s: u32 = 0; s < step; s++) d *= 10;
      let r = h % d;
      h /= d;
      let t = (r << 32) | (low >> 32);
      const q1 = t / d;
      t = ((t % d) << 32) | (low & 0xffffffff);
      low = (q1 << 32) | (t / d);
      digit = t % d;
      if (last) break;
      left -= step;
    }
    if (digit >= 5) { low++; h += <u64>(low == 0); }
    if (negative) { h = ~h + <u64>(low == 0); low = 0 - low; }
    store<u64>(out + p, low);
    store<u64>(out + p, h, 8);
  }
}

/** 1 when a magnitude is ≥ limit (an i128). */
export function exceedsI128(a: usize, n: u32, limit: usize): u32 {
  const limitL = load<u64>(limit), limitH = load<u64>(limit, 8);
  for (let i: u32 = 0; i < n; i++) {
    let low = load<u64>(a + (<usize>i << 4)), high = load<i64>(a + (<usize>i << 4), 8);
    if (high < 0) { high = ~high + <i64>(low == 0); low = 0 - low; }
    if (<u64>high > limitH || (<u64>high == limitH && low >= limitL)) return 1;
  }
  return 0;
}

/** Like exceedsI128; limit is an i64. */
export function exceedsI64(a: usize, n: u32, limit: usize): u32 {
  const high = load<i64>(limit), low = 0 - high;
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const v = load<i64>(a + (<usize>i << 3));
    bad |= <u32>(v >= high) | <u32>(v <= low);
  }
  return bad;
}

/** i128 → i64 for values that fit. Returns 1 when one does not. */
export function narrow16to8(a: usize, n: u32, out: usize): u32 {
  let bad: i64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const low = load<i64>(a + (<usize>i << 4));
    bad |= load<i64>(a + (<usize>i << 4), 8) ^ (low >> 63);
    store<i64>(out + (<usize>i << 3), low);
  }
  return <u32>(bad != 0);
}
