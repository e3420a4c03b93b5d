// Casts between numbers, dates and timestamps, dense. They return 0, or 1 when a value does not fit its new type; rows
// under NULL may report so too: the caller then clears those rows and asks again.

@inline function widen<F, T>(a: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) store<T>(out + <usize>i * sizeof<T>(), <T>load<F>(a + <usize>i * sizeof<F>()));
  return 0;
}

@inline function narrow<F, T>(a: usize, n: u32, out: usize): u32 {
  let bad: i64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const v = load<F>(a + <usize>i * sizeof<F>()), r = <T>v;
    store<T>(out + <usize>i * sizeof<T>(), r);
    bad |= <i64>v ^ <i64>r;
  }
  return <u32>(bad != 0);
}

/** To nearest, halves to even. `limit` is 2^(bits − 1) of the target. */
@inline function rounded<F, T>(a: usize, n: u32, out: usize, limit: f64): u32 {
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const v = nearest<f64>(<f64>load<F>(a + <usize>i * sizeof<F>()));
    const fits = v >= -limit && v < limit;
    bad |= <u32>!fits;
    store<T>(out + <usize>i * sizeof<T>(), fits ? <T>v : 0);
  }
  return bad;
}

@inline function truth<F>(a: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) store<u8>(out + i, <u8>(load<F>(a + <usize>i * sizeof<F>()) != 0));
  return 0;
}

export function castI8ToI16(a: usize, n: u32, out: usize): u32 { return widen<i8, i16>(a, n, out); }
export function castI8ToI32(a: usize, n: u32, out: usize): u32 { return widen<i8, i32>(a, n, out); }
export function castI8ToI64(a: usize, n: u32, out: usize): u32 { return widen<i8, i64>(a, n, out); }
export function castI16ToI32(a: usize, n: u32, out: usize): u32 { return widen<i16, i32>(a, n, out); }
export function castI16ToI64(a: usize, n: u32, out: usize): u32 { return widen<i16, i64>(a, n, out); }
export function castI32ToI64(a: usize, n: u32, out: usize): u32 { return widen<i32, i64>(a, n, out); }
export function castI16ToI8(a: usize, n: u32, out: usize): u32 { return narrow<i16, i8>(a, n, out); }
export function castI32ToI8(a: usize, n: u32, out: usize): u32 { return narrow<i32, i8>(a, n, out); }
export function castI32ToI16(a: usize, n: u32, out: usize): u32 { return narrow<i32, i16>(a, n, out); }
export function castI64ToI8(a: usize, n: u32, out: usize): u32 { return narrow<i64, i8>(a, n, out); }
export function castI64ToI16(a: usize, n: u32, out: usize): u32 { return narrow<i64, i16>(a, n, out); }
export function castI64ToI32(a: usize, n: u32, out: usize): u32 { return narrow<i64, i32>(a, n, out); }
export function castI8ToF32(a: usize, n: u32, out: usize): u32 { return widen<i8, f32>(a, n, out); }
export function castI8ToF64(a: usize, n: u32, out: usize): u32 { return widen<i8, f64>(a, n, out); }
export function castI16ToF32(a: usize, n: u32, out: usize): u32 { return widen<i16, f32>(a, n, out); }
export function castI16ToF64(a: usize, n: u32, out: usize): u32 { return widen<i16, f64>(a, n, out); }
export function castI32ToF32(a: usize, n: u32, out: usize): u32 { return widen<i32, f32>(a, n, out); }
export function castI32ToF64(a: usize, n: u32, out: usize): u32 { return widen<i32, f64>(a, n, out); }
export function castI64ToF64(a: usize, n: u32, out: usize): u32 { return widen<i64, f64>(a, n, out); }
/** Through a double, as the reference does: two roundings. */
export function castI64ToF32(a: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) store<f32>(out + (<usize>i << 2), <f32><f64>load<i64>(a + (<usize>i << 3)));
  return 0;
}
export function castF32ToF64(a: usize, n: u32, out: usize): u32 { return widen<f32, f64>(a, n, out); }
export function castF64ToF32(a: usize, n: u32, out: usize): u32 {
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const v = load<f64>(a + (<usize>i << 3)), r = <f32>v;
    bad |= <u32>(abs(r) == Infinity) & <u32>(abs(v) != Infinity);
    store<f32>(out + (<usize>i << 2), r);
  }
  return bad;
}
export function castF32ToI8(a: usize, n: u32, out: usize): u32 { return rounded<f32, i8>(a, n, out, 128); }
export function castF32ToI16(a: usize, n: u32, out: usize): u32 { return rounded<f32, i16>(a, n, out, 32768); }
export function castF32ToI32(a: usize, n: u32, out: usize): u32 { return rounded<f32, i32>(a, n, out, 2147483648); }
export function castF32ToI64(a: usize, n: u32, out: usize): u32 { return rounded<f32, i64>(a, n, out, 9223372036854775808); }
export function castF64ToI8(a: usize, n: u32, out: usize): u32 { return rounded<f64, i8>(a, n, out, 128); }
export function castF64ToI16(a: usize, n: u32, out: usize): u32 { return rounded<f64, i16>(a, n, out, 32768); }
export function castF64ToI32(a: usize, n: u32, out: usize): u32 { return rounded<f64, i32>(a, n, out, 2147483648); }
export function castF64ToI64(a: usize, n: u32, out: usize): u32 { return rounded<f64, i64>(a, n, out, 9223372036854775808); }
export function castI8ToBool(a: usize, n: u32, out: usize): u32 { return truth<i8>(a, n, out); }
export function castI16ToBool(a: usize, n: u32, out: usize): u32 { return truth<i16>(a, n, out); }
export function castI32ToBool(a: usize, n: u32, out: usize): u32 { return truth<i32>(a, n, out); }
export function castI64ToBool(a: usize, n: u32, out: usize): u32 { return truth<i64>(a, n, out); }
export function castF32ToBool(a: usize, n: u32, out: usize): u32 { return truth<f32>(a, n, out); }
export function castF64ToBool(a: usize, n: u32, out: usize): u32 { return truth<f64>(a, n, out); }

const microsPerDay: i64 = 86400000000;

export function castDateToTimestamp(a: usize, n: u32, out: usize): u32 {
  const limit = i64.MAX_VALUE / microsPerDay;
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const day = <i64>load<i32>(a + (<usize>i << 2));
    bad |= <u32>(day > limit) | <u32>(day < 0 - limit - 1);
    store<i64>(out + (<usize>i << 3), day * microsPerDay);
  }
  return bad;
}

/** The day of a timestamp, towards the past. Dividing as doubles is off by one at most, and several times faster. */
@inline export function dayOf(micros: i64): i64 {
  const day = <i64>(<f64>micros / <f64>microsPerDay), rest = micros - day * microsPerDay;
  return day - <i64>(rest < 0) + <i64>(rest >= microsPerDay);
}

export function castTimestampToDate(a: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) store<i32>(out + (<usize>i << 2), <i32>dayOf(load<i64>(a + (<usize>i << 3))));
  return 0;
}

/** Decimal as i64 → double, exact when the magnitude is at most 2^53 and divisor = 10^scale at most 10^22; else 1. */
export function decimalToF64(a: usize, n: u32, divisor: f64, out: usize): u32 {
  const limit: i64 = 9007199254740992;
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const v = load<i64>(a + (<usize>i << 3));
    bad |= <u32>(v > limit) | <u32>(v < 0 - limit);
    store<f64>(out + (<usize>i << 3), <f64>v / divisor);
  }
  return bad;
}

/** Double · factor, rounded half away from zero, as i64; 1 when a magnitude reaches `limit` (≤ 2^62). */
export function decimalOfF64(a: usize, n: u32, factor: f64, limit: f64, out: usize): u32 {
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const scaled = load<f64>(a + (<usize>i << 3)) * factor, magnitude = abs(scaled), whole = floor(magnitude);
    const rounded = whole + <f64>(magnitude - whole >= 0.5);
    const fits = rounded < limit;
    bad |= <u32>!fits;
    store<i64>(out + (<usize>i << 3), fits ? <i64>(scaled < 0 ? -rounded : rounded) : 0);
  }
  return bad;
}
