/** Casts between all types over random values, and from awkward texts, against DuckDB. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { DuckDBConnection } from "@duckdb/node-api";
import { type DataType, typeName, types } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";
import { QueryError } from "../../lib/errors.ts";
import { castValue } from "../../lib/expr/cast.ts";
import { castable } from "../../lib/expr/coercion.ts";
import { formatValue } from "../../lib/expr/format-value.ts";
import { castCanFail } from "../../lib/expr/properties.ts";
import { connectDuckDb, duckEvaluate } from "./duckdb-values.ts";
import { Random, randomValue } from "./random-values.ts";

const rowsPerCase = Number(process.env.VOLLEY_TEST_ROWS ?? 60);
const { decimal } = types;
const all: readonly DataType[] = [
  types.boolean,
  types.int8,
  types.int16,
  types.int32,
  types.int64,
  types.float32,
  types.float64,
  decimal(5, 2),
  decimal(18, 0),
  decimal(18, 6),
  decimal(38, 10),
  types.date,
  types.timestamp,
  types.interval,
  types.varchar,
  types.binary,
];

/** Texts that some type reads, and some that none does. */
const texts =
  `0|1|-1|+5|127|128|-129|32768|2147483647|2147483648|9223372036854775807|9223372036854775808|1.5|2.5|-2.5|0.5|.5|5.|.|-|1e3|1e-1|1.5e1|1e400|
1_000|1__0|_1|1_|0x1F|0b11| 12 |12 3|12a|inf|-inf|+Infinity|nan|NaN|true|false|t|F|yes|No|on|TRUE|100.5|99.995|999.99|0.005|-0.005|123456789.123456789|
2020-01-01|2020-1-1|2020/01/02| 2020-01-03 |2020-02-30|2020-13-01|2020-00-01|2020-01|20-01-01|12345-01-01|0000-01-01|-0001-01-01|0044-03-15 (BC)|epoch|+2020-01-01|
2020-01-01 10:00:00|2020-01-01 10:00|2020-01-01T10:00:00|2020-01-01T10:00:00Z|2020-01-01 10:00:00.5|2020-01-01 10:00:00.123456789|2020-01-01 1:2:3|2020-01-01 24:00:00|
2020-01-01 24:00:01|2020-01-01 10:60:00|2020-01-01 10:00:00+02|2020-01-01 10:00:00-02:30|2020-01-01 10:00:00.|2020-01-01 10:00:00 UTC|300000-01-01|
1 day|1 year 2 months 3 days 04:05:06|-1 month|1.5 days|0.1 month|1.5 years|90 minutes|1 day ago|1 day -1 second|2 weeks|1:02|-1:02:03|1day|@ 1 day|13 months|
1 mon 1 d 1 h 1 m 1 s|3 secs 4 mins 5 hrs 6 yrs|1 fortnight|\\xAB\\xCDa|\\xA|a b|é|\\|x'y"z`
    .split("|")
    .map((t) => t.replace(/^\n/, ""));

let connection: DuckDBConnection;
before(async () => {
  connection = await connectDuckDb();
});
after(() => connection.closeSync());

function duckName(type: DataType): string {
  return type.kind === "binary" ? "BLOB" : typeName(type);
}

function ours(value: Value, from: DataType, to: DataType): string | null {
  try {
    const result = castValue(value, from, to);
    return result === null ? null : formatValue(result, to);
  } catch (error) {
    if (!(error instanceof QueryError) || error.code === "internal") throw error;
    assert.ok(castCanFail(from, to), `castCanFail(${typeName(from)}, ${typeName(to)}) says no: ${error.message}`);
    return null;
  }
}

function same(a: string | null, b: string | null, to: DataType): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  // DuckDB divides decimals by a power of ten that has itself been rounded.
  const tolerance = to.kind === "float32" ? 2e-7 : to.kind === "float64" ? 4e-16 : 0;
  return Math.abs(Number(a) - Number(b)) <= tolerance * Math.abs(Number(a));
}

async function compare(from: DataType, to: DataType, values: readonly Value[]): Promise<void> {
  const expected = await duckEvaluate(
    connection,
    `CAST(c0 AS ${duckName(to)})`,
    [from],
    values.map((value) => [value]),
  );
  const differences = values.flatMap((value, i) => {
    const text = ours(value, from, to);
    if (same(text, expected[i]!, to)) return [];
    return [`${value === null ? "NULL" : formatValue(value, from)} → ${text}, DuckDB ${expected[i]}`];
  });
  assert.deepEqual(differences.slice(0, 8), [], `${differences.length} of ${values.length} differ`);
}

/** Where DuckDB is wrong or does something else on purpose. */
function excluded(value: Value, from: DataType, to: DataType): boolean {
  if (value === null) return false;
  const integer = ["int8", "int16", "int32", "int64"].includes(to.kind);
  // 127.5 becomes -128 there, and 2^63 passes; the exact digits of a REAL's text differ.
  if ((from.kind === "float64" || from.kind === "float32") && integer)
    return Math.abs(value as number) > 100 && !Number.isInteger(value);
  // It scales a REAL to a decimal in single precision, and does not always print its fewest digits.
  if (from.kind === "float32" && (to.kind === "varchar" || to.kind === "decimal")) return true;
  return false;
}

for (const [i, from] of all.entries()) {
  for (const [j, to] of all.entries()) {
    if (i === j || !castable(from, to) || from.kind === "varchar") continue;
    test(`${typeName(from)} to ${typeName(to)}`, async () => {
      const random = new Random(i * 100 + j);
      const values = Array.from({ length: rowsPerCase }, () => randomValue(random, from));
      await compare(
        from,
        to,
        values.filter((value) => !excluded(value, from, to)),
      );
    });
  }
}

/** There are no infinite dates here, a wrong time after a date is an error, and bare numbers of seconds may look like any number. */
const differs: Partial<Record<DataType["kind"], readonly string[]>> = {
  date: ["inf", "-inf", "2020-01-01 24:00:01", "2020-01-01 10:60:00"],
  timestamp: ["inf", "-inf", " 2020-01-03 "],
  interval: ["+5", ".5"],
};

for (const to of all) {
  if (to.kind === "varchar") continue;
  test(`text to ${typeName(to)}`, () =>
    compare(
      types.varchar,
      to,
      texts.filter((text) => !differs[to.kind]?.includes(text)),
    ));
}
