import assert from "node:assert/strict";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { tableFromIPC } from "apache-arrow";
import { readParquet } from "parquet-wasm/node";
import { type DataType, type Schema, types } from "../../lib/arrow/types.ts";
import type { ColumnData, ColumnValues } from "../../lib/parquet/write/column-data.ts";
import { encodeRowGroup } from "../../lib/parquet/write/encode-row-group.ts";
import { ParquetFileWriter } from "../../lib/parquet/write/file-writer.ts";
import type { CodecName, ParquetWriteOptions } from "../../lib/parquet/write/row-group.ts";

let root: string;
let connection: DuckDBConnection;
before(async () => {
  root = await mkdtemp(join(tmpdir(), "volley-write-"));
  connection = await (await DuckDBInstance.create(":memory:")).connect();
});
after(async () => {
  connection.closeSync();
  await rm(root, { recursive: true, force: true });
});

/** A column's rows as SQL literals, null for NULL, and the same rows in the writer's layout. */
interface Sample {
  readonly name: string;
  readonly type: DataType;
  readonly sqlType: string;
  readonly literals: readonly (string | null)[];
  readonly values: ColumnValues;
}

const utf8 = new TextEncoder();

function words64(values: readonly (bigint | null)[]): ColumnValues {
  const wide = BigInt64Array.from(values, (value) => value ?? 0n);
  return { kind: "words", words: new Int32Array(wide.buffer) };
}

function words128(values: readonly (bigint | null)[]): ColumnValues {
  const wide = new BigInt64Array(values.length * 2);
  values.forEach((value, i) => {
    wide[2 * i] = BigInt.asIntN(64, value ?? 0n);
    wide[2 * i + 1] = BigInt.asIntN(64, (value ?? 0n) >> 64n);
  });
  return { kind: "words", words: new Int32Array(wide.buffer) };
}

function byteValues(values: readonly (Uint8Array | null)[]): Extract<ColumnValues, { kind: "bytes" }> {
  const offsets = new Int32Array(values.length + 1);
  values.forEach((value, i) => {
    offsets[i + 1] = (offsets[i] as number) + (value?.length ?? 0);
  });
  const bytes = new Uint8Array(offsets.at(-1) as number);
  values.forEach((value, i) => {
    if (value) bytes.set(value, offsets[i]);
  });
  return { kind: "bytes", offsets, bytes };
}

function bits(flags: readonly boolean[]): Uint8Array {
  const packed = new Uint8Array(Math.ceil(flags.length / 8));
  flags.forEach((flag, i) => {
    if (flag) packed[i >> 3] = (packed[i >> 3] as number) | (1 << (i & 7));
  });
  return packed;
}

const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;
const decimalText = (value: bigint, scale: number) => {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
};

/** mulberry32: a small seeded generator. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const int64s = [0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 4294967296n, -4294967297n, 255n];
const decimals38 = [0n, 1n, -1n, 10n ** 38n - 1n, -(10n ** 38n) + 1n, 2n ** 64n, -(2n ** 64n), 2n ** 96n + 7n];
const doubles = ["0.0", "-0.0", "1.5", "-1e308", "'NaN'", "'Infinity'", "'-Infinity'", "5e-324"];
const texts = ["", "a", "it's", "äöü", "日本", "😀", "long ".repeat(60), "a\u0000b"];

/** One sample per type: `rows` values cycling (or drawn) from `distinct` of the interesting ones, some null. */
function samples(rows: number, distinct: number, nullShare: number, seed: number): Sample[] {
  const random = randomOf(seed);
  const picks = Array.from({ length: rows }, () =>
    random() < nullShare ? null : distinct > 8 ? Math.floor(random() * distinct) : Math.floor(random() * 8),
  );
  const of = <T>(give: (pick: number) => T): (T | null)[] => picks.map((pick) => (pick === null ? null : give(pick)));
  const ints = (bits: number) =>
    of((pick) => {
      const range = 2 ** bits;
      return pick === 0 ? -range / 2 : pick === 1 ? range / 2 - 1 : ((pick * 7919) % range) - range / 2;
    });
  const i32 = (values: readonly (number | null)[]): ColumnValues => ({
    kind: "i32",
    values: Int32Array.from(values, (value) => value ?? 0),
  });
  const literal = (values: readonly (number | bigint | string | null)[]) =>
    values.map((v) => (v === null ? null : `${v}`));
  const longs = of((pick) => (pick < 8 ? (int64s[pick] as bigint) : BigInt(pick) * 1_000_000_007n));
  const cents = of((pick) => BigInt(pick % 2 ? -pick : pick) * 12_345n);
  const wides = of((pick) => (pick < 8 ? (decimals38[pick] as bigint) : BigInt(pick) * -(10n ** 30n)));
  const floats = of((pick) => (pick < 8 ? (doubles[pick] as string) : `${pick}.25`));
  const days = of((pick) => pick * 37 - 200);
  const strings = of((pick) => texts[pick] ?? `value ${pick}`);
  const flags = of((pick) => pick % 2 === 1);
  const tiny = ints(8);
  const small = ints(16);
  const plain = ints(32);
  const numbers = floats.map((text) => (text === null ? 0 : Number(text.replaceAll("'", ""))));
  return [
    {
      name: "b",
      type: types.boolean,
      sqlType: "BOOLEAN",
      literals: flags.map((f) => (f === null ? null : `${f}`)),
      values: { kind: "bits", bits: bits(flags.map((f) => f === true)) },
    },
    {
      name: "i8",
      type: types.int8,
      sqlType: "TINYINT",
      literals: literal(tiny),
      values: { kind: "i32", values: Int8Array.from(tiny, (v) => v ?? 0) },
    },
    {
      name: "i16",
      type: types.int16,
      sqlType: "SMALLINT",
      literals: literal(small),
      values: { kind: "i32", values: Int16Array.from(small, (v) => v ?? 0) },
    },
    { name: "i32", type: types.int32, sqlType: "INTEGER", literals: literal(plain), values: i32(plain) },
    { name: "i64", type: types.int64, sqlType: "BIGINT", literals: literal(longs), values: words64(longs) },
    {
      name: "f32",
      type: types.float32,
      sqlType: "FLOAT",
      literals: numbers.map((n, i) => (floats[i] === null ? null : quote(`${Math.fround(n)}`))),
      values: { kind: "words", words: new Int32Array(Float32Array.from(numbers).buffer) },
    },
    {
      name: "f64",
      type: types.float64,
      sqlType: "DOUBLE",
      literals: floats,
      values: { kind: "words", words: new Int32Array(Float64Array.from(numbers).buffer) },
    },
    {
      name: "d9",
      type: types.decimal(9, 2),
      sqlType: "DECIMAL(9,2)",
      literals: cents.map((c) => (c === null ? null : decimalText(c % 10n ** 9n, 2))),
      values: words64(cents.map((c) => (c === null ? null : c % 10n ** 9n))),
    },
    {
      name: "d15",
      type: types.decimal(15, 2),
      sqlType: "DECIMAL(15,2)",
      literals: cents.map((c) => (c === null ? null : decimalText(c, 2))),
      values: words64(cents),
    },
    {
      name: "d38",
      type: types.decimal(38, 5),
      sqlType: "DECIMAL(38,5)",
      literals: wides.map((w) => (w === null ? null : decimalText(w, 5))),
      values: words128(wides),
    },
    {
      name: "date",
      type: types.date,
      sqlType: "DATE",
      literals: days.map((d) => (d === null ? null : quote(new Date(d * 86_400_000).toISOString().slice(0, 10)))),
      values: i32(days),
    },
    {
      name: "ts",
      type: types.timestamp,
      sqlType: "TIMESTAMP",
      literals: days.map((d) => (d === null ? null : quote(new Date(d * 86_400_123).toISOString().slice(0, 23)))),
      values: words64(days.map((d) => (d === null ? null : BigInt(d) * 86_400_123_000n))),
    },
    {
      name: "s",
      type: types.varchar,
      sqlType: "VARCHAR",
      literals: strings.map((s) => (s === null ? null : s.split("\u0000").map(quote).join(" || chr(0) || "))),
      values: byteValues(strings.map((s) => (s === null ? null : utf8.encode(s)))),
    },
    {
      name: "bin",
      type: types.binary,
      sqlType: "BLOB",
      literals: strings.map((s) => (s === null ? null : `from_hex('${Buffer.from(utf8.encode(s)).toString("hex")}')`)),
      values: byteValues(strings.map((s) => (s === null ? null : utf8.encode(s)))),
    },
    {
      name: "iv",
      type: types.interval,
      sqlType: "INTERVAL",
      literals: picks.map((p) =>
        p === null ? null : `to_months(${p}) + to_days(${p * 2}) + to_milliseconds(${p * 3})`,
      ),
      values: intervals(picks),
    },
  ];
}

function intervals(picks: readonly (number | null)[]): ColumnValues {
  const words = new Int32Array(picks.length * 4);
  picks.forEach((pick, i) => {
    words.set([pick ?? 0, (pick ?? 0) * 2, (pick ?? 0) * 3000, 0], i * 4);
  });
  return { kind: "words", words };
}

async function write(
  path: string,
  schema: Schema,
  groups: readonly { columns: readonly ColumnData[]; rows: number }[],
  options: ParquetWriteOptions,
): Promise<void> {
  const handle = await open(path, "w");
  const writer = new ParquetFileWriter(schema, async (bytes) => void (await handle.writeFile(bytes)));
  for (const { columns, rows } of groups) await writer.append(encodeRowGroup(schema, columns, rows, options));
  await writer.finish();
  await handle.close();
}

function withNulls(sample: Sample): ColumnData {
  const valid = sample.literals.map((literal) => literal !== null);
  return valid.every(Boolean) ? { values: sample.values } : { values: sample.values, validity: bits(valid) };
}

/** Rows that the file has and the samples have not, and the other way round; in order. */
async function differences(path: string, sampled: readonly Sample[]): Promise<unknown[]> {
  const columns = sampled.map(({ name, sqlType }) => `"${name}" ${sqlType}`).join(", ");
  await connection.run(`create or replace temp table expected (rn bigint, ${columns})`);
  const rows = sampled[0]?.literals.length ?? 0;
  for (let start = 0; start < rows; start += 500) {
    const tuples = Array.from({ length: Math.min(500, rows - start) }, (_, i) => {
      const cells = sampled.map(({ literals }) => literals[start + i] ?? "null");
      return `(${[start + i + 1, ...cells].join(", ")})`;
    });
    await connection.run(`insert into expected values ${tuples.join(", ")}`);
  }
  const actual = `select row_number() over () as rn, * from '${path}'`;
  const reader = await connection.runAndReadAll(
    `(from (${actual}) except all from expected) union all (from expected except all from (${actual})) limit 4`,
  );
  return reader.getRowsJson();
}

const codecs: readonly CodecName[] = ["uncompressed", "snappy", "gzip", "zstd"];
const cases = codecs.flatMap((codec) =>
  (codec === "snappy" ? [0, 0.3, 1] : [0.3]).flatMap((nullShare) =>
    [8, 4000].map((distinct) => ({ codec, nullShare, distinct })),
  ),
);

describe("ParquetFileWriter", () => {
  for (const { codec, nullShare, distinct } of cases) {
    it(`writes every type: ${codec}, nulls ${nullShare}, ${distinct} distinct`, async () => {
      const sampled = samples(2500, distinct, nullShare, 42);
      const schema: Schema = { fields: sampled.map(({ name, type }) => ({ name, type, nullable: nullShare > 0 })) };
      const path = join(root, `${codec}-${nullShare}-${distinct}.parquet`);
      await write(path, schema, [{ columns: sampled.map(withNulls), rows: 2500 }], { codec, pageRowsMax: 700 });
      assert.deepEqual(await differences(path, sampled), []);
      const described = await connection.runAndReadAll(`describe from '${path}'`);
      assert.deepEqual(
        described.getRows().map((row) => row[1]),
        sampled.map(({ sqlType }) => sqlType),
      );
    });
  }

  it("is read by parquet-wasm", async () => {
    const sampled = samples(1000, 8, 0.3, 7).filter(({ name }) => name !== "iv");
    const schema: Schema = { fields: sampled.map(({ name, type }) => ({ name, type, nullable: true })) };
    const path = join(root, "wasm.parquet");
    await write(path, schema, [{ columns: sampled.map(withNulls), rows: 1000 }], { pageRowsMax: 300 });
    const { readFile } = await import("node:fs/promises");
    const table = tableFromIPC(readParquet(await readFile(path)).intoIPCStream());
    assert.equal(table.numRows, 1000);
    const strings = sampled.find(({ name }) => name === "s");
    const nulls = strings?.literals.filter((literal) => literal === null).length;
    for (const column of schema.fields) assert.equal(table.getChild(column.name)?.nullCount, nulls, column.name);
  });

  it("keeps row groups apart, leaves out empty ones and writes a file without rows", async () => {
    const schema: Schema = { fields: [{ name: "x", type: types.int32, nullable: false }] };
    const group = (...values: number[]) => ({
      columns: [{ values: { kind: "i32", values: Int32Array.from(values) } as const }],
      rows: values.length,
    });
    const path = join(root, "groups.parquet");
    await write(path, schema, [group(3, 1, 2), group(), group(7)], {});
    const metadata = await connection.runAndReadAll(
      `select row_group_id, row_group_num_rows, stats_min_value, stats_max_value from parquet_metadata('${path}')`,
    );
    assert.deepEqual(metadata.getRowsJson(), [
      ["0", "3", "1", "3"],
      ["1", "1", "7", "7"],
    ]);
    const empty = join(root, "empty.parquet");
    await write(empty, schema, [group()], {});
    assert.deepEqual((await connection.runAndReadAll(`select count(*) from '${empty}'`)).getRowsJson(), [["0"]]);
  });

  it("stores exact statistics, and none where there is NaN", async () => {
    const doubles = Float64Array.of(Number.NaN, 0, -5, Number.NaN, 3);
    const numbers = Float64Array.of(1, 0, -5, 2, 3);
    const zeros = Float64Array.of(0, -0, 0, 0, 0);
    const decimals = words128([1n, -(2n ** 100n), 2n ** 100n, 5n, 0n]);
    const schema: Schema = {
      fields: [
        { name: "f", type: types.float64, nullable: false },
        { name: "n", type: types.float64, nullable: false },
        { name: "z", type: types.float64, nullable: false },
        { name: "d", type: types.decimal(38, 0), nullable: false },
      ],
    };
    const columns: ColumnData[] = [
      { values: { kind: "words", words: new Int32Array(doubles.buffer) } },
      { values: { kind: "words", words: new Int32Array(numbers.buffer) } },
      { values: { kind: "words", words: new Int32Array(zeros.buffer) } },
      { values: decimals },
    ];
    const path = join(root, "stats.parquet");
    await write(path, schema, [{ columns, rows: 5 }], {});
    const metadata = await connection.runAndReadAll(
      `select stats_min_value, stats_max_value from parquet_metadata('${path}') order by column_id`,
    );
    const [withNaN, plain, zero, wide] = metadata.getRowsJson() as string[][];
    assert.deepEqual(withNaN, [null, null]);
    assert.deepEqual(plain?.map(Number), [-5, 3]);
    assert.deepEqual(zero, ["-0.0", "0.0"]);
    assert.deepEqual(wide, [`${-(2n ** 100n)}`, `${2n ** 100n}`]);
  });

  it("writes only the entries in use of a dictionary, once each", async () => {
    const entries = byteValues(["x", "unused", "y", "x"].map((text) => utf8.encode(text)));
    const column: ColumnData = {
      values: { kind: "dictionary", codes: Uint8Array.of(3, 0, 2, 0, 2, 3), entries, entryCount: 4 },
      validity: bits([true, true, true, false, true, true]),
    };
    const schema: Schema = { fields: [{ name: "s", type: types.varchar, nullable: true }] };
    const encoded = encodeRowGroup(schema, [column], 6);
    assert.equal(encoded.chunks[0]?.statistics.distinct, 2);
    assert.equal(encoded.chunks[0]?.statistics.nulls, 1);
    const path = join(root, "dictionary.parquet");
    await write(path, schema, [{ columns: [column], rows: 6 }], {});
    const rows = await connection.runAndReadAll(`from '${path}'`);
    assert.deepEqual(rows.getRowsJson().flat(), ["x", "x", "y", null, "y", "x"]);
  });

  it("refuses a null in a required column and an interval finer than a millisecond", () => {
    const required: Schema = { fields: [{ name: "x", type: types.int32, nullable: false }] };
    const withNull: ColumnData = {
      values: { kind: "i32", values: Int32Array.of(1, 2) },
      validity: bits([true, false]),
    };
    assert.throws(() => encodeRowGroup(required, [withNull], 2), /null in the column/);
    const interval: Schema = { fields: [{ name: "x", type: types.interval, nullable: false }] };
    const micros: ColumnData = { values: { kind: "words", words: Int32Array.of(0, 0, 1, 0) } };
    assert.throws(() => encodeRowGroup(interval, [micros], 1), /finer than a millisecond/);
  });
});
