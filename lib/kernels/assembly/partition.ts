// Which partition a row goes to: hashes of its keys that agree in every task, and rows grouped by partition.
// Equal values hash alike whatever their width or encoding: integers and dates by their 64-bit value, wide decimals that
// fit in 64 bits like narrow ones, -0 like 0, every NaN alike, NULLs alike. hashes[i] = mix(value, hashes[i]).

// Not the multiplier of the hash tables: rows that share a partition must not share a corner of a table.
const m1: u64 = 0xbf58476d1ce4e5b9;
const m2: u64 = 0x94d049bb133111eb;
const nullHash: u64 = 0x7b1c5a3e9d2f4068;
const dayMicros: i64 = 86400000000;

// @ts-ignore: decorator
@inline
function mix(value: u64, seed: u32): u32 {
  let x = value ^ (<u64>seed * 0x9e3779b97f4a7c15);
  x ^= x >> 30;
  x *= m1;
  x ^= x >> 27;
  x *= m2;
  return <u32>(x >> 32);
}

// @ts-ignore: decorator
@inline
function present(validity: usize, i: u32): bool {
  return validity == 0 || load<u8>(validity + i) != 0;
}

// @ts-ignore: decorator
@inline
function hashIntegers<T>(values: usize, validity: usize, n: u32, hashes: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const h = hashes + (i << 2);
    const v = present(validity, i) ? <u64>(<i64>load<T>(values + i * sizeof<T>())) : nullHash;
    store<u32>(h, mix(v, load<u32>(h)));
  }
}

export function hashRows1(values: usize, validity: usize, n: u32, hashes: usize): void { hashIntegers<i8>(values, validity, n, hashes); }
export function hashRows2(values: usize, validity: usize, n: u32, hashes: usize): void { hashIntegers<i16>(values, validity, n, hashes); }
export function hashRows4(values: usize, validity: usize, n: u32, hashes: usize): void { hashIntegers<i32>(values, validity, n, hashes); }
export function hashRows8(values: usize, validity: usize, n: u32, hashes: usize): void { hashIntegers<i64>(values, validity, n, hashes); }

export function hashRows16(values: usize, validity: usize, n: u32, hashes: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const h = hashes + (i << 2);
    let seed = load<u32>(h);
    const low = load<i64>(values + (i << 4));
    const high = load<i64>(values + (i << 4), 8);
    const here = present(validity, i);
    if (here && high != low >> 63) seed = mix(<u64>high, seed);
    store<u32>(h, mix(here ? <u64>low : nullHash, seed));
  }
}

export function hashRowsF32(values: usize, validity: usize, n: u32, hashes: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const h = hashes + (i << 2);
    store<u32>(h, mix(present(validity, i) ? floatBits(<f64>load<f32>(values + (i << 2))) : nullHash, load<u32>(h)));
  }
}

export function hashRowsF64(values: usize, validity: usize, n: u32, hashes: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const h = hashes + (i << 2);
    store<u32>(h, mix(present(validity, i) ? floatBits(load<f64>(values + (i << 3))) : nullHash, load<u32>(h)));
  }
}

// @ts-ignore: decorator
@inline
function floatBits(value: f64): u64 {
  return value != value ? 0x7ff8000000000000 : reinterpret<u64>(value + 0.0);
}

/** Intervals are equal when their lengths are, a month being 30 days: so are their hashes. */
export function hashRowsInterval(values: usize, validity: usize, n: u32, hashes: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const h = hashes + (i << 2);
    const p = values + (i << 4);
    const days = <i64>load<i32>(p) * 30 + <i64>load<i32>(p, 4);
    const micros = days * dayMicros + load<i64>(p, 8);
    store<u32>(h, mix(present(validity, i) ? <u64>micros : nullHash, load<u32>(h)));
  }
}

export function hashRowsView(values: usize, validity: usize, n: u32, hashes: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const h = hashes + (i << 2);
    let x = nullHash;
    if (present(validity, i)) {
      let p = <usize>load<u32>(values + (i << 3));
      let length = load<u32>(values + (i << 3), 4);
      x = <u64>length * m2;
      while (length >= 8) {
        x = (x ^ load<u64>(p)) * m1;
        x ^= x >> 29;
        p += 8;
        length -= 8;
      }
      if (length) x = (x ^ (load<u64>(p) & ((<u64>1 << (length << 3)) - 1))) * m1;
    }
    store<u32>(h, mix(x, load<u32>(h)));
  }
}

/** Hashes in place → partition numbers; only the top `bits` bits of a hash count. */
export function hashesToPartitions(hashes: usize, n: u32, bits: u32, partitions: u32): void {
  const mask: u32 = bits == 0 ? 0 : <u32>0xffffffff << (32 - bits);
  for (let i: u32 = 0; i < n; i++) {
    const h = load<u32>(hashes + (i << 2)) & mask;
    store<u32>(hashes + (i << 2), <u32>((<u64>h * <u64>partitions) >> 32));
  }
}

/** Partition numbers that take turns, from `start`. */
export function roundRobin(n: u32, start: u32, partitions: u32, out: usize): void {
  let p = start % partitions;
  for (let i: u32 = 0; i < n; i++) {
    store<u32>(out + (i << 2), p);
    if (++p == partitions) p = 0;
  }
}

/**
 * Groups rows by partition, keeping their order: rows of partition p are rows[starts[p] .. starts[p + 1]].
 * starts has room for partitions + 2 numbers.
 */
export function groupByPartition(ids: usize, n: u32, partitions: u32, starts: usize, rows: usize): void {
  memory.fill(starts, 0, (partitions + 2) << 2);
  // Counts go two places up, so that the running sums below end where each partition starts.
  const counts = starts + 8;
  for (let i: u32 = 0; i < n; i++) {
    const c = counts + (load<u32>(ids + (i << 2)) << 2);
    store<u32>(c, load<u32>(c) + 1);
  }
  for (let p: u32 = 1; p < partitions; p++) {
    const c = counts + (p << 2);
    store<u32>(c, load<u32>(c) + load<u32>(c - 4));
  }
  const next = starts + 4;
  for (let i: u32 = 0; i < n; i++) {
    const s = next + (load<u32>(ids + (i << 2)) << 2);
    const at = load<u32>(s);
    store<u32>(rows + (at << 2), i);
    store<u32>(s, at + 1);
  }
}
