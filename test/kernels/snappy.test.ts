// The snappy kernel against a slow reference: every kind of tag, at random and damaged.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LinearMemory } from "../../lib/kernels/memory.ts";
import { type Random, seeded } from "../parquet/seeded.ts";

const memory = new LinearMemory();
const { kernels } = memory;

interface Stream {
  /** With the length in front. */
  readonly compressed: Uint8Array;
  readonly plain: Uint8Array;
}

/** A stream of random tags: literals of up to `literalMax` bytes, and copies of every form that can be. */
function stream(random: Random, tags: number, literalMax: number): Stream {
  const plain: number[] = [];
  const body: number[] = [];
  for (let i = 0; i < tags; i++) {
    if (plain.length === 0 || random(5) < 2) literal(1 + random(literalMax));
    else copy();
  }
  return { compressed: Uint8Array.from([...varint(plain.length), ...body]), plain: Uint8Array.from(plain) };

  function literal(length: number): void {
    const bytes = length <= 60 ? 0 : length <= 256 ? 1 : 2;
    body.push(bytes === 0 ? (length - 1) << 2 : (59 + bytes) << 2);
    for (let b = 0; b < bytes; b++) body.push(((length - 1) >> (8 * b)) & 255);
    for (let b = 0; b < length; b++) {
      const byte = random(256);
      body.push(byte);
      plain.push(byte);
    }
  }

  function copy(): void {
    const near = random(2) === 0 ? 20 : 70_000;
    const offset = 1 + random(Math.min(plain.length, near));
    const kind = offset < 2048 && random(2) === 0 ? 1 : offset < 65536 && random(8) > 0 ? 2 : 3;
    const length = kind === 1 ? 4 + random(8) : 1 + random(64);
    if (kind === 1) body.push(1 | ((length - 4) << 2) | ((offset >> 8) << 5), offset & 255);
    else {
      body.push(kind | ((length - 1) << 2));
      for (let b = 0; b < (kind === 2 ? 2 : 4); b++) body.push((offset >>> (8 * b)) & 255);
    }
    for (let b = 0; b < length; b++) plain.push(plain[plain.length - offset]!);
  }
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value >>>= 7) bytes.push((value & 127) | 128);
  return [...bytes, value];
}

/** Status and bytes; what lies in front of the output and behind its slack has to stay as it is. */
function decompress(compressed: Uint8Array, length: number): { readonly status: number; readonly bytes: Uint8Array } {
  const source = memory.alloc(compressed.length);
  const room = memory.alloc(length + 128);
  memory.u8.set(compressed, source);
  memory.u8.fill(7, room, room + length + 192);
  const status = kernels.snappyDecompress(source, compressed.length, room + 64, length);
  assert.ok(
    memory.u8.subarray(room, room + 64).every((byte) => byte === 7),
    "the bytes before",
  );
  assert.ok(
    memory.u8.subarray(room + 128 + length, room + 192 + length).every((byte) => byte === 7),
    "the bytes after",
  );
  const bytes = memory.u8.slice(room + 64, room + 64 + length);
  memory.free(source);
  memory.free(room);
  return { status, bytes };
}

test("streams of random tags", () => {
  for (let seed = 0; seed < 400; seed++) {
    const random = seeded(seed);
    const literalMax = [1, 4, 6, 18, 70, 3000][seed % 6]!;
    const { compressed, plain } = stream(random, 1 + random(seed % 7 === 0 ? 3000 : 60), literalMax);
    const { status, bytes } = decompress(compressed, plain.length);
    assert.equal(status, 0, `seed ${seed}`);
    assert.deepEqual(bytes, plain, `seed ${seed}`);
    assert.equal(decompress(compressed, plain.length + 1).status, -1, `seed ${seed}: another length`);
  }
});

test("damaged streams are refused or give other bytes, and nothing is written elsewhere", () => {
  for (let seed = 0; seed < 2000; seed++) {
    const random = seeded(seed + 10_000);
    const { compressed, plain } = stream(random, 1 + random(80), [3, 20, 100][seed % 3]!);
    const damaged = compressed.slice(0, random(3) === 0 ? random(compressed.length) : compressed.length);
    for (let i = random(4); i >= 0 && damaged.length > 0; i--) damaged[random(damaged.length)] = random(256);
    assert.ok([0, -1].includes(decompress(damaged, plain.length).status), `seed ${seed}`);
  }
});
