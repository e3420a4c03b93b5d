import assert from "node:assert/strict";
import { test } from "node:test";
import { types } from "../../lib/arrow/types.ts";
import { inferCsv } from "../../lib/catalog/csv.ts";
import { csvTable } from "../../lib/catalog/csv-table.ts";
import { MemoryStore } from "../../lib/storage/memory-store.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

function guessed(text: string, hints = {}) {
  const { schema, options } = inferCsv(bytesOf(text), hints);
  return { columns: schema.fields.map(({ name, type }) => `${name} ${type.kind}`), options };
}

test("a header is told from data by types, or assumed above text", () => {
  assert.deepEqual(guessed("a,b\n1,2\n").columns, ["a int64", "b int64"]);
  assert.deepEqual(guessed("1,2\n3,4\n").columns, ["column0 int64", "column1 int64"]);
  assert.deepEqual(guessed("x,y\nu,v\n").columns, ["x varchar", "y varchar"]);
  assert.deepEqual(guessed("x,y\nu,v\n", { header: false }).columns, ["column0 varchar", "column1 varchar"]);
  assert.deepEqual(guessed("1,2\n3,4\n", { header: true }).columns, ["1 int64", "2 int64"]);
});

test("names are trimmed, filled in and made unique", () => {
  assert.deepEqual(guessed('id, x ,"",ID\n1,2,3,4\n', { header: true }).columns, [
    "id int64",
    "x int64",
    "column2 int64",
    "ID_1 int64",
  ]);
});

test("the narrowest type that every value fits", () => {
  const type = (...values: string[]) => guessed(`h\n${values.join("\n")}\n`, { header: true }).columns[0]!.slice(2);
  assert.equal(type("1", "-2"), "int64");
  assert.equal(type("1", "9223372036854775808"), "float64");
  assert.equal(type("1", "2.5", "1e3"), "float64");
  assert.equal(type("true", "FALSE"), "boolean");
  assert.equal(type("2024-02-29"), "date");
  assert.equal(type("2023-02-29"), "varchar");
  assert.equal(type("2024-01-01", "2024-01-01 10:00:00"), "timestamp");
  assert.equal(type("2024-01-01T10:00:00Z"), "timestamp");
  assert.equal(type("1", "x"), "varchar");
  assert.equal(type("", ""), "varchar");
});

test("wrong options are named", () => {
  assert.throws(() => guessed("a\n", { delimiter: "||" }), { code: "invalid_argument" });
  assert.throws(() => guessed("a\n1\n", { types: { b: types.int8 } }), { code: "invalid_argument" });
});

test("a table of several files is described by its first one that is not empty", async () => {
  const store = new MemoryStore();
  const files = [
    await store.put("0.csv", bytesOf("")),
    await store.put("1.csv", bytesOf("a,b\n1,x\n2,y\n")),
    await store.put("2.csv", bytesOf("a,b\n3,z\n")),
  ];
  const table = await csvTable("t", files, store, {});
  assert.deepEqual(
    table.schema.fields.map(({ name }) => name),
    ["a", "b"],
  );
  assert.equal(table.files.length, 3);
  assert.equal(table.csv?.header, true);
  assert.ok(table.statistics.rows >= 3 && !table.statistics.exact);
  await assert.rejects(csvTable("t", files.slice(0, 1), store, {}), {
    code: "invalid_argument",
  });
});

test("given names replace found ones in their order, unless the header has them", () => {
  const names = (text: string, given: string[]) =>
    inferCsv(new TextEncoder().encode(text), { names: given }).schema.fields.map(({ name }) => name);
  assert.deepEqual(names("1,ann,2\n2,bob,3\n", ["x", "y"]), ["x", "y", "column2"]);
  assert.deepEqual(names("id,name,n\n1,ann,2\n", ["x", "y", "z"]), ["x", "y", "z"]);
  assert.deepEqual(names("id,name,n\n1,ann,2\n", ["N", "id"]), ["id", "name", "n"]);
  assert.throws(() => names("1,2\n", ["a", "b", "c"]), { code: "invalid_argument" });
});
