/** Names and patterns to objects. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryCatalogStore } from "../../lib/catalog/catalog-store.ts";
import { CloudCatalog } from "../../lib/catalog/cloud-catalog.ts";
import { isPattern, literalPrefix, patternExpression } from "../../lib/catalog/key-pattern.ts";
import { MemoryStore } from "../../lib/storage/memory-store.ts";

describe("key patterns", () => {
  const matches = (pattern: string, key: string) => patternExpression(pattern).test(key);

  it("match within folders, over folders, and alternatives", () => {
    for (const [pattern, yes, no] of [
      ["s3://b/*.parquet", ["s3://b/a.parquet", "s3://b/.parquet"], ["s3://b/x/a.parquet", "s3://b/a.parquetx"]],
      ["s3://b/**/x", ["s3://b/x", "s3://b/a/x", "s3://b/a/b/x"], ["s3://b/ax"]],
      ["s3://b/**", ["s3://b/x", "s3://b/a/x"], ["s3://c/x"]],
      ["s3://b/y=202?/{a,b}*", ["s3://b/y=2021/a1", "s3://b/y=2022/b"], ["s3://b/y=20210/a", "s3://b/y=2021/c"]],
      ["s3://b/[a-c]x", ["s3://b/ax"], ["s3://b/dx"]],
      ["s3://b/[!a]x", ["s3://b/bx"], ["s3://b/ax"]],
      ["s3://b/a+(b).*", ["s3://b/a+(b).csv"], ["s3://b/aab.csv"]],
    ] as const) {
      for (const key of yes) assert.ok(matches(pattern, key), `${pattern} ${key}`);
      for (const key of no) assert.ok(!matches(pattern, key), `${pattern} ${key}`);
    }
    assert.equal(isPattern("s3://b/x"), false);
    assert.equal(literalPrefix("s3://b/x/y*/z"), "s3://b/x/y");
  });
});

describe("CloudCatalog", () => {
  const csv = (text: string) => new TextEncoder().encode(text);
  const make = async () => {
    const objects = new MemoryStore();
    await objects.put("s3://b/t/1.csv", csv("a,b\n1,x\n"));
    await objects.put("s3://b/t/2.csv", csv("a,b\n2,y\n"));
    await objects.put("s3://b/t/_SUCCESS", csv(""));
    await objects.put("s3://b/t/", csv(""));
    await objects.put("s3://b/other.csv", csv("z\n1\n"));
    const store = new MemoryCatalogStore();
    await store.putTable({ schema: "default", name: "T", format: "csv", paths: ["s3://b/t/"] }, false);
    await store.putTable({ schema: "raw", name: "t", format: "auto", paths: ["s3://b/other.csv"] }, false);
    await store.putView({ schema: "default", name: "V", sql: "select 1" }, false);
    return CloudCatalog.load(store, objects);
  };
  const filesOf = async (paths: string[]) => (await (await make()).path(paths, "auto")).files.map(({ path }) => path);

  it("finds tables by name, schema and catalog", async () => {
    const catalog = await make();
    assert.deepEqual(catalog.names(), ["T", "raw.t"]);
    assert.equal((await catalog.table(["t"]))?.files.length, 2);
    assert.equal((await catalog.table(["DEFAULT", "t"]))?.files.length, 2);
    assert.equal((await catalog.table(["raw", "t"]))?.files.length, 1);
    assert.equal((await catalog.table(["volley", "raw", "t"]))?.files.length, 1);
    assert.equal(await catalog.table(["nope"]), undefined);
    assert.deepEqual([...catalog.views().keys()].sort(), ["default.v", "v"]);
  });

  it("finds the objects of a key, a folder and a pattern", async () => {
    const both = ["s3://b/t/1.csv", "s3://b/t/2.csv"];
    assert.deepEqual(await filesOf(["s3://b/t/1.csv"]), ["s3://b/t/1.csv"]);
    assert.deepEqual(await filesOf(["s3://b/t"]), both);
    assert.deepEqual(await filesOf(["s3://b/t/"]), both);
    assert.deepEqual(await filesOf(["s3://b/*/[12].csv"]), both);
    await assert.rejects(filesOf(["s3://b/u/"]), { code: "not_found" });
    await assert.rejects(filesOf(["s3://b/othr.csv"]), { code: "not_found", hint: "Did you mean s3://b/other.csv?" });
  });
});
