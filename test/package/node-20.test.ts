/** The bundle's additions for Node 20 do what newer versions of Node have built in. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { additions, addMissing } from "../../bin/node-20.ts";

/** A class with the additions for `target` instead of what it has. */
function added(target: object): Record<string, (...args: unknown[]) => unknown> {
  const bare = Object.create(null);
  addMissing(bare, additions.find(([found]) => found === target)![1]);
  return bare;
}

describe("Set methods", () => {
  const methods = added(Set.prototype);
  const sets = [[], [1], [1, 2], [2, 1, 3], [4]].map((items) => new Set(items));
  for (const name of Object.keys(additions[0]![1]) as (keyof Set<number>)[]) {
    it(String(name), () => {
      for (const a of sets) {
        for (const b of sets) {
          const expected = (a[name] as (other: Set<number>) => unknown)(b);
          assert.deepEqual(methods[String(name)]!.call(a, b), expected);
        }
      }
    });
  }
});

describe("grouping", () => {
  const items = [3, 1, 4, 1, 5];
  it("Map.groupBy", () => {
    assert.deepEqual(
      added(Map).groupBy!(items, (x: number) => x % 2),
      Map.groupBy(items, (x) => x % 2),
    );
  });
  it("Object.groupBy", () => {
    assert.deepEqual(
      added(Object).groupBy!(items, (x: number) => `k${x % 2}`),
      Object.groupBy(items, (x) => `k${x % 2}`),
    );
  });
});

it("String.prototype.toWellFormed", () => {
  for (const text of ["", "a", "🦆", "\ud83e", "\udd86", "x\ud83ey\udd86🦆", "\ud83e\ud83e\udd86"]) {
    assert.equal(added(String.prototype).toWellFormed!.call(text), text.toWellFormed());
  }
});

it("Promise.withResolvers", async () => {
  const made = added(Promise).withResolvers!() as PromiseWithResolvers<number>;
  made.resolve(1);
  assert.equal(await made.promise, 1);
});
