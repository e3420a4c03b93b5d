import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RandomStream } from "../../lib/tpch/random-stream.ts";

/** The definition, in exact arithmetic. */
function* draws(seed: number): Generator<number> {
  for (let state = BigInt(seed); ; ) {
    state = (state * 16807n) % 2147483647n;
    yield Number(state);
  }
}

describe("RandomStream", () => {
  it("draws the minimal standard sequence", () => {
    const expected = draws(1);
    const stream = new RandomStream(1, 10_000);
    for (let i = 0; i < 10_000; i++) {
      const seed = expected.next().value as number;
      assert.equal(stream.next(5, 1_000_000), 5 + Math.trunc((seed / 2147483647) * 999_996));
    }
    // Park and Miller's check: the 10,000th state from seed 1.
    const check = draws(1);
    let state = 0;
    for (let i = 0; i < 10_000; i++) state = check.next().value as number;
    assert.equal(state, 1043618065);
  });

  it("consumes a fixed number of draws a row", () => {
    for (const drawsPerRow of [1, 2, 7, 92]) {
      const expected = draws(1234567);
      const stream = new RandomStream(1234567, drawsPerRow);
      for (let row = 0; row < 200; row++) {
        const used = row % (drawsPerRow + 1);
        const states = Array.from({ length: drawsPerRow }, () => expected.next().value as number);
        for (let i = 0; i < used; i++) {
          assert.equal(stream.next(0, 2147483645), Math.trunc(((states[i] as number) / 2147483647) * 2147483646));
        }
        stream.endRow();
      }
    }
  });

  it("skips rows as if they had been drawn, near and far", () => {
    for (const rows of [0, 1, 2, 3, 1000, 99_991]) {
      const walked = new RandomStream(46831694, 3);
      for (let row = 0; row < rows; row++) walked.endRow();
      const skipped = new RandomStream(46831694, 3);
      skipped.skipRows(rows);
      assert.equal(skipped.next(0, 2147483645), walked.next(0, 2147483645));
    }
    // The period is 2^31 − 2, so a jump far beyond 2^31 draws has a near equivalent.
    const far = new RandomStream(20050411);
    far.skipRows(9_000_000_000);
    const near = new RandomStream(20050411);
    near.skipRows(9_000_000_000 % 2147483646);
    assert.equal(far.next(0, 2147483645), near.next(0, 2147483645));
  });
});
