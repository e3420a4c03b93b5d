// Putting rows in order of their key's number, and spreading them over partitions.

/** Counting sort: rows of partition p are order[offsets[p] … offsets[p + 1]). offsets: count + 1 u32; ends: scratch of count. */
export function orderByNumber(numbers: usize, n: u32, count: u32, offsets: usize, ends: usize, order: usize): void {
  memory.fill(offsets, 0, (<usize>count + 1) << 2);
  for (let i: u32 = 0; i < n; i++) {
    const p = offsets + 4 + (<usize>load<u32>(numbers + (<usize>i << 2)) << 2);
    store<u32>(p, load<u32>(p) + 1);
  }
  let sum: u32 = 0;
  for (let g: u32 = 0; g < count; g++) {
    store<u32>(ends + (<usize>g << 2), sum);
    sum += load<u32>(offsets + (<usize>g << 2), 4);
    store<u32>(offsets + (<usize>g << 2), sum, 4);
  }
  for (let i: u32 = 0; i < n; i++) {
    const p = ends + (<usize>load<u32>(numbers + (<usize>i << 2)) << 2);
    const to = load<u32>(p);
    store<u32>(p, to + 1);
    store<u32>(order + (<usize>to << 2), i);
  }
}

/** In place, every `stride` bytes: word i becomes word rows[i] (rows ascending). */
export function compactWords(words: usize, stride: u32, rows: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) store<u64>(words + i * stride, load<u64>(words + load<u32>(rows + (i << 2)) * stride));
}

/** hashes[i] becomes a partition below `count`; each level draws anew from the bits of the hash that `mask` keeps. */
export function spreadOver(hashes: usize, n: u32, level: u32, count: u32, mask: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const h = load<u32>(hashes + (i << 2)) & mask;
    const drawn = (h ^ (level * 0x632be59b)) * 0x9e3779b1;
    store<u32>(hashes + (i << 2), (((drawn ^ (drawn >> 15)) * 0x2c1b3c6d) >> 16) % count);
  }
}
