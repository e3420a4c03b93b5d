import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ByteSink } from "../../lib/parquet/write/byte-sink.ts";
import { snappyCompress } from "../../lib/parquet/write/snappy-compress.ts";

/** The format description, read literally. */
function decompress(source: Uint8Array): Uint8Array {
  let at = 0;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = source[at++] as number;
    length += (byte & 127) * 2 ** shift;
    if (byte < 128) break;
  }
  const target = new Uint8Array(length);
  let out = 0;
  const little = (count: number) => {
    let value = 0;
    for (let i = 0; i < count; i++) value += (source[at++] as number) * 256 ** i;
    return value;
  };
  while (at < source.length) {
    const tag = source[at++] as number;
    if ((tag & 3) === 0) {
      const coded = tag >> 2;
      const literal = 1 + (coded < 60 ? coded : little(coded - 59));
      assert.ok(at + literal <= source.length, "literal within the source");
      target.set(source.subarray(at, at + literal), out);
      at += literal;
      out += literal;
      continue;
    }
    const short = (tag & 3) === 1;
    const copied = short ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2);
    const offset = short ? ((tag >> 5) << 8) + little(1) : little((tag & 3) === 2 ? 2 : 4);
    assert.ok(offset > 0 && offset <= out, "copy from what is there");
    for (let i = 0; i < copied; i++) target[out + i] = target[out + i - offset] as number;
    out += copied;
  }
  assert.equal(out, length);
  return target;
}

function roundTrip(source: Uint8Array): number {
  const sink = new ByteSink(0);
  snappyCompress(source, sink);
  assert.ok(Buffer.from(decompress(sink.view())).equals(source), `${source.length} bytes`);
  return sink.length;
}

function randomBytes(seed: number, length: number, letters: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes[i] = (state >>> 16) % letters;
  }
  return bytes;
}

describe("snappyCompress", () => {
  it("round-trips every short length and the block boundary", () => {
    for (let length = 0; length < 200; length++) {
      for (const letters of [1, 2, 256]) roundTrip(randomBytes(length, length, letters));
    }
    for (const length of [65535, 65536, 65537, 65550, 131072, 131073]) {
      for (const letters of [1, 3, 256]) roundTrip(randomBytes(length, length, letters));
    }
  });

  it("round-trips repeats at every distance and length", () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = randomBytes(seed, 64, 256);
      const parts: Uint8Array[] = [];
      for (let i = 0; i < 40; i++) {
        const pick = (random[i] as number) + 1;
        parts.push(i % 3 === 0 ? randomBytes(seed * 100 + i, pick * 4, 256) : randomBytes(7, pick, 4 + (i % 5)));
        if (i > 4) parts.push(parts[(random[i + 10] as number) % i] as Uint8Array);
      }
      roundTrip(Buffer.concat(parts));
    }
  });

  it("shrinks what repeats", () => {
    assert.ok(roundTrip(new Uint8Array(100_000)) < 6_000);
    assert.ok(roundTrip(randomBytes(1, 100_000, 256)) < 100_100);
  });
});
