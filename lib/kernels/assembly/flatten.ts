// Making vectors flat: dictionary codes to values, constants to rows, selections with missing rows, widening.

@inline function lookup<C, V>(values: usize, codes: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    store<V>(out + i * sizeof<V>(), load<V>(values + <usize>load<C>(codes + i * sizeof<C>()) * sizeof<V>()));
  }
}

@inline function lookup128<C>(values: usize, codes: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) v128.store(out + (i << 4), v128.load(values + (<usize>load<C>(codes + i * sizeof<C>()) << 4)));
}

/** out[i] = values[codes[i]]; the name gives the bytes of a code, then of a value. Four-byte codes are a plain gather. */
export function lookup1x1(values: usize, codes: usize, n: u32, out: usize): void { lookup<u8, u8>(values, codes, n, out); }
export function lookup1x2(values: usize, codes: usize, n: u32, out: usize): void { lookup<u8, u16>(values, codes, n, out); }
export function lookup1x4(values: usize, codes: usize, n: u32, out: usize): void { lookup<u8, u32>(values, codes, n, out); }
export function lookup1x8(values: usize, codes: usize, n: u32, out: usize): void { lookup<u8, u64>(values, codes, n, out); }
export function lookup1x16(values: usize, codes: usize, n: u32, out: usize): void { lookup128<u8>(values, codes, n, out); }
export function lookup2x1(values: usize, codes: usize, n: u32, out: usize): void { lookup<u16, u8>(values, codes, n, out); }
export function lookup2x2(values: usize, codes: usize, n: u32, out: usize): void { lookup<u16, u16>(values, codes, n, out); }
export function lookup2x4(values: usize, codes: usize, n: u32, out: usize): void { lookup<u16, u32>(values, codes, n, out); }
export function lookup2x8(values: usize, codes: usize, n: u32, out: usize): void { lookup<u16, u64>(values, codes, n, out); }
export function lookup2x16(values: usize, codes: usize, n: u32, out: usize): void { lookup128<u16>(values, codes, n, out); }

@inline function lookupSelected<C, V>(values: usize, codes: usize, selection: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const code = <usize>load<C>(codes + <usize>load<u32>(selection + (i << 2)) * sizeof<C>());
    store<V>(out + i * sizeof<V>(), load<V>(values + code * sizeof<V>()));
  }
}

@inline function lookupSelected128<C>(values: usize, codes: usize, selection: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const code = <usize>load<C>(codes + <usize>load<u32>(selection + (i << 2)) * sizeof<C>());
    v128.store(out + (i << 4), v128.load(values + (code << 4)));
  }
}

/** out[i] = values[codes[selection[i]]]; the name gives the bytes of a code, then of a value. */
export function lookupSelected1x1(values: usize, codes: usize, selection: usize, n: u32, out: usize): void { lookupSelected<u8, u8>(values, codes, selection, n, out); }
export function lookupSelected1x2(values: usize, codes: usize, selection: usize, n: u32, out: usize): void { lookupSelected<u8, u16>(values, codes, selection, n, out); }
export function lookupSelected1x4(values: usize, codes: usize, selection: usize, n: u32, out: usize): void { lookupSelected<u8, u32>(values, codes, selection, n, out); }
export function lookupSelected1x8(values: usize, codes: usize, selection: usize, n: u32, out: usize): void { lookupSelected<u8, u64>(values, codes, selection, n, out); }
export function lookupSelected1x16(values: usize, codes: usize, selection: usize, n: u32, out: usize): void { lookupSelected128<u8>(values, codes, selection, n, out); }
export function lookupSelected2x1(values: usize, codes: usize, selection: usize, n: u32, out: usize): void { lookupSelected<u16, u8>(values, codes, selection, n, out); }
export function lookupSelected2x2(values: usize, codes: usize, selection: usize, n: u32, out: usize): void { lookupSelected<u16, u16>(values, codes, selection, n, out); }
export function lookupSelected2x4(values: usize, codes: usize, selection: usize, n: u32, out: usize): void { lookupSelected<u16, u32>(values, codes, selection, n, out); }
export function lookupSelected2x8(values: usize, codes: usize, selection: usize, n: u32, out: usize): void { lookupSelected<u16, u64>(values, codes, selection, n, out); }
export function lookupSelected2x16(values: usize, codes: usize, selection: usize, n: u32, out: usize): void { lookupSelected128<u16>(values, codes, selection, n, out); }
export function lookupSelected4x1(values: usize, codes: usize, selection: usize, n: u32, out: usize): void { lookupSelected<u32, u8>(values, codes, selection, n, out); }
export function lookupSelected4x2(values: usize, codes: usize, selection: usize, n: u32, out: usize): void { lookupSelected<u32, u16>(values, codes, selection, n, out); }
export function lookupSelected4x4(values: usize, codes: usize, selection: usize, n: u32, out: usize): void { lookupSelected<u32, u32>(values, codes, selection, n, out); }
export function lookupSelected4x8(values: usize, codes: usize, selection: usize, n: u32, out: usize): void { lookupSelected<u32, u64>(values, codes, selection, n, out); }
export function lookupSelected4x16(values: usize, codes: usize, selection: usize, n: u32, out: usize): void { lookupSelected128<u32>(values, codes, selection, n, out); }

/** out[i] = 1 where row i is present (its selection is not 0xffffffff). */
export function outerValidity(selection: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u8>(out + i, <u8>(load<u32>(selection + (i << 2)) != 0xffffffff));
}

@inline function gatherOuter<V>(values: usize, selection: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const s = load<u32>(selection + (i << 2));
    let v: V = 0;
    if (s != 0xffffffff) v = load<V>(values + <usize>s * sizeof<V>());
    store<V>(out + i * sizeof<V>(), v);
  }
}

/** Like gatherN, with zero bytes at missing rows. */
export function gatherOuter1(values: usize, selection: usize, n: u32, out: usize): void { gatherOuter<u8>(values, selection, n, out); }
export function gatherOuter2(values: usize, selection: usize, n: u32, out: usize): void { gatherOuter<u16>(values, selection, n, out); }
export function gatherOuter4(values: usize, selection: usize, n: u32, out: usize): void { gatherOuter<u32>(values, selection, n, out); }
export function gatherOuter8(values: usize, selection: usize, n: u32, out: usize): void { gatherOuter<u64>(values, selection, n, out); }
export function gatherOuter16(values: usize, selection: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const s = load<u32>(selection + (i << 2));
    let v = i64x2.splat(0);
    if (s != 0xffffffff) v = v128.load(values + (<usize>s << 4));
    v128.store(out + (i << 4), v);
  }
}

/** Repeats the value at `value` n times. */
export function repeat1(value: usize, n: u32, out: usize): void { memory.fill(out, load<u8>(value), n); }
export function repeat2(value: usize, n: u32, out: usize): void {
  const v = i16x8.splat(load<i16>(value));
  for (let i: u32 = 0; i < n; i += 8) v128.store(out + (i << 1), v);
}
export function repeat4(value: usize, n: u32, out: usize): void {
  const v = i32x4.splat(load<i32>(value));
  for (let i: u32 = 0; i < n; i += 4) v128.store(out + (i << 2), v);
}
export function repeat8(value: usize, n: u32, out: usize): void {
  const v = i64x2.splat(load<i64>(value));
  for (let i: u32 = 0; i < n; i += 2) v128.store(out + (i << 3), v);
}
export function repeat16(value: usize, n: u32, out: usize): void {
  const v = v128.load(value);
  for (let i: u32 = 0; i < n; i++) v128.store(out + (i << 4), v);
}

/** i64 → i128. */
export function widen8to16(values: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const v = load<i64>(values + (i << 3));
    store<i64>(out + (i << 4), v);
    store<i64>(out + (i << 4), v >> 63, 8);
  }
}
