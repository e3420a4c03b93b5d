import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import * as arrow from "apache-arrow";
import { type Schema, types } from "../../lib/arrow/types.ts";
import { ParquetStreamWriter } from "../../lib/parquet/write/stream-writer.ts";

let root: string;
let connection: DuckDBConnection;
before(async () => {
  root = await mkdtemp(join(tmpdir(), "volley-stream-"));
  connection = await (await DuckDBInstance.create(":memory:")).connect();
});
after(async () => {
  connection.closeSync();
  await rm(root, { recursive: true, force: true });
});

const schema: Schema = {
  fields: [
    { name: "b", type: types.boolean, nullable: true },
    { name: "i8", type: types.int8, nullable: true },
    { name: "i16", type: types.int16, nullable: true },
    { name: "i32", type: types.int32, nullable: true },
    { name: "i64", type: types.int64, nullable: true },
    { name: "f32", type: types.float32, nullable: true },
    { name: "f64", type: types.float64, nullable: true },
    { name: "s", type: types.varchar, nullable: true },
    { name: "bin", type: types.binary, nullable: true },
    { name: "d", type: types.date, nullable: true },
    { name: "dec", type: types.decimal(12, 2), nullable: true },
    { name: "n", type: types.null, nullable: true },
  ],
};

/** Rows first … first + count as an Arrow stream in batches of 7; every third row is null. */
function stream(first: number, count: number): Uint8Array {
  const rows = Array.from({ length: count }, (_, i) => first + i);
  const of = <T>(give: (row: number) => T): (T | null)[] => rows.map((row) => (row % 3 === 0 ? null : give(row)));
  const decimals = new Uint32Array(count * 4);
  rows.forEach((row, i) => {
    const wide = BigInt.asUintN(128, BigInt(row) * (row % 2 ? -101n : 101n));
    for (let w = 0; w < 4; w++) decimals[4 * i + w] = Number((wide >> BigInt(32 * w)) & 0xffffffffn);
  });
  const bitmap = new Uint8Array(Math.ceil(count / 8));
  rows.forEach((row, i) => {
    if (row % 3 !== 0) bitmap[i >> 3] = (bitmap[i >> 3] as number) | (1 << (i & 7));
  });
  const decimal = arrow.makeData({
    type: new arrow.Decimal(2, 12, 128),
    length: count,
    nullCount: of(() => 1).filter((value) => value === null).length,
    data: decimals,
    nullBitmap: bitmap,
  });
  const table = new arrow.Table({
    b: arrow.vectorFromArray(
      of((row) => row % 2 === 0),
      new arrow.Bool(),
    ),
    i8: arrow.vectorFromArray(
      of((row) => (row % 256) - 128),
      new arrow.Int8(),
    ),
    i16: arrow.vectorFromArray(
      of((row) => row - 300),
      new arrow.Int16(),
    ),
    i32: arrow.vectorFromArray(
      of((row) => row * -1000),
      new arrow.Int32(),
    ),
    i64: arrow.vectorFromArray(
      of((row) => BigInt(row) * 10_000_000_000n),
      new arrow.Int64(),
    ),
    f32: arrow.vectorFromArray(
      of((row) => row / 4),
      new arrow.Float32(),
    ),
    f64: arrow.vectorFromArray(
      of((row) => row / 8),
      new arrow.Float64(),
    ),
    s: arrow.vectorFromArray(
      of((row) => "é".repeat(row % 5)),
      new arrow.Utf8(),
    ),
    bin: arrow.vectorFromArray(
      of((row) => Uint8Array.of(row, 255)),
      new arrow.Binary(),
    ),
    d: arrow.vectorFromArray(
      of((row) => new Date(row * 86_400_000)),
      new arrow.DateDay(),
    ),
    dec: new arrow.Vector([decimal]),
    n: arrow.vectorFromArray(
      rows.map(() => null),
      new arrow.Null(),
    ),
  });
  return arrow.tableToIPC(table, "stream");
}

async function write(streams: readonly Uint8Array[]): Promise<string> {
  const parts: Uint8Array[] = [];
  const writer = new ParquetStreamWriter(schema, (bytes) => void parts.push(bytes));
  for (const bytes of streams) await writer.write(bytes);
  const size = await writer.finish();
  assert.equal(size, Buffer.concat(parts).length);
  const path = join(root, `${streams.length}.parquet`);
  await writeFile(path, Buffer.concat(parts));
  return path;
}

describe("ParquetStreamWriter", () => {
  it("joins streams, batches and nulls of every type", async () => {
    const path = await write([stream(1, 10), stream(11, 0), stream(11, 25), stream(36, 65)]);
    const expected = `
      select case when r % 3 = 0 then null else r % 2 = 0 end as b,
        case when r % 3 = 0 then null else (r % 256 - 128)::tinyint end as i8,
        case when r % 3 = 0 then null else (r - 300)::smallint end as i16,
        case when r % 3 = 0 then null else (r * -1000)::int end as i32,
        case when r % 3 = 0 then null else r * 10000000000 end as i64,
        case when r % 3 = 0 then null else (r / 4)::float end as f32,
        case when r % 3 = 0 then null else r / 8 end as f64,
        case when r % 3 = 0 then null else repeat('é', (r % 5)::int) end as s,
        case when r % 3 = 0 then null else from_hex(lpad(to_hex(r), 2, '0') || 'FF') end as bin,
        case when r % 3 = 0 then null else date '1970-01-01' + r::int end as d,
        case when r % 3 = 0 then null else (r * (case when r % 2 = 1 then -1.01 else 1.01 end))::decimal(12, 2) end as dec
      from range(1, 101) t(r)`;
    const actual = `select * exclude (n) from '${path}'`;
    const difference = await connection.runAndReadAll(
      `((${expected}) except all (${actual})) union all ((${actual}) except all (${expected}))`,
    );
    assert.deepEqual(difference.getRowsJson(), []);
    const counts = await connection.runAndReadAll(`select count(*), count(n), count(s) from '${path}'`);
    assert.deepEqual(counts.getRowsJson(), [["100", "0", "67"]]);
  });

  it("writes a file without rows", async () => {
    const path = await write([stream(1, 0)]);
    assert.deepEqual((await connection.runAndReadAll(`select count(*) from '${path}'`)).getRowsJson(), [["0"]]);
    await write([]);
  });
});
