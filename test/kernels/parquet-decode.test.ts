// The decoder's kernels against slow references: every bit width, every conversion, at sizes around the vectors'.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LinearMemory } from "../../lib/kernels/memory.ts";
import { halfFloat } from "../../lib/parquet/statistics.ts";
import { type Random, seeded } from "../parquet/seeded.ts";

const memory = new LinearMemory();
const { kernels } = memory;

function put(bytes: ArrayLike<number>): { from: number; to: number } {
  const from = memory.alloc(bytes.length);
  memory.u8.set(bytes, from);
  return { from, to: from + bytes.length };
}

function varint(value: number | bigint): number[] {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, BigInt(value));
  for (; left >= 128n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  return [...bytes, Number(left)];
}

/** Little-endian bit packing, padded to whole bytes. */
function pack(values: readonly bigint[], width: number): number[] {
  let bits = 0n;
  for (const [i, value] of values.entries()) bits |= value << BigInt(i * width);
  const bytes = Math.ceil((values.length * width) / 8);
  return Array.from({ length: bytes }, (_, i) => Number((bits >> BigInt(i * 8)) & 255n));
}

/** Runs and bit-packed groups of random lengths. */
function hybrid(values: readonly number[], width: number, random: Random): number[] {
  const bytes: number[] = [];
  for (let at = 0; at < values.length; ) {
    let run = 1;
    while (at + run < values.length && values[at + run] === values[at]) run++;
    if (run > 3 && random(2) === 0) {
      bytes.push(...varint(run << 1), ...pack([BigInt(values[at]!)], Math.ceil(width / 8) * 8));
      at += run;
    } else {
      const groups = 1 + random(5);
      const part = Array.from({ length: groups * 8 }, (_, i) => BigInt(values[at + i] ?? 0));
      bytes.push(...varint((groups << 1) | 1), ...pack(part, width));
      at += groups * 8;
    }
  }
  return bytes;
}

function readCodes(ptr: number, count: number, size: number): number[] {
  const { view } = memory;
  return Array.from({ length: count }, (_, i) => {
    if (size === 1) return view.getUint8(ptr + i);
    return size === 2 ? view.getUint16(ptr + i * 2, true) : view.getUint32(ptr + i * 4, true);
  });
}

test("rleCodes: every width into every code size", () => {
  for (let width = 0; width <= 32; width++) {
    for (const size of [1, 2, 4]) {
      const random = seeded(width * 8 + size);
      const limit = Math.min(2 ** width, 2 ** (8 * size) - 1, 2 ** 31);
      for (const count of [1, 7, 8, 9, 100, 1000]) {
        const values: number[] = [];
        while (values.length < count) {
          const value = random(limit);
          const repeats = random(3) === 0 ? 1 + random(40) : 1;
          for (let i = 0; i < repeats && values.length < count; i++) values.push(value);
        }
        const { from, to } = put(hybrid(values, width, random));
        const out = memory.alloc(count * size);
        const name = `width ${width}, ${size} bytes, ${count} values`;
        assert.equal(kernels.rleCodes(from, to, width, count, limit, size, out), 0, name);
        assert.deepEqual(readCodes(out, count, size), values, name);
        const greatest = Math.max(...values);
        if (greatest > 0)
          assert.equal(kernels.rleCodes(from, to, width, count, greatest, size, out), -1, `${name}: limit`);
        assert.equal(kernels.rleCodes(from, to - 1, width, count, limit, size, out) <= 0, true, "truncated");
        memory.free(from);
        memory.free(out);
      }
    }
  }
  assert.equal(kernels.rleCodes(64, 64, 4, 1, 16, 1, 64), -1, "nothing to read");
  assert.equal(kernels.rleCodes(64, 80, 33, 1, 16, 1, 64), -1, "too wide");
});

/** DELTA_BINARY_PACKED with blocks of 128 in 4 miniblocks. */
function delta(values: readonly bigint[]): number[] {
  const zigzag = (value: bigint) => varint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
  const bytes = [...varint(128), ...varint(4), ...varint(values.length), ...zigzag(values[0] ?? 0n)];
  const deltas = values.slice(1).map((value, i) => BigInt.asIntN(64, value - values[i]!));
  for (let at = 0; at < deltas.length; at += 128) {
    const block = deltas.slice(at, at + 128);
    const least = block.toSorted((a, b) => (a < b ? -1 : 1))[0]!;
    const over = block.map((value) => BigInt.asUintN(64, value - least));
    const minis = [0, 1, 2, 3].map((i) => over.slice(i * 32, i * 32 + 32));
    const widths = minis.map((mini) => mini.reduce((most, value) => Math.max(most, value.toString(2).length), 0));
    bytes.push(...zigzag(least), ...widths);
    for (const [i, mini] of minis.entries()) {
      if (mini.length > 0) bytes.push(...pack([...mini, ...Array(32 - mini.length).fill(0n)], widths[i]!));
    }
  }
  return bytes;
}

test("deltaIntegers: widths up to 64 bits, wrapping", () => {
  for (let bits = 1; bits <= 64; bits++) {
    const random = seeded(bits);
    for (const count of [0, 1, 2, 33, 128, 129, 300]) {
      const values = Array.from({ length: count }, () => {
        const value = (BigInt(random(2 ** 32)) << 32n) | BigInt(random(2 ** 32));
        return BigInt.asIntN(64, BigInt.asIntN(bits, value));
      });
      const bytes = delta(values);
      const { from, to } = put(bytes);
      const out = memory.alloc(count * 8);
      assert.equal(kernels.deltaIntegers(from, to, count, 8, out), bytes.length, `${bits} bits, ${count} values`);
      assert.deepEqual([...memory.i64.subarray(out / 8, out / 8 + count)], values, `${bits} bits, ${count} values`);
      if (bits <= 32) {
        assert.ok(kernels.deltaIntegers(from, to, count, 4, out) >= 0);
        assert.deepEqual([...memory.i32.subarray(out / 4, out / 4 + count)], values.map(Number));
      }
      assert.equal(kernels.deltaIntegers(from, to, count + 1, 8, out), -1, "another count than stored");
      memory.free(from);
      memory.free(out);
    }
  }
});

test("rleBits and expandBits", () => {
  const random = seeded(5);
  for (const count of [1, 7, 8, 15, 16, 17, 100, 1000]) {
    const values = Array.from({ length: count }, (_, i) => (i > 50 && i < 90 ? 1 : random(2)));
    const { from, to } = put(hybrid(values, 1, random));
    const out = memory.alloc(count);
    assert.equal(kernels.rleBits(from, to, count, out), values.filter(Boolean).length);
    assert.deepEqual([...memory.u8.subarray(out, out + count)], values);
    const packed = put(pack(values.map(BigInt), 1));
    kernels.expandBits(packed.from, count, out);
    assert.deepEqual([...memory.u8.subarray(out, out + count)], values);
  }
  assert.equal(kernels.rleBits(put([2 << 1, 2]).from, 1 << 20, 2, memory.alloc(2)), -1, "a level above 1");
});

test("big-endian decimals of any length", () => {
  const random = seeded(9);
  for (let length = 1; length <= 20; length++) {
    for (const outBytes of [8, 16]) {
      const bits = Math.min(length, outBytes) * 8;
      const values = Array.from({ length: 50 }, (_, i) => {
        if (i < 4) return [0n, -1n, (1n << BigInt(bits - 1)) - 1n, -(1n << BigInt(bits - 1))][i]!;
        let value = 0n;
        for (let k = 0; k < 4; k++) value = (value << 32n) | BigInt(random(2 ** 32));
        return BigInt.asIntN(bits, value >> BigInt(random(bits)));
      });
      const bytes = values.flatMap((value) => {
        const hex = BigInt.asUintN(length * 8, value)
          .toString(16)
          .padStart(length * 2, "0");
        return [...Buffer.from(hex, "hex")];
      });
      const { from } = put(bytes);
      const out = memory.alloc(50 * outBytes);
      assert.equal(kernels.bigEndianFixed(from, length, 50, outBytes, out), 0);
      const words = memory.i64.subarray(out / 8, out / 8 + (50 * outBytes) / 8);
      const read = values.map((_, i) =>
        outBytes === 8 ? words[i]! : (words[i * 2 + 1]! << 64n) | BigInt.asUintN(64, words[i * 2]!),
      );
      assert.deepEqual(read, values, `${length} bytes into ${outBytes}`);
      if (length > outBytes) {
        const tooLarge = put([1, ...Array(length - 1).fill(0)]);
        assert.equal(kernels.bigEndianFixed(tooLarge.from, length, 1, outBytes, out), -1, "does not fit");
      }
    }
  }
});

test("halfToSingle: all 65,536 values", () => {
  const halves = put(new Uint8Array(Uint16Array.from({ length: 65_536 }, (_, i) => i).buffer));
  const out = memory.alloc(65_536 * 4);
  kernels.halfToSingle(halves.from, 65_536, out);
  for (let i = 0; i < 65_536; i++) assert.ok(Object.is(memory.f32[out / 4 + i], halfFloat(i)), `${i}`);
});

test("timestamps", () => {
  const values = [0n, 1n, -1n, 999n, 1000n, -999n, -1000n, -1001n, 2n ** 63n - 1n, -(2n ** 63n)];
  const source = put(new Uint8Array(BigInt64Array.from(values).buffer));
  const out = memory.alloc(values.length * 8);
  const read = (count = values.length) => [...memory.i64.subarray(out / 8, out / 8 + count)];
  kernels.nanosToMicros(source.from, values.length, out);
  const floor = (value: bigint) => (value - (((value % 1000n) + 1000n) % 1000n)) / 1000n;
  assert.deepEqual(read(), values.map(floor));
  assert.equal(kernels.millisToMicros(source.from, 8, out), 0);
  assert.deepEqual(
    read(8),
    values.slice(0, 8).map((value) => value * 1000n),
  );
  assert.equal(kernels.millisToMicros(source.from, 9, out), -1, "overflow");
  const int96 = Buffer.alloc(36);
  int96.writeBigInt64LE(3_600_000_000_123n, 0); // one hour and 123 ns
  int96.writeInt32LE(2_440_588, 8); // 1970-01-01
  int96.writeBigInt64LE(0n, 12);
  int96.writeInt32LE(2_440_587, 20);
  int96.writeBigInt64LE(0n, 24);
  int96.writeInt32LE(2 ** 31 - 1, 32);
  const old = put(int96);
  assert.equal(kernels.int96ToMicros(old.from, 2, out), 0);
  assert.deepEqual(read(2), [3_600_000_000n, -86_400_000_000n]);
  assert.equal(kernels.int96ToMicros(old.from, 3, out), -1, "out of range");
});

test("spread: present values over rows of every width", () => {
  const random = seeded(3);
  for (const width of [1, 2, 4, 8, 16]) {
    const rows = 100;
    const valid = Array.from({ length: rows }, () => random(2));
    const dense = Array.from({ length: rows * width }, () => random(256));
    const [values, validity] = [put(dense), put(valid)];
    const out = memory.alloc(rows * width);
    const spread = {
      1: kernels.spread1,
      2: kernels.spread2,
      4: kernels.spread4,
      8: kernels.spread8,
      16: kernels.spread16,
    };
    spread[width as 1](values.from, validity.from, rows, out);
    let next = 0;
    const expected = valid.flatMap((present) => {
      if (!present) return Array(width).fill(0);
      next += width;
      return dense.slice(next - width, next);
    });
    assert.deepEqual([...memory.u8.subarray(out, out + rows * width)], expected, `${width} bytes`);
  }
});
