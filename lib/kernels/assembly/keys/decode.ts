// Words become columns again: the key columns of an aggregation's answer.

/** out[i] = base + code − nullable as `size` bytes (1, 2, 4 or 8); present[i] = code ≠ 0 when nullable. Returns the NULLs. */
export function decodeInts(words: usize, stride: u32, n: u32, shift: u32, bits: u32, range: usize, nullable: u32, size: u32, out: usize, present: usize): u32 {
  const base = load<i64>(range);
  const mask: u64 = bits == 64 ? ~0 : (<u64>1 << bits) - 1;
  let nulls: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const code = (load<u64>(words) >> shift) & mask;
    words += stride;
    const value = <i64>(code - nullable) + base;
    if (nullable) {
      const absent = <u32>(code == 0);
      nulls += absent;
      store<u8>(present + i, <u8>(absent ^ 1));
    }
    if (size == 8) store<i64>(out + (i << 3), value);
    else if (size == 4) store<i32>(out + (i << 2), <i32>value);
    else if (size == 2) store<i16>(out + (i << 1), <i16>value);
    else store<i8>(out + i, <i8>value);
  }
  return nulls;
}

/** present[i] = !bit of the word. Returns the NULLs. */
export function decodeNull(words: usize, stride: u32, n: u32, shift: u32, present: usize): u32 {
  let nulls: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const absent = <u32>((load<u64>(words) >> shift) & 1);
    nulls += absent;
    store<u8>(present + i, <u8>(absent ^ 1));
    words += stride;
  }
  return nulls;
}

/** Two words → 16 bytes. */
export function decodeI128(words: usize, stride: u32, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    store<u64>(out + (i << 4), load<u64>(words));
    store<u64>(out + (i << 4), load<u64>(words, 8), 8);
    words += stride;
  }
}

/** Views by id: out[i] = entries[ids[i]]; present[i] = id ≠ 0. Returns the NULLs. */
export function viewsOfIds(ids: usize, n: u32, entries: usize, out: usize, present: usize): u32 {
  let nulls: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const id = load<u32>(ids + (i << 2));
    store<u64>(out + (i << 3), load<u64>(entries + (id << 3)));
    store<u8>(present + i, <u8>(id != 0));
    nulls += <u32>(id == 0);
  }
  return nulls;
}
