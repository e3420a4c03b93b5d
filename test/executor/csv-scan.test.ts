import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { DuckDBInstance } from "@duckdb/node-api";
import { type DataType, types } from "../../lib/arrow/types.ts";
import { type CsvHints, inferCsv } from "../../lib/catalog/csv.ts";
import type { ScanNode } from "../../lib/physical/plan.ts";
import type { ScanInput, TaskOptions } from "../../lib/stages/graph.ts";
import { LocalFiles } from "../../lib/storage/local-files.ts";
import { seeded } from "../arrow/generate.ts";
import { type Row, TaskRunner } from "./task.ts";

const folder = mkdtempSync(join(tmpdir(), "volley-csv-"));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

function written(text: string | Uint8Array): string {
  const path = join(folder, `${++files}.csv`);
  writeFileSync(path, text);
  return path;
}

/** The rows of a file, read in ranges that end at the given offsets. */
async function scanned(
  path: string,
  hints: CsvHints = {},
  ends: readonly number[] = [],
  options: Partial<TaskOptions> = {},
) {
  const tables = new LocalFiles();
  const info = (await tables.head(path))!;
  const { schema, options: csv } = inferCsv(await tables.get(path), hints);
  const bounds = [0, ...ends, info.bytes];
  const ranges = ends.length === 0 ? [undefined] : bounds.slice(1).map((to, i) => ({ from: bounds[i]!, to }));
  const input: ScanInput = {
    table: "t",
    format: "csv",
    schema,
    csv,
    splits: ranges.map((range) => ({ path, etag: info.etag, bytes: info.bytes, ...(range && { range }) })),
  };
  const columns = schema.fields.map(({ name, type }, i) => ({ id: i + 1, name, type, nullable: true }));
  const node: ScanNode = {
    kind: "scan",
    table: "t",
    label: "t",
    columns,
    source: columns.map((_, i) => i),
    filters: [],
    filterOnly: [],
  };
  const runner = new TaskRunner();
  try {
    return { schema, rows: await runner.collect(node, options, { scans: [input] }) };
  } finally {
    assert.equal(runner.memory.usedBytes, 0);
  }
}

const kinds = (schema: { fields: readonly { type: DataType }[] }) => schema.fields.map(({ type }) => type.kind);

test("types, quotes, escapes, nulls, line ends", async () => {
  const text = [
    "\ufeffid,name,price,day,at,ok,big",
    '1,"Smith, ""J"" Jr.",1.5,2024-02-29,2024-01-01 12:34:56.789,true,9223372036854775807',
    "",
    "-2,,-0.25,1969-12-31,1969-12-31T23:59:59,FALSE,-9223372036854775808\r",
    '3,"line one\nline two",1e300,,,,\r',
    ' 4 ,"",.5,9999-12-31,2024-01-01,false,0',
  ].join("\n");
  const { schema, rows } = await scanned(written(text));
  assert.deepEqual(kinds(schema), ["int64", "varchar", "float64", "date", "timestamp", "boolean", "int64"]);
  assert.deepEqual(
    schema.fields.map(({ name }) => name),
    ["id", "name", "price", "day", "at", "ok", "big"],
  );
  assert.deepEqual(rows, [
    [1n, 'Smith, "J" Jr.', 1.5, 19782, 1704112496789000n, true, 9223372036854775807n],
    [-2n, null, -0.25, -1, -1000000n, false, -9223372036854775808n],
    [3n, "line one\nline two", 1e300, null, null, null, null],
    [4n, "", 0.5, 2932896, 1704067200000000n, false, 0n],
  ]);
});

test("options: delimiter, quote, escape, null text, no header, given types", async () => {
  const text = "1;'it\\'s';NA\n2;'a\\\\b;c';7.125\n";
  const hints = {
    quote: "'",
    escape: "\\",
    nullValue: "NA",
    types: { column0: types.int8, column2: types.decimal(5, 2) },
  };
  const { schema, rows } = await scanned(written(text), hints);
  assert.deepEqual(
    schema.fields.map(({ name }) => name),
    ["column0", "column1", "column2"],
  );
  assert.deepEqual(rows, [
    [1, "it's", null],
    [2, "a\\b;c", 713n],
  ]);
});

test("small files: empty, only a header, one column, no last line end", async () => {
  assert.deepEqual((await scanned(written("a,b\n"))).rows, []);
  assert.deepEqual((await scanned(written("a\nx\ny"))).rows, [["x"], ["y"]]);
  assert.deepEqual((await scanned(written("a\r\nx\r\n\r\ny\r\n"))).rows, [["x"], [null], ["y"]]);
  assert.deepEqual(inferCsv(new Uint8Array(0)).schema.fields, []);
});

test("ranges own the lines that start inside them, wherever they are cut", async () => {
  const lines = ["n,s", ...Array.from({ length: 30 }, (_, i) => `${i},${"x".repeat(i % 7)}`), ""];
  for (const end of ["\n", "\r\n", "\r"]) {
    const path = written(lines.join(end));
    const { rows } = await scanned(path);
    assert.equal(rows.length, 30);
    for (let cut = 1; cut < lines.join(end).length; cut++) {
      assert.deepEqual((await scanned(path, {}, [cut])).rows, rows, `${JSON.stringify(end)} cut at ${cut}`);
    }
  }
  const text = lines.join("\n");
  const path = written(text);
  const { rows } = await scanned(path);
  const random = seeded(1);
  for (let i = 0; i < 30; i++) {
    const ends = Array.from({ length: 5 }, () => 1 + Math.floor(random() * (text.length - 1))).sort((a, b) => a - b);
    assert.deepEqual((await scanned(path, {}, [...new Set(ends)], { batchRows: 4 })).rows, rows);
  }
});

test("files of many chunks, with records across their borders", async () => {
  const random = seeded(2);
  const expected: Row[] = [];
  const lines = ["a,b,c"];
  for (let i = 0; i < 60_000; i++) {
    const text = `${"long text ".repeat(Math.floor(random() * 20))}${random() < 0.2 ? '"quoted", \n' : ""}${i}`;
    const number = Math.round(random() * 1e9) / 1e4;
    expected.push([BigInt(i), text, number]);
    lines.push(`${i},"${text.replaceAll('"', '""')}",${number}`);
  }
  const { rows } = await scanned(written(lines.join("\r\n")), {}, [], { batchRows: 2048 });
  assert.equal(rows.length, expected.length);
  assert.deepEqual(rows, expected);
});

test("numbers are read exactly", async () => {
  const random = seeded(5);
  const numbers = Array.from({ length: 3000 }, () => {
    const number = (random() - 0.5) * 10 ** Math.floor(random() * 40 - 20);
    return random() < 0.5 ? String(number) : number.toFixed(Math.floor(random() * 12));
  });
  const texts = ["nan", "-Infinity", "+5", "-0", ...numbers];
  const { rows } = await scanned(written(`x\n${texts.join("\n")}\n`), { header: true });
  const expected = texts.map((text) => Number(text.replace("nan", "NaN")));
  assert.deepEqual(
    rows.map(([x]) => x),
    expected,
  );
});

test("errors say where and what", async () => {
  const rejects = async (text: string, hints: CsvHints, message: RegExp) =>
    assert.rejects(
      scanned(written(text), hints),
      (error: Error) => message.test(error.message) || assert.fail(error.message),
    );
  await rejects("a,b\n1,2\n3,x\n", { types: { b: types.int64 } }, /line 3: column b holds "x", which is no BIGINT/);
  await rejects("a,b\n1,300\n", { types: { b: types.int8 } }, /line 2: column b holds "300", which is no TINYINT/);
  await rejects("a,b\n1,2\n3\n", {}, /line 3: the record has 1 fields instead of 2/);
  await rejects("a,b\n1,2\n3,4,5\n", {}, /line 3: the record has 3 fields instead of 2/);
  await rejects('a,b\n1,"2"x\n', {}, /line 2: column 2 goes on behind its closing quote/);
  await rejects('a,b\n1,"2\n', {}, /line 2: column 2 has no closing quote/);
  await rejects("a\n2024-02-30\n", { types: { a: types.date } }, /"2024-02-30", which is no DATE/);
});

test("text that is not UTF-8 is an error", async () => {
  const bytes = Buffer.concat([Buffer.from("a,b\n1,é\n2,"), Buffer.from([0xe9]), Buffer.from("\n")]);
  await assert.rejects(scanned(written(bytes)), /line 3: the text is not UTF-8/);
});

test("DuckDB guesses the same and reads the same", async () => {
  const connection = await (await DuckDBInstance.create()).connect();
  const cases = [
    "a,b,c\n1,x,2.5\n2,y,3\n",
    "1,2\n3,4\n",
    "name;day\nx;2024-01-02\ny;2023-12-31\n",
    "a\tb\n1\ttrue\n2\tfalse\n",
    "at,n\n2024-01-01 10:00:00,5\n2024-01-02 11:30:00.5,\n",
    'a,b\n"1","x""y"\n"2",""\n',
    "x|y\n1e5|a\n-3.25|b\n",
    "id,v\n1,99999999999999999999\n2,3\n",
  ];
  for (const text of cases) {
    const path = written(text);
    const { schema, rows } = await scanned(path);
    const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM read_csv('${path}')`);
    const theirs = described.getRowObjects().map(({ column_name, column_type }) => [column_name, column_type]);
    const names: Record<string, string> = { int64: "BIGINT", float64: "DOUBLE" };
    const ours = schema.fields.map(({ name, type }) => [name, names[type.kind] ?? type.kind.toUpperCase()]);
    assert.deepEqual(ours, theirs, text);
    const counted = await connection.runAndReadAll(`SELECT count(*) FROM read_csv('${path}')`);
    assert.equal(BigInt(rows.length), counted.getRows()[0]![0]);
  }
});
