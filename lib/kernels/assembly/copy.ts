// Moves of values by position: gathers through selection vectors. Buffers have ≥ 64 bytes of slack after their end.

/** out[i] = values[selection[i]] for 1-byte values. */
export function gather1(values: usize, selection: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u8>(out + i, load<u8>(values + load<u32>(selection + (i << 2))));
}

/** out[i] = values[selection[i]] for 2-byte values. */
export function gather2(values: usize, selection: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u16>(out + (i << 1), load<u16>(values + (load<u32>(selection + (i << 2)) << 1)));
}

/** out[i] = values[selection[i]] for 4-byte values. */
export function gather4(values: usize, selection: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u32>(out + (i << 2), load<u32>(values + (load<u32>(selection + (i << 2)) << 2)));
}

/** out[i] = values[selection[i]] for 8-byte values. */
export function gather8(values: usize, selection: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u64>(out + (i << 3), load<u64>(values + (load<u32>(selection + (i << 2)) << 3)));
}

/** out[i] = values[selection[i]] for 16-byte values. */
export function gather16(values: usize, selection: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) v128.store(out + (i << 4), v128.load(values + (load<u32>(selection + (i << 2)) << 4)));
}
