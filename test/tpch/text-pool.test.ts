import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StringBuilder } from "../../lib/tpch/column-builders.ts";
import { textCheckpoints, textSlices } from "../../lib/tpch/text-checkpoints.ts";
import { addText, textBytes, textPool, textPoolBytes } from "../../lib/tpch/text-pool.ts";
import { writeText } from "../../lib/tpch/write-text.ts";

describe("text pool", () => {
  const pool = textPool(new SharedArrayBuffer(textPoolBytes));

  it("meets every checkpoint when it is written from the start", () => {
    const reached = textSlices.map(({ from, end }) => writeText(pool, from, end));
    assert.deepEqual(reached, textCheckpoints.slice(1));
    assert.ok((textCheckpoints.at(-1)?.bytes ?? 0) > textBytes);
    assert.ok((textCheckpoints.at(-2)?.bytes ?? 0) < textBytes);
  });

  it("gives any slice of the prose", () => {
    const read = (offset: number, length: number): string => {
      const target = new StringBuilder(1, length);
      addText(pool, { offsets: Int32Array.of(offset), lengths: Int32Array.of(length), count: 1 }, target);
      return new TextDecoder().decode(target.values().bytes);
    };
    const start =
      "furiously special foxes haggle furiously blithely ironic deposits. " +
      "slyly final theodolites boost slyly even asymptotes. carefully final foxes wake furiously";
    assert.equal(read(0, start.length), start);
    for (let offset = 0; offset < 60; offset++) {
      for (const length of [0, 1, 9, 60]) assert.equal(read(offset, length), start.slice(offset, offset + length));
    }
    // Slices that overlap across the blocks of the index agree.
    for (const around of [256, 512, 65536, 19660810, 157286442, textBytes - 230]) {
      const whole = read(around - 100, 230);
      for (let skip = 0; skip < 200; skip += 7)
        assert.equal(read(around - 100 + skip, 30), whole.slice(skip, skip + 30));
    }
  });
});
