/** Every aggregate over random rows against DuckDB, whole and through partial states. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { DuckDBConnection } from "@duckdb/node-api";
import { type DataType, types } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";
import { Accumulator } from "../../lib/expr/accumulate.ts";
import { hasPartialState, stateTypes } from "../../lib/expr/aggregate-state.ts";
import { aggregateCall } from "../../lib/expr/aggregates.ts";
import { column, literal } from "../../lib/expr/build.ts";
import type { AggregateCall } from "../../lib/expr/expr.ts";
import { formatValue } from "../../lib/expr/format-value.ts";
import { literalOfValue, valueOfLiteral } from "../../lib/expr/value.ts";
import { connectDuckDb, duckLiteral } from "./duckdb-values.ts";
import { Random, randomValue } from "./random-values.ts";

const { int8, int16, int32, int64, varchar, date, timestamp, boolean } = types;
const decimal = types.decimal;
const tame: DataType = { kind: "float64" };

interface Case {
  readonly fn: string;
  readonly args: readonly DataType[];
  readonly sql?: string;
  readonly constant?: number;
}

const each = (fns: string, argLists: readonly (readonly DataType[])[], more: Partial<Case> = {}): Case[] =>
  fns.split(" ").flatMap((fn) => argLists.map((args) => ({ fn, args, ...more })));

const numeric = [int8, int16, int32, int64, decimal(9, 2), decimal(18, 6), decimal(30, 4), tame];
const ordered = [...numeric, varchar, date, timestamp, boolean];
const pairs = [
  [tame, tame],
  [int32, decimal(9, 2)],
];

const cases: readonly Case[] = [
  ...each(
    "count min max first last any_value mode",
    ordered.map((t) => [t]),
  ),
  ...each("arg_min arg_max", [
    [varchar, int32],
    [int32, varchar],
    [date, decimal(9, 2)],
  ]),
  ...each(
    "sum avg",
    numeric.filter((t) => t.kind !== "int64").map((t) => [t]),
  ),
  ...each(
    "median mad",
    numeric.map((t) => [t]),
  ),
  ...each("median", [[date], [timestamp], [varchar]]),
  ...[0, 0.1, 0.25, 0.5, 0.9, 1].flatMap((constant) =>
    each("quantile_cont quantile_disc", [[int32], [decimal(9, 2)], [tame]], { constant }),
  ),
  ...each("bool_and bool_or count_if", [[boolean]]),
  ...each("bit_and bit_or bit_xor", [[int8], [int32], [int64]]),
  ...each("var_samp var_pop stddev_samp stddev_pop skewness kurtosis kurtosis_pop sem product", [
    [int8],
    [decimal(9, 2)],
    [tame],
  ]),
  ...each(
    "covar_pop covar_samp corr regr_slope regr_intercept regr_r2 regr_avgx regr_avgy regr_sxx regr_syy regr_sxy regr_count",
    pairs,
  ),
  ...each("entropy", [[int8], [varchar]]),
  ...each("string_agg", [[varchar]], { sql: "string_agg(c0, ',' ORDER BY i)" }),
];

let connection: DuckDBConnection;
before(async () => {
  connection = await connectDuckDb();
});
after(() => connection.closeSync());

function draw(random: Random, type: DataType): Value {
  if (type !== tame) return randomValue(random, type);
  return random.next() < 0.1 ? null : random.int(-1000, 1000) / random.pick([1, 2, 4, 8]);
}

function close(a: string | null, b: string | null): boolean {
  if (a === b || (a !== null && b !== null && /nan/.test(a) && /nan/.test(b))) return true;
  if (a === null || b === null) return false;
  const [x, y] = [Number(a), Number(b)];
  return Math.abs(x - y) <= 1e-9 * Math.max(Math.abs(x), Math.abs(y)) || Math.abs(x - y) < 1e-9;
}

/** The same through states of three tasks, each written as JSON and read again. */
function throughStates(call: AggregateCall, rows: readonly (readonly Value[])[]): Value {
  const total = new Accumulator(call);
  const columns = stateTypes(call);
  for (let task = 0; task < 3; task++) {
    const part = new Accumulator(call);
    for (const row of rows.slice((rows.length * task) / 3, (rows.length * (task + 1)) / 3))
      part.addRow((id) => row[id]!);
    const wire = JSON.stringify(part.state().map((value, i) => literalOfValue(columns[i]!, value)));
    total.merge((JSON.parse(wire) as never[]).map((value, i) => valueOfLiteral(columns[i]!, value)));
  }
  return total.result();
}

for (const [index, { fn, args, sql, constant }] of cases.entries()) {
  test(`${fn}(${args.map((arg) => JSON.stringify(arg)).join(", ")}${constant === undefined ? "" : `, ${constant}`})`, async () => {
    const random = new Random(index + 1);
    // count_if of no rows is NULL there.
    for (const size of fn === "count_if" ? [1, 2, 7, 50] : [0, 1, 2, 3, 4, 7, 50]) {
      const rows = Array.from({ length: size }, () => args.map((type) => draw(random, type)));
      const exprs = args.map((type, id) => column({ id, name: `c${id}`, type, nullable: true }));
      const call = aggregateCall(fn, constant === undefined ? exprs : [...exprs, literal(types.float64, constant)]);
      const accumulator = new Accumulator(call);
      for (const row of rows) accumulator.addRow((id) => row[id]!);
      const results = [accumulator.result()];
      if (hasPartialState(call)) results.push(throughStates(call, rows));

      const values = rows.map(
        (row, i) => `(${[i, ...row.map((value, j) => duckLiteral(value, args[j]!))].join(", ")})`,
      );
      const names = ["i", ...args.map((_, i) => `c${i}`)].join(", ");
      const empty = `(${["-1", ...args.map((type) => duckLiteral(null, type))].join(", ")})`;
      const from = `(SELECT * FROM (VALUES ${[empty, ...values].join(", ")}) v(${names}) WHERE i >= 0 ORDER BY i) t`;
      const list = [...args.map((_, i) => `c${i}`), ...(constant === undefined ? [] : [constant])].join(", ");
      const reader = await connection.runAndReadAll(`SELECT (${sql ?? `${fn}(${list})`})::VARCHAR FROM ${from}`);
      const expected = reader.getRows()[0]![0] as string | null;
      for (const result of results) {
        const text = result === null ? null : formatValue(result, call.type);
        assert.ok(close(text, expected), `${size} rows: ${text}, DuckDB ${expected}; ${rows.join(" | ")}`);
      }
    }
  });
}
