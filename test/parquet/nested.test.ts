// Lists, structs and maps with nulls at every level, written by DuckDB, read as JSON text and field by field.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Compression, readParquet, WriterPropertiesBuilder, writeParquet } from "parquet-wasm";
import { SessionContext } from "../../lib/index.ts";
import { readWithDuckDB, temporaryFolder, writeWithDuckDB } from "./duckdb-oracle.ts";

const folder = temporaryFolder();
let session: SessionContext;
before(async () => {
  session = await SessionContext.standalone({ threads: 1 });
});
after(() => session.close());

/** r(i, k, n): a number below n that looks random. */
const r = (i: string, k: number, n: number) => `(hash((${i}) * 64 + ${k}) % ${n})`;
const list = (i: string, k: number, item: (x: string) => string) => {
  const x = `x${k}`;
  return `CASE ${r(i, k, 6)} WHEN 0 THEN NULL WHEN 1 THEN [] ELSE
    list_transform(range(${r(i, k + 1, 5)}::BIGINT), lambda ${x}: ${item(`(${i} * 7 + ${x})`)}) END`;
};
const some = (i: string, k: number, value: string) => `CASE WHEN ${r(i, k, 4)} = 0 THEN NULL ELSE ${value} END`;
const text = (i: string, k: number) => some(i, k, `'é"\\/' || chr((${r(i, k + 1, 40)})::INT + 1) || (${i})`);
const int = (i: string, k: number) => some(i, k, `(${r(i, k + 1, 1000)})::INT - 500`);

/** Columns of every shape; \`i\` is the row. */
const shapes: Readonly<Record<string, string>> = {
  ints: list("i", 1, (x) => int(x, 3)),
  texts: list("i", 5, (x) => text(x, 7)),
  st: some(
    "i",
    9,
    `{'a': ${int("i", 10)}, 'b "c"': ${text("i", 12)}, 'd': ${some("i", 14, "DATE '1999-12-31' + i::INT")}}`,
  ),
  deep_struct: some(
    "i",
    15,
    `{'s': ${some("i", 16, `{'t': ${some("i", 17, `{'u': ${int("i", 18)}, 'v': i}`)}, 'w': ${text("i", 20)}}`)}}`,
  ),
  mp: `CASE ${r("i", 22, 5)} WHEN 0 THEN NULL WHEN 1 THEN MAP {} ELSE
    map_from_entries(list_transform(range(${r("i", 23, 4)}::BIGINT), lambda x: {'k': 'k' || x, 'v': ${int("(i + x)", 24)}})) END`,
  map_of_lists: `map_from_entries(list_transform(range(${r("i", 26, 3)}::BIGINT), lambda x: {'k': x, 'v': ${list("(i + x)", 27, (y) => int(y, 29))}}))`,
  structs: list("i", 31, (x) =>
    some(x, 33, `{'p': ${int(x, 34)}, 'q': ${text(x, 36)}, 'l': ${list(x, 38, (y) => int(y, 40))}}`),
  ),
  lists: list("i", 42, (x) => list(x, 44, (y) => list(y, 46, (z) => int(z, 48)))),
  struct_of_lists: some(
    "i",
    50,
    `{'l': ${list("i", 51, (x) => int(x, 53))}, 'm': ${list("i", 55, (x) => text(x, 57))}, 'n': i}`,
  ),
  flat: int("i", 59),
};
const columns = Object.entries(shapes)
  .map(([name, sql]) => `${sql} AS ${name}`)
  .join(",\n");
const rowsOf = (rows: number) => `SELECT ${columns} FROM range(${rows}) t(i)`;
const names = Object.keys(shapes);

async function compare(path: string, ours: string, duckdb: string): Promise<void> {
  const handle = session.sql(`SELECT ${ours} FROM '${path}'`);
  const actual = (await (await handle).toRows()).map((row) => row.map(String));
  const expected = await readWithDuckDB(`SELECT ${duckdb} FROM '${path}'`);
  assert.equal(actual.length, expected[0]?.length ?? 0);
  for (const [c, column] of expected.entries()) {
    for (const [row, value] of column.entries()) {
      if (actual[row]![c] !== String(value)) assert.equal(actual[row]![c], String(value), `column ${c}, row ${row}`);
    }
  }
}

const asJson = names.map((name) => (name === "flat" ? name : `to_json(${name})::VARCHAR`)).join(", ");

for (const codec of ["uncompressed", "snappy", "zstd", "gzip", "lz4_raw", "brotli"]) {
  for (const version of ["V1", "V2"]) {
    test(`DuckDB: ${codec}, ${version}: whole values`, async () => {
      const path = join(folder, `${codec}-${version}.parquet`);
      const dictionary = version === "V1" ? "" : ", DICTIONARY_SIZE_LIMIT 1";
      await writeWithDuckDB(
        path,
        rowsOf(3000),
        `CODEC '${codec}', PARQUET_VERSION ${version}, ROW_GROUP_SIZE 2048${dictionary}`,
      );
      await compare(path, names.join(", "), asJson);
    });
  }
}

for (const rows of [0, 1, 2, 63, 64, 65]) {
  test(`DuckDB: ${rows} rows`, async () => {
    const path = join(folder, `rows-${rows}.parquet`);
    await writeWithDuckDB(path, rowsOf(rows), "");
    await compare(path, names.join(", "), asJson);
  });
}

const fields = ["st.a", 'st."b ""c"""', "st.d", "deep_struct.s.t.u", "deep_struct.s.w", "struct_of_lists.n"];
const inside = ["structs[1].q", "structs[-1].l[1]", "mp['k1']", "map_of_lists[0][1]", "lists[1][1][1]", "len(ints)"];

test("fields, elements and values are DuckDB's", async () => {
  const path = join(folder, "fields.parquet");
  await writeWithDuckDB(path, rowsOf(3000), "ROW_GROUP_SIZE 2048");
  const parts = [...fields, ...inside].join(", ");
  await compare(path, parts, parts.replaceAll("st.d", "st.d::VARCHAR"));
  const json = ["st->>'a'", "texts->>0", "structs->>'$[0].q'", "structs->'$[0].l'", "json_array_length(lists)"].join(
    ", ",
  );
  await compare(path, json, json.replaceAll(/(\bst|texts|structs|lists)(?=->|\))/g, "to_json($1)"));
});

test("every null of a page: lists of nothing, structs of nothing", async () => {
  const path = join(folder, "nothing.parquet");
  const select = `SELECT NULL::INT[] a, []::INT[] b, [NULL]::INT[] c, NULL::STRUCT(x INT, y INT[]) d, {'x': NULL::INT, 'y': NULL::INT[]} e,
    MAP {}::MAP(INT, INT) f, [[], NULL]::INT[][] g FROM range(3000)`;
  await writeWithDuckDB(path, select, "");
  await compare(
    path,
    "a, b, c, d, e, f, g, d.x, e.x, d.y, e.y",
    "a::JSON, b::JSON, c::JSON, d::JSON, e::JSON, f::JSON, g::JSON, d.x, e.x, d.y::JSON, e.y::JSON",
  );
});

test("the text of every type", async () => {
  const path = join(folder, "types.parquet");
  const values = `'NaN'::DOUBLE a, '-Infinity'::REAL b, -0.0::DOUBLE c, 1e300 d, 0.1::REAL e, 1::DOUBLE f, 1.50::DECIMAL(9,2) g,
    '-12345678901234567890.1234567890'::DECIMAL(38,10) h, 9223372036854775807 i, '18446744073709551615'::UBIGINT j, DATE '0044-03-15' k,
    TIMESTAMP '2020-01-02 03:04:05.678' l, TIMESTAMPTZ '2020-01-02 03:04:05+02' m, INTERVAL '1 month 2 days 3 hours' n,
    '\\xAA\\x00a"\\x5C'::BLOB o, true p, '12345678-1234-1234-1234-123456789012'::UUID q, 'a"b\\c' || chr(10) || chr(31) || chr(127) || '😀' r`;
  const packed = values.split(/,\s(?![^()]*\))/).map((value) => value.trim().replace(/^(.*) (\w)$/s, "$2 := $1"));
  await writeWithDuckDB(
    path,
    `SELECT [s] AS l, s, MAP {s.k: 1, DATE '2020-01-01': NULL} m FROM (SELECT struct_pack(${packed.join(", ")}) s)`,
    "",
  );
  const [row] = await (await session.sql(`SELECT l, m, to_json(s) FROM '${path}'`)).toRows();
  const expected =
    '{"a":"NaN","b":"-Infinity","c":-0.0,"d":1e300,"e":0.10000000149011612,"f":1.0,"g":1.50,"h":-12345678901234567890.1234567890,' +
    '"i":9223372036854775807,"j":18446744073709551615,"k":"0044-03-15","l":"2020-01-02 03:04:05.678","m":"2020-01-02 01:04:05+00",' +
    '"n":"1 month 2 days 03:00:00","o":"\\\\xAA\\\\x00a\\\\x22\\\\x5C","p":true,"q":"12345678-1234-1234-1234-123456789012",' +
    '"r":"a\\"b\\\\c\\n\\u001F\u007f😀"}';
  assert.deepEqual(row, [`[${expected}]`, '{"0044-03-15":1,"2020-01-01":null}', expected]);
  // Taken out of the list's text, every value is what its own column holds.
  const letters = [..."abcdefghijklmnopqr"];
  const taken = letters.map((letter) => `l[1].${letter} IS NOT DISTINCT FROM s.${letter}`).join(", ");
  const [same] = await (await session.sql(`SELECT ${taken} FROM '${path}'`)).toRows();
  assert.deepEqual(
    same,
    letters.map(() => true),
  );
});

for (const compression of [Compression.LZ4, Compression.SNAPPY]) {
  test(`parquet-wasm wrote it: codec ${compression}`, async () => {
    const plain = join(folder, "plain.parquet");
    const path = join(folder, `wasm-${compression}.parquet`);
    await writeWithDuckDB(plain, rowsOf(1500), "");
    const properties = new WriterPropertiesBuilder().setCompression(compression).setMaxRowGroupSize(700).build();
    writeFileSync(path, writeParquet(readParquet(readFileSync(plain)), properties));
    await compareFiles(path, plain, [...names, ...fields].join(", "));
  });
}

async function compareFiles(path: string, same: string, select: string): Promise<void> {
  const rows = await Promise.all(
    [path, same].map(async (file) => (await session.sql(`SELECT ${select} FROM '${file}'`)).toRows()),
  );
  assert.deepEqual(rows[0], rows[1]);
}

test("a field of a struct is read alone, and its statistics prune row groups", async () => {
  const path = join(folder, "pruned.parquet");
  const select =
    "SELECT {'n': i, 's': {'m': i * 2, 'pad': repeat(md5(i::VARCHAR), 20)}, 'l': [i]} st FROM range(20000) t(i)";
  await writeWithDuckDB(path, select, "ROW_GROUP_SIZE 2048");
  const handle = await session.sql(`EXPLAIN ANALYZE SELECT st.n FROM '${path}' WHERE st.s.m BETWEEN 10000 AND 10010`);
  const text = (await handle.toRows()).flat().join("\n");
  assert.match(text, /skipped 9 of 10 row groups/, text);
  const [count] = await (
    await session.sql(`SELECT count(*), min(st.n), max(st.l[1]) FROM '${path}' WHERE st.s.m > 39000`)
  ).toRows();
  assert.deepEqual(count, [499n, 19501n, 19999n]);
});

test("damaged files give an error with their name, or what they hold", async () => {
  const path = join(folder, "sound.parquet");
  await writeWithDuckDB(path, rowsOf(300), "CODEC 'uncompressed', DICTIONARY_SIZE_LIMIT 1");
  const sound = readFileSync(path);
  const footerBytes = sound.readUInt32LE(sound.length - 8);
  const damaged = join(folder, "damaged.parquet");
  let errors = 0;
  for (let i = 0; i < 120; i++) {
    const bytes = Buffer.from(sound);
    const at = 4 + ((i * 7919 * 31) % (sound.length - footerBytes - 12));
    bytes[at] = bytes[at]! ^ (1 << (i % 8));
    writeFileSync(damaged, bytes);
    try {
      await (await session.sql(`SELECT ${names.join(", ")} FROM '${damaged}'`)).toRows();
    } catch (error) {
      errors++;
      assert.equal((error as { code?: string }).code, "corrupt_file", String(error));
      assert.match(String(error), /damaged\.parquet is corrupt: .*\(column ".*", row group 0, offset \d+\)/);
    }
  }
  assert.ok(errors > 10, `only ${errors} damages were seen`);
});

test("files whose columns differ in shape: JSON of any shape; a column that one lacks is NULL there", async () => {
  const pattern = join(folder, "differ-*.parquet");
  const write = (part: number, select: string) => writeWithDuckDB(join(folder, `differ-${part}.parquet`), select);
  await write(1, "SELECT 1 id, {'a': 1, 'b': 2} s, {'x': [1]} same, [7] l");
  await write(2, "SELECT 2 id, {'a': 1, 'b': 't'} s, {'x': [2, 3]} same");
  const select = `SELECT typeof(s), s, s.a, s->>'b', same.x[1], l, l[1] FROM '${pattern}' ORDER BY id`;
  assert.deepEqual(await (await session.sql(select)).toRows(), [
    ["JSON", '{"a":1,"b":2}', "1", "2", 1, "[7]", 7],
    ["JSON", '{"a":1,"b":"t"}', "1", "t", 2, null, null],
  ]);
});

test("in every output a value is JSON", async () => {
  const path = join(folder, "outputs.parquet");
  const out = (ending: string) => join(folder, `out.${ending}`);
  await writeWithDuckDB(path, "SELECT [1, NULL] l, {'a': 'x\"y'} s");
  for (const ending of ["json", "csv", "parquet"]) {
    await (await session.sql(`COPY (SELECT l, s, l -> 0 AS j FROM '${path}') TO '${out(ending)}'`)).toRows();
  }
  assert.equal(readFileSync(out("json"), "utf8"), '[\n  {"l":[1,null],"s":{"a":"x\\"y"},"j":1}\n]\n');
  assert.equal(readFileSync(out("csv"), "utf8"), 'l,s,j\n"[1,null]","{""a"":""x\\""y""}",1\n');
  const [types, element] = await readWithDuckDB(`SELECT typeof(l), l->>0 FROM '${out("parquet")}'`);
  assert.deepEqual([types, element], [["JSON"], ["1"]]);
  const [again] = await (await session.sql(`SELECT typeof(l), l -> 0, s.a FROM '${out("parquet")}'`)).toRows();
  assert.deepEqual(again, ["JSON", "1", '"x\\"y"']);
});
