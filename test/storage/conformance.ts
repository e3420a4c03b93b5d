/** What every object store must do; each adapter's test runs it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { QueryError } from "../../lib/errors.ts";
import type { ObjectStore } from "../../lib/storage/object-store.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const fails = (code: string) => (error: unknown) => error instanceof QueryError && error.code === code;

/** `key(name)` turns a relative name into a key of the store. */
export function objectStoreConformance(name: string, make: () => Promise<ObjectStore>, key = (text: string) => text) {
  const keysUnder = async (store: ObjectStore, prefix: string) => {
    const keys = [];
    for await (const info of store.list(key(prefix))) keys.push(info.key);
    return keys;
  };

  describe(name, () => {
    it("gives back what was put, whole and by range", async () => {
      const store = await make();
      const info = await store.put(key("a/b.bin"), bytesOf("0123456789"));
      assert.equal(info.bytes, 10);
      assert.equal(info.key, key("a/b.bin"));
      assert.equal(textOf(await store.get(key("a/b.bin"))), "0123456789");
      const range = async (from: number, to?: number) =>
        textOf(await store.get(key("a/b.bin"), { range: to === undefined ? { from } : { from, to } }));
      assert.equal(await range(2, 5), "234");
      assert.equal(await range(7), "789");
      assert.equal(await range(-3), "789");
      assert.equal(await range(-30), "0123456789");
      assert.equal(await range(4, 4), "");
      await assert.rejects(range(5, 11), fails("corrupt_file"));
      await assert.rejects(range(11, 12), fails("corrupt_file"));
    });

    it("joins parts, and keeps empty objects", async () => {
      const store = await make();
      await store.put(key("parts"), [bytesOf("ab"), bytesOf(""), bytesOf("cd")]);
      await store.put(key("empty"), []);
      const later = async function* () {
        yield bytesOf("one ");
        yield bytesOf("by one");
      };
      await store.put(key("streamed"), later());
      assert.equal(textOf(await store.get(key("streamed"))), "one by one");
      assert.equal(textOf(await store.get(key("parts"))), "abcd");
      assert.equal((await store.get(key("empty"))).length, 0);
      assert.equal((await store.head(key("empty")))?.bytes, 0);
    });

    it("copies what it is given and what it gives", async () => {
      const store = await make();
      const bytes = bytesOf("abc");
      await store.put(key("copy"), bytes);
      bytes[0] = 0;
      const read = await store.get(key("copy"));
      assert.equal(textOf(read), "abc");
      read[1] = 0;
      assert.equal(textOf(await store.get(key("copy"))), "abc");
    });

    it("says not_found", async () => {
      const store = await make();
      await store.put(key("folder/x"), bytesOf("x"));
      assert.equal(await store.head(key("none")), undefined);
      assert.equal(await store.head(key("folder")), undefined);
      await assert.rejects(store.get(key("none")), fails("not_found"));
      await assert.rejects(store.get(key("folder")), fails("not_found"));
      await assert.rejects(store.get(key("folder/x/y")), fails("not_found"));
      assert.deepEqual(await keysUnder(store, "none/"), []);
    });

    it("replaces, unless asked not to", async () => {
      const store = await make();
      const first = await store.put(key("k"), bytesOf("one"), { ifAbsent: true });
      await assert.rejects(store.put(key("k"), bytesOf("two"), { ifAbsent: true }), fails("duplicate"));
      assert.equal(textOf(await store.get(key("k"))), "one");
      const second = await store.put(key("k"), bytesOf("three"));
      assert.notEqual(second.etag, first.etag);
      assert.equal(textOf(await store.get(key("k"))), "three");
    });

    it("lets only one of many concurrent conditional puts win", async () => {
      const store = await make();
      const puts = Array.from({ length: 8 }, (_, i) => store.put(key("race/x"), bytesOf(`${i}`), { ifAbsent: true }));
      const won = (await Promise.allSettled(puts)).map((result) => result.status === "fulfilled");
      assert.equal(won.filter(Boolean).length, 1);
      assert.equal(textOf(await store.get(key("race/x"))), `${won.indexOf(true)}`);
      assert.deepEqual(await keysUnder(store, "race/"), [key("race/x")]);
    });

    it("pins a version", async () => {
      const store = await make();
      const { etag } = await store.put(key("pin"), bytesOf("version one"));
      assert.equal((await store.head(key("pin")))?.etag, etag);
      assert.equal(textOf(await store.get(key("pin"), { etag })), "version one");
      await store.put(key("pin"), bytesOf("version 2!!"));
      await assert.rejects(store.get(key("pin"), { etag }), fails("corrupt_file"));
    });

    it("lists and deletes by prefix, in key order", async () => {
      const store = await make();
      const names = ["q/1/s0/t0", "q/1/s0/t1", "q/1/s0.g1/t0", "q/1/s10/t0", "q/10/s0/t0", "q/2/é", "r"];
      for (const each of names) await store.put(key(each), bytesOf(each));
      assert.deepEqual(
        await keysUnder(store, "q/1/"),
        ["q/1/s0.g1/t0", "q/1/s0/t0", "q/1/s0/t1", "q/1/s10/t0"].map(key),
      );
      assert.deepEqual(await keysUnder(store, "q/1/s0"), ["q/1/s0.g1/t0", "q/1/s0/t0", "q/1/s0/t1"].map(key));
      assert.equal((await keysUnder(store, "q/1")).length, 5);
      await store.deletePrefix(key("q/1/"));
      assert.deepEqual(await keysUnder(store, "q/"), ["q/10/s0/t0", "q/2/é"].map(key));
      await store.deletePrefix(key("q/1"));
      assert.deepEqual(await keysUnder(store, "q/"), ["q/2/é"].map(key));
      await store.deletePrefix(key("nothing/"));
    });

    it("reads many ranges at once", async () => {
      const store = await make();
      const size = 300_000;
      await store.put(
        key("many"),
        Uint8Array.from({ length: size }, (_, i) => i % 251),
      );
      const reads = Array.from({ length: 100 }, (_, i) => i * 2999).map(async (from) => {
        const bytes = await store.get(key("many"), { range: { from, to: from + 1000 } });
        assert.ok(bytes.every((byte, i) => byte === (from + i) % 251));
      });
      await Promise.all(reads);
    });
  });
}
