// Values as bits of which equal ones are equal: floats, intervals, and 128-bit integers that fit in 64.

/** Bits of f64 with one NaN and one zero. */
export function canonicalF64(values: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const x = load<f64>(values + (i << 3));
    store<u64>(out + (i << 3), x == 0 ? 0 : x != x ? 0x7ff8000000000000 : reinterpret<u64>(x));
  }
}

/** Bits of f32 with one NaN and one zero. */
export function canonicalF32(values: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const x = load<f32>(values + (i << 2));
    store<u32>(out + (i << 2), x == 0 ? 0 : x != x ? 0x7fc00000 : reinterpret<u32>(x));
  }
}

/** i128 → i64; returns the number of present values that do not fit. */
export function narrowI128(values: usize, validity: usize, n: u32, out: usize): u32 {
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const low = load<i64>(values + (i << 4));
    store<i64>(out + (i << 3), low);
    const present: u32 = validity ? <u32>load<u8>(validity + i) : 1;
    bad += present & <u32>(load<i64>(values + (i << 4), 8) != low >> 63);
  }
  return bad;
}

/** i64 → i128. */
export function widenI64(values: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const v = load<i64>(values + (i << 3));
    store<i64>(out + (i << 4), v);
    store<i64>(out + (i << 4), v >> 63, 8);
  }
}

/** Interval → i128 microseconds, a month counting 30 days: the value by which intervals compare. */
export function intervalToI128(values: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const p = values + (i << 4);
    const days = <i64>load<i32>(p) * 30 + load<i32>(p, 4);
    const micros = load<i64>(p, 8);
    // days · 86,400,000,000 may pass 64 bits: multiply the halves (days fits 37 bits, so high · factor fits).
    const factor: i64 = 86400000000;
    const lowPart = <u64>(days & 0xffffff) * factor;
    const highPart = (days >> 24) * factor;
    let low = lowPart + (<u64>highPart << 24);
    let high = (highPart >> 40) + <i64>(low < lowPart);
    const before = low;
    low += <u64>micros;
    high += (micros >> 63) + <i64>(low < before);
    store<u64>(out + (i << 4), low);
    store<i64>(out + (i << 4), high, 8);
  }
}

/** i128 microseconds → interval of days and microseconds. */
export function i128ToInterval(values: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    let low = load<u64>(values + (i << 4));
    let high = load<i64>(values + (i << 4), 8);
    const negative = high < 0;
    if (negative) {
      low = ~low + 1;
      high = ~high + <i64>(low == 0);
    }
    // Long division of 128 bits by the microseconds of a day, in 32-bit digits; the quotient fits 64 bits.
    const day: u64 = 86400000000;
    let quotient: u64 = 0;
    let rest: u64 = 0;
    for (let bit: i32 = 127; bit >= 0; bit--) {
      const next = bit >= 64 ? (<u64>high >> (bit - 64)) & 1 : (low >> bit) & 1;
      rest = (rest << 1) | next;
      quotient <<= 1;
      if (rest >= day) {
        rest -= day;
        quotient |= 1;
      }
    }
    const months = <i64>quotient / 30;
    const days = <i64>quotient % 30;
    const sign: i64 = negative ? -1 : 1;
    // Months beyond 32 bits spill into days (they cannot come from a single interval otherwise).
    store<i32>(out + (i << 4), <i32>(sign * months));
    store<i32>(out + (i << 4), <i32>(sign * days), 4);
    store<i64>(out + (i << 4), sign * <i64>rest, 8);
  }
}
