// Scans against DuckDB: generated conditions over sorted, skewed and null data, in files with and without page indexes.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Compression, readParquet, WriterPropertiesBuilder, WriterVersion, writeParquet } from "parquet-wasm";
import { type DataType, types } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";
import { readValue, readValues } from "../../lib/arrow/value-access.ts";
import type { Vector } from "../../lib/arrow/vector.ts";
import { QueryError } from "../../lib/errors.ts";
import type { RowSet } from "../../lib/executor/expression/row-set.ts";
import type { TaskContext } from "../../lib/executor/operator/operator.ts";
import { ScanOperator } from "../../lib/executor/scan/scan.ts";
import type { Column, Expr, LiteralValue } from "../../lib/expr/expr.ts";
import { LinearMemory } from "../../lib/kernels/memory.ts";
import type { ScanNode } from "../../lib/physical/plan.ts";
import type { ScanInput, Task, TaskResult } from "../../lib/stages/graph.ts";
import { LocalFiles } from "../../lib/storage/local-files.ts";
import { MemoryStore } from "../../lib/storage/memory-store.ts";
import type { GetOptions, ObjectStore } from "../../lib/storage/object-store.ts";
import {
  assertColumns,
  duckdb,
  openFooter,
  readWithDuckDB,
  temporaryFolder,
  writeWithDuckDB,
} from "../parquet/duckdb-oracle.ts";
import { type Random, seeded } from "../parquet/seeded.ts";
import { TaskRunner } from "./task.ts";

const folder = temporaryFolder();
const objects = new LocalFiles();
const rows = 20_000;

const select = `
  SELECT i, i // 10 AS tens, (i * 7919 % 20000)::INT AS mixed, CASE WHEN i % 3 = 0 THEN NULL ELSE i END AS holes,
    CASE WHEN i BETWEEN 5000 AND 9000 THEN NULL ELSE (i / 8)::DECIMAL(12,2) END AS dec, DATE '2000-01-01' + (i // 20)::INT AS d,
    printf('key%05d', i) AS s, ['a', 'bé', 'c%', '', 'zzz'][(i % 5 + 1)::INT] AS few,
    CASE WHEN i % 1000 = 0 THEN 'NaN'::DOUBLE WHEN i % 1000 = 1 THEN -0.0 ELSE i - 10000 END AS f, i > 15000 AS b,
    TIMESTAMP '2020-01-01' + INTERVAL (i) MINUTE AS ts, repeat('long ', 30) || i AS long
  FROM range(${rows}) t(i)`;

const fileKinds: Readonly<Record<string, (path: string) => Promise<void>>> = {
  duckdb: (path) => writeWithDuckDB(path, select, "ROW_GROUP_SIZE 2048"),
  pages: (path) => rewrite(path, (writer) => writer.setDataPageSizeLimit(2000).setMaxRowGroupSize(7000)),
  "pages v2": (path) =>
    rewrite(path, (writer) =>
      writer.setDataPageSizeLimit(500).setWriterVersion(WriterVersion.V2).setDictionaryEnabled(false),
    ),
};

async function rewrite(path: string, set: (writer: WriterPropertiesBuilder) => WriterPropertiesBuilder): Promise<void> {
  const plain = `${path}.plain`;
  await writeWithDuckDB(plain, select);
  const writer = set(new WriterPropertiesBuilder().setCompression(Compression.SNAPPY).setWriteBatchSize(100));
  writeFileSync(path, writeParquet(readParquet(readFileSync(plain)), writer.build()));
}

// Conditions are asked of a table: DuckDB prunes Parquet by bounds that leave NaN out, and so loses NaN rows.
await (await duckdb()).run(`CREATE TABLE t AS ${select}`);

const files: Record<string, string> = {};
for (const [name, write] of Object.entries(fileKinds)) {
  files[name] = join(folder, `${name}.parquet`);
  await write(files[name]);
}

async function planOf(path: string): Promise<{ columns: Column[]; input: ScanInput }> {
  const footer = await openFooter(objects, path);
  const columns = footer.schema.fields.map((field, i) => ({ ...field, id: i + 100 }));
  const { bytes, etag } = footer;
  const input: ScanInput = { table: "t", format: "parquet", schema: footer.schema, splits: [{ path, bytes, etag }] };
  return { columns, input };
}

interface ScanOptions {
  readonly filters?: readonly Expr[];
  readonly output?: readonly string[];
  readonly limit?: number;
  readonly batchRows?: number;
}

/** Scans the file; without `output` every column is given. */
async function scan(path: string, options: ScanOptions = {}): Promise<{ rows: Value[][]; result: TaskResult }> {
  const { columns, input } = await planOf(path);
  const filters = options.filters ?? [];
  const output = options.output ?? columns.map(({ name }) => name);
  const filterOnly = columns.filter(({ name }) => !output.includes(name)).map(({ id }) => id);
  const node: ScanNode = {
    kind: "scan",
    table: "t",
    label: "t",
    columns,
    source: columns.map((_, i) => i),
    filters,
    filterOnly,
    ...(options.limit !== undefined && { limit: options.limit }),
  };
  const runner = new TaskRunner();
  const batchRows = options.batchRows ?? 1000;
  const result = await runner.run(node, { kind: "single" }, { batchRows }, { scans: [input] });
  const [partition] = await runner.rows(result);
  assert.equal(runner.memory.usedBytes, 0, "memory is given back");
  return { rows: (partition ?? []).map((row) => [...row]), result };
}

function transposed(rowList: readonly Value[][], width: number): Value[][] {
  return Array.from({ length: width }, (_, i) => rowList.map((row) => row[i]!));
}

/** A condition in both languages. */
interface Condition {
  readonly expr: Expr;
  readonly sql: string;
}

const literals: Readonly<Record<string, (random: Random) => { value: LiteralValue; sql: string }>> = {
  i: (random) => integer(random(22_000) - 1000),
  tens: (random) => integer(random(2200) - 100),
  mixed: (random) => ({ value: Number(integer(random(22_000) - 1000).value), sql: integer(0).sql }),
  holes: (random) => integer(random(22_000) - 1000),
  dec: (random) => {
    const cents = random(260_000) - 1000;
    return { value: String(cents), sql: `(${cents}::DECIMAL(12,2) / 100)::DECIMAL(12,2)` };
  },
  d: (random) => {
    const day = 10_957 + random(1100) - 50;
    return { value: day, sql: `(DATE '1970-01-01' + ${day})` };
  },
  s: (random) => text(["key00000", "key10000", "key05", "a", "z", `key${random(30_000)}`][random(6)]!),
  few: (random) => text(["a", "bé", "b", "c%", "", "zzz", "zz", "zzzz"][random(8)]!),
  f: (random) => {
    const number = [0, -0, Number.NaN, 500, -9999, 9999, Number.POSITIVE_INFINITY, 20_000][random(8)]!;
    return { value: Number.isFinite(number) ? number : String(number), sql: `'${number}'::DOUBLE` };
  },
  ts: (random) => {
    const micros = 1_577_836_800_000_000n + BigInt(random(22_000) - 1000) * 60_000_000n;
    return { value: String(micros), sql: `make_timestamp(${micros})` };
  },
};

function integer(value: number): { value: LiteralValue; sql: string } {
  return { value: String(value), sql: String(value) };
}

function text(value: string): { value: LiteralValue; sql: string } {
  return { value, sql: `'${value}'` };
}

function call(fn: string, ...args: Expr[]): Expr {
  return { kind: "call", fn, args, type: types.boolean };
}

function conditionOf(random: Random, columns: readonly Column[], depth = 0): Condition {
  const shape = random(depth > 1 ? 5 : 9);
  if (shape >= 7) {
    const parts = [conditionOf(random, columns, depth + 1), conditionOf(random, columns, depth + 1)];
    const fn = shape === 7 ? "and" : "or";
    return {
      expr: call(fn, ...parts.map(({ expr }) => expr)),
      sql: `(${parts.map(({ sql }) => sql).join(` ${fn} `)})`,
    };
  }
  if (shape === 6) {
    const { expr, sql } = conditionOf(random, columns, depth + 1);
    return { expr: call("not", expr), sql: `(not ${sql})` };
  }
  const names = Object.keys(literals);
  const chosen = names[random(names.length)];
  const column = columns.find(({ name }) => name === chosen)!;
  const ref: Expr = { kind: "column", ...column };
  const literal = () => literalOf(random, column.name, column.type);
  if (shape === 5) {
    const column = columns.find(({ name }) => name === "b")!;
    return { expr: { kind: "column", ...column }, sql: "b" };
  }
  if (shape === 4) {
    const fn = random(2) === 0 ? "is_null" : "is_not_null";
    return { expr: call(fn, ref), sql: `"${column.name}" ${fn.replaceAll("_", " ")}` };
  }
  if (shape === 3 && column.type.kind === "varchar") {
    const pattern = ["key0%", "key1234_", "a%", "%9", "c!%", "b%", "", "zz%"][random(8)]!;
    const value: Expr = { kind: "literal", type: types.varchar, value: pattern };
    return { expr: call("like", ref, value), sql: `"${column.name}" like '${pattern}'` };
  }
  if (shape === 2) {
    const list = Array.from({ length: 1 + random(3) }, literal);
    return {
      expr: { kind: "in_list", input: ref, list: list.map(({ expr }) => expr), type: types.boolean },
      sql: `"${column.name}" in (${list.map(({ sql }) => sql).join(", ")})`,
    };
  }
  const op = ["=", "<>", "<", "<=", ">", ">="][random(6)]!;
  const value = literal();
  return { expr: call(op, ref, value.expr), sql: `"${column.name}" ${op} ${value.sql}` };
}

function literalOf(random: Random, name: string, type: DataType): Condition {
  const { value, sql } = literals[name]!(random);
  return { expr: { kind: "literal", type, value }, sql: name === "mixed" ? String(value) : sql };
}

for (const [name, path] of Object.entries(files)) {
  test(`${name}: everything`, async () => {
    const { rows: found } = await scan(path);
    assertColumns(transposed(found, 12), await readWithDuckDB(`SELECT * FROM '${path}'`), name);
  });

  test(`${name}: generated conditions`, async () => {
    const { columns } = await planOf(path);
    for (let seed = 1; seed <= 60; seed++) {
      const random = seeded(seed);
      const conditions = Array.from({ length: 1 + random(2) }, () => conditionOf(random, columns));
      const where = conditions.map(({ sql }) => sql).join(" AND ");
      const filters = conditions.map(({ expr }) => expr);
      const { rows: found } = await scan(path, { filters, output: ["i", "few"], batchRows: 1 + random(3000) });
      const expected = await readWithDuckDB(`SELECT i, few FROM t WHERE ${where} ORDER BY i`);
      assert.equal(found.length, expected[0]?.length ?? 0, `seed ${seed}: ${where}`);
      if (found.length > 0) assertColumns(transposed(found, 2), expected, `seed ${seed}: ${where}`);
    }
  });

  test(`${name}: limit stops early`, async () => {
    const { rows: found, result } = await scan(path, { limit: 5, output: ["i"] });
    assert.deepEqual(found, [[0n], [1n], [2n], [3n], [4n]]);
    assert.ok(result.metrics.counters.rowsRead! <= 1000);
  });
}

test("row groups and pages are pruned, and bytes not read", async () => {
  const path = files.pages!;
  const { columns } = await planOf(path);
  const i: Expr = { kind: "column", ...columns[0]! };
  const is = (value: number): Expr => call("=", i, { kind: "literal", type: types.int64, value: String(value) });
  const all = await scan(path, { output: ["i", "long"] });
  const one = await scan(path, { filters: [is(9000)], output: ["i", "long"] });
  assert.deepEqual(one.rows, [[9000n, `${"long ".repeat(30)}9000`]]);
  const { rowGroups, rowGroupsPruned, pagesPruned, bytesRead, rowsRead } = one.result.metrics.counters;
  assert.deepEqual([rowGroups, rowGroupsPruned], [3, 2]);
  assert.ok(pagesPruned! > 10, `${pagesPruned} pages pruned`);
  assert.ok(rowsRead! < 3000, `${rowsRead} rows read`);
  const footerBytes = 64 << 10;
  const allBytes = all.result.metrics.counters.bytesRead! - footerBytes;
  assert.ok((bytesRead! - footerBytes) * 2 < allBytes, `${bytesRead} bytes read, ${allBytes} for all`);
  const none = await scan(path, { filters: [is(50_000)] });
  assert.equal(none.rows.length, 0);
  assert.equal(none.result.metrics.counters.rowGroupsPruned, 3);
});

test("count(*): rows without columns read nothing but the footer", async () => {
  const path = files.duckdb!;
  const { input } = await planOf(path);
  const node: ScanNode = { kind: "scan", table: "t", label: "t", columns: [], source: [], filters: [], filterOnly: [] };
  const runner = new TaskRunner();
  const result = await runner.run(node, { kind: "single" }, {}, { scans: [input] });
  assert.equal(result.rows, rows);
  assert.ok((result.metrics.counters.requests ?? 0) <= 1);
});

test("several files, some row groups of each", async () => {
  const { columns } = await planOf(files.duckdb!);
  const parts = await Promise.all([files.duckdb!, files.pages!].map(planOf));
  const splits = parts.map(({ input }, i) => ({ ...input.splits[0]!, rowGroups: [i + 1] }));
  const input = { ...parts[0]!.input, splits };
  const runner = new TaskRunner();
  const node = nodeOf(columns.slice(0, 1));
  const found = await runner.collect(node, {}, { scans: [input] });
  const expected = [...range(2048, 4096), ...range(14_000, 20_000)].map((i) => [BigInt(i)]);
  assert.deepEqual(found, expected);
});

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

function nodeOf(columns: readonly Column[], filters: readonly Expr[] = []): ScanNode {
  const source = columns.map(({ id }) => id - 100);
  return { kind: "scan", table: "t", label: "t", columns, source, filters, filterOnly: [] };
}

test("columns are found by name, whatever their order in each file", async () => {
  const turned = join(folder, "turned.parquet");
  await writeWithDuckDB(turned, "SELECT 'x' AS other, 7::BIGINT AS I, 8::BIGINT AS tens");
  const { columns, input } = await planOf(files.duckdb!);
  const { bytes, etag } = await openFooter(objects, turned);
  const scans = [{ ...input, splits: [{ path: turned, bytes, etag }] }];
  assert.deepEqual(await new TaskRunner().collect(nodeOf(columns.slice(0, 2)), {}, { scans }), [[7n, 8n]]);
  // What the file has not is NULL.
  assert.deepEqual(await new TaskRunner().collect(nodeOf(columns.slice(0, 3)), {}, { scans }), [[7n, 8n, null]]);
});

test("a column of another type is refused", async () => {
  const other = join(folder, "other.parquet");
  await writeWithDuckDB(other, "SELECT 'text' AS i");
  const { columns, input } = await planOf(files.duckdb!);
  const { bytes, etag } = await openFooter(objects, other);
  const scans = [{ ...input, splits: [{ path: other, bytes, etag }] }];
  const error = { code: "type_mismatch", message: /"i" is VARCHAR in .* but BIGINT/ };
  await assert.rejects(new TaskRunner().collect(nodeOf(columns.slice(0, 1)), {}, { scans }), error);
});

test("nested columns are read as JSON text", async () => {
  const nested = join(folder, "nested.parquet");
  await writeWithDuckDB(nested, "SELECT [1, 2] AS list, {'a': 1} AS struct, 5 AS plain");
  const { columns, input } = await planOf(nested);
  const scans = [input];
  assert.deepEqual(await new TaskRunner().collect(nodeOf(columns.slice(2)), {}, { scans }), [[5]]);
  assert.deepEqual(await new TaskRunner().collect(nodeOf(columns.slice(0, 1)), {}, { scans }), [["[1,2]"]]);
});

test("a file that changed since planning is refused", async () => {
  const { columns, input } = await planOf(files.duckdb!);
  const scans = [{ ...input, splits: [{ ...input.splits[0]!, etag: "older" }] }];
  await assert.rejects(new TaskRunner().collect(nodeOf(columns.slice(0, 1)), {}, { scans }), { code: "corrupt_file" });
});

test("runtime filters prune row groups and drop rows", async () => {
  const { columns, input } = await planOf(files.duckdb!);
  const context = contextOf(new LinearMemory());
  const scanned = new ScanOperator(context, nodeOf(columns.slice(0, 1)), input);
  const { id } = columns[0]!;
  const even = (values: Vector, { ids, count }: RowSet): RowSet => {
    const kept = context.memory.alloc(count * 4);
    let n = 0;
    for (let k = 0; k < count; k++) {
      const row = ids === 0 ? k : context.memory.u32[(ids >> 2) + k]!;
      if (Number(readValue(context.memory, values, row)) % 2 === 0) context.memory.u32[(kept >> 2) + n++] = row;
    }
    return { ids: kept, count: n };
  };
  scanned.addRuntimeFilter({ column: id, min: "4090", max: "4103", membership: even });
  await scanned.open();
  const found: Value[] = [];
  for (let batch = await scanned.next(); batch; batch = await scanned.next()) {
    found.push(...readValues(context.memory, batch.columns[0]!));
  }
  assert.throws(() => scanned.addRuntimeFilter({ column: id, min: null, max: null }), { code: "internal" });
  await scanned.close();
  assert.deepEqual(found, [4090n, 4092n, 4094n, 4096n, 4098n, 4100n, 4102n]);
  assert.equal(scanned.metrics().counters.rowGroupsPruned, 8);
});

test("no key at all: a runtime filter reads nothing", async () => {
  const { columns, input } = await planOf(files.duckdb!);
  const scanned = new ScanOperator(contextOf(new LinearMemory()), nodeOf(columns.slice(0, 1)), input);
  scanned.addRuntimeFilter({ column: columns[0]!.id, min: null, max: null });
  await scanned.open();
  assert.equal(await scanned.next(), null);
  await scanned.close();
  assert.equal(scanned.metrics().counters.rowGroupsPruned, 10);
});

/** A store that tells of its reads. */
function watched(store: ObjectStore, onGet: (from: number) => void): ObjectStore {
  return new Proxy(store, {
    get(target, name) {
      if (name !== "get") return Reflect.get(target, name).bind(target);
      return (key: string, options: GetOptions) => {
        onGet(options.range?.from ?? 0);
        return target.get(key, options);
      };
    },
  });
}

test("the next row groups are on their way while one is decoded, and a bare LIMIT asks for no more", async () => {
  const { columns, input } = await planOf(files.duckdb!);
  for (const [limit, expected] of [
    [undefined, 4],
    [3, 2],
  ] as const) {
    const reads: number[] = [];
    const context = contextOf(
      new LinearMemory(),
      watched(new LocalFiles(), (from) => reads.push(from)),
    );
    const node = { ...nodeOf(columns), ...(limit !== undefined && { limit }) };
    const scanned = new ScanOperator(context, node, input);
    await scanned.open();
    assert.equal(reads.length, 0, "nothing is read before the first batch");
    await scanned.next();
    // The file's row groups touch: each is one request, after the footer's.
    assert.equal(reads.length, expected, `limit ${limit}`);
    await scanned.close();
    assert.equal(context.memory.usedBytes, 0);
  }
});

test("damaged files, page indexes included: an error or an answer, and no memory kept", async () => {
  const whole = readFileSync(files.pages!);
  const { columns, input } = await planOf(files.pages!);
  const footerBytes = whole.readUInt32LE(whole.length - 8);
  const filter = call(">", { kind: "column", ...columns[0]! }, { kind: "literal", type: types.int64, value: "9000" });
  for (let seed = 1; seed <= 100; seed++) {
    const random = seeded(seed);
    const bytes = Buffer.from(whole);
    const start = seed % 2 === 0 ? 0 : whole.length - footerBytes - 40_000; // where the page indexes are
    for (let i = 0; i <= random(3); i++) bytes[start + random(whole.length - start)]! ^= 1 << random(8);
    const store = new MemoryStore();
    const split = { ...(await store.put("damaged", bytes)), path: "damaged" };
    const context = contextOf(new LinearMemory(), store);
    const scanned = new ScanOperator(context, nodeOf(columns, [filter]), { ...input, splits: [split] });
    await scanned.open();
    try {
      for (let batch = await scanned.next(); batch; batch = await scanned.next()) {
        for (const column of batch.columns) readValues(context.memory, column);
      }
    } catch (error) {
      assert.ok(error instanceof QueryError && error.code !== "internal", `seed ${seed}: ${error}`);
    }
    await scanned.close();
    assert.equal(context.memory.usedBytes, 0, `seed ${seed}`);
  }
});

/** As much of a task's context as a scan uses. */
function contextOf(memory: LinearMemory, tables: ObjectStore = objects): TaskContext {
  const task = { options: {} } as Task;
  const signal = new AbortController().signal;
  return { memory, task, tables, signal, batchRows: 1000 } as unknown as TaskContext;
}
