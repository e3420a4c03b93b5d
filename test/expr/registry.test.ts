/** Resolution of calls: types, casts, errors; the registries and their documentation. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { functionDocs, functionDocsPath } from "../../bin/write-function-docs.ts";
import { type DataType, typeName, types } from "../../lib/arrow/types.ts";
import { QueryError } from "../../lib/errors.ts";
import { hasPartialState, stateTypes } from "../../lib/expr/aggregate-state.ts";
import { aggregateCall, aggregateFamilies } from "../../lib/expr/aggregates.ts";
import { call, cast, inList, literal, nullLiteral } from "../../lib/expr/build.ts";
import { canImplicitlyCast, castable, commonType } from "../../lib/expr/coercion.ts";
import type { ColumnExpr, Expr, LiteralExpr } from "../../lib/expr/expr.ts";
import { functionFamilies } from "../../lib/expr/functions/registry.ts";

const { decimal } = types;

function col(type: DataType): ColumnExpr {
  return { kind: "column", id: 1, name: "c", type, nullable: true };
}

const int = (value: number) => literal(types.int32, value);
const text = (value: string) => literal(types.varchar, value);
/** A decimal literal such as 0.05. */
function dec(value: string): LiteralExpr {
  const [whole = "", fraction = ""] = value.split(".");
  const digits = `${whole}${fraction}`.replace(/^0+(?=\d)/, "");
  return literal(decimal(Math.max(digits.length, fraction.length), fraction.length), digits);
}

/** An expression with its types: `fn(arg, …): TYPE`. */
function show(expr: Expr): string {
  if (expr.kind === "literal") return `${JSON.stringify(expr.value)}: ${typeName(expr.type)}`;
  if (expr.kind === "column") return typeName(expr.type);
  if (expr.kind === "cast") return `cast(${show(expr.input)}): ${typeName(expr.type)}`;
  if (expr.kind === "call") return `${expr.fn}(${expr.args.map(show).join(", ")}): ${typeName(expr.type)}`;
  return `${expr.kind}: ${typeName(expr.type)}`;
}

const resolutions: readonly [fn: string, args: readonly Expr[], shown: string][] = [
  // Number literals bend to the other side.
  ["+", [col(types.int8), int(1)], "+(TINYINT, 1: TINYINT): TINYINT"],
  ["+", [col(types.int8), int(300)], "+(cast(TINYINT): INTEGER, 300: INTEGER): INTEGER"],
  ["+", [col(types.int16), col(types.int64)], "+(cast(SMALLINT): BIGINT, BIGINT): BIGINT"],
  ["<", [col(decimal(15, 2)), int(24)], '<(DECIMAL(15,2), "2400": DECIMAL(4,2)): BOOLEAN'],
  [">=", [col(decimal(15, 2)), dec("0.05")], '>=(DECIMAL(15,2), "5": DECIMAL(2,2)): BOOLEAN'],
  ["=", [col(types.float32), dec("0.1")], '=(REAL, cast("1": DECIMAL(1,1)): REAL): BOOLEAN'],
  ["=", [col(types.float64), int(1)], "=(DOUBLE, cast(1: INTEGER): DOUBLE): BOOLEAN"],
  ["=", [col(types.date), text("1995-01-01")], '=(DATE, cast("1995-01-01": VARCHAR): DATE): BOOLEAN'],
  ["=", [text("5"), col(types.int32)], '=(cast("5": VARCHAR): INTEGER, INTEGER): BOOLEAN'],
  ["=", [nullLiteral(), col(types.date)], "=(null: DATE, DATE): BOOLEAN"],
  ["=", [col(types.date), col(types.timestamp)], "=(cast(DATE): TIMESTAMP, TIMESTAMP): BOOLEAN"],
  ["=", [col(types.boolean), int(1)], "=(cast(BOOLEAN): INTEGER, 1: INTEGER): BOOLEAN"],
  // Equality, and it alone, reads a text column as what it is compared with.
  ["=", [col(types.varchar), col(types.int32)], "=(cast(VARCHAR): INTEGER, INTEGER): BOOLEAN"],
  ["<>", [col(types.date), col(types.varchar)], "<>(DATE, cast(VARCHAR): DATE): BOOLEAN"],
  // Decimals: one scale for sums and comparisons, the storage width of both alike for comparisons.
  ["=", [col(decimal(15, 2)), col(decimal(10, 2))], "=(DECIMAL(15,2), DECIMAL(10,2)): BOOLEAN"],
  ["=", [col(decimal(15, 2)), col(decimal(10, 4))], "=(cast(DECIMAL(15,2)): DECIMAL(17,4), DECIMAL(10,4)): BOOLEAN"],
  ["=", [col(decimal(15, 2)), col(decimal(20, 2))], "=(cast(DECIMAL(15,2)): DECIMAL(20,2), DECIMAL(20,2)): BOOLEAN"],
  ["-", [int(1), col(decimal(15, 2))], '-("100": DECIMAL(3,2), DECIMAL(15,2)): DECIMAL(16,2)'],
  ["+", [col(decimal(38, 2)), col(decimal(38, 2))], "+(DECIMAL(38,2), DECIMAL(38,2)): DECIMAL(38,2)"],
  ["*", [col(decimal(15, 2)), col(decimal(16, 2))], "*(DECIMAL(15,2), DECIMAL(16,2)): DECIMAL(31,4)"],
  ["*", [col(types.int32), col(decimal(15, 2))], "*(cast(INTEGER): DECIMAL(10,0), DECIMAL(15,2)): DECIMAL(25,2)"],
  ["*", [col(decimal(15, 2)), col(types.float64)], "*(cast(DECIMAL(15,2)): DOUBLE, DOUBLE): DOUBLE"],
  ["/", [col(decimal(15, 2)), int(7)], "/(cast(DECIMAL(15,2)): DOUBLE, cast(7: INTEGER): DOUBLE): DOUBLE"],
  ["/", [col(types.int32), int(7)], "/(INTEGER, 7: INTEGER): INTEGER"],
  ["%", [col(decimal(5, 2)), int(7)], '%(DECIMAL(5,2), "700": DECIMAL(5,2)): DECIMAL(5,2)'],
  ["neg", [int(5)], "-5: INTEGER"],
  ["neg", [literal(types.int64, "2147483648")], "-2147483648: INTEGER"],
  ["neg", [literal(decimal(19, 0), "9223372036854775808")], '"-9223372036854775808": BIGINT'],
  // Dates
  ["+", [col(types.date), int(1)], 'date_add_days(DATE, "1": BIGINT): DATE'],
  ["+", [int(1), col(types.date)], 'date_add_days(DATE, "1": BIGINT): DATE'],
  ["+", [col(types.date), col(types.interval)], "timestamp_add_interval(cast(DATE): TIMESTAMP, INTERVAL): TIMESTAMP"],
  [
    "-",
    [col(types.timestamptz), col(types.interval)],
    "timestamp_subtract_interval(TIMESTAMP WITH TIME ZONE, INTERVAL): TIMESTAMP WITH TIME ZONE",
  ],
  ["-", [col(types.date), col(types.date)], "date_difference(DATE, DATE): BIGINT"],
  ["-", [col(types.timestamp), col(types.date)], "timestamp_difference(TIMESTAMP, cast(DATE): TIMESTAMP): INTERVAL"],
  ["*", [int(2), col(types.interval)], "interval_multiply(INTERVAL, cast(2: INTEGER): DOUBLE): INTERVAL"],
  ["date_part", [text("YEARS"), col(types.date)], "year(DATE): BIGINT"],
  ["extract", [text("epoch"), col(types.timestamp)], "epoch(TIMESTAMP): DOUBLE"],
  ["date_trunc", [text("month"), col(types.date)], 'date_trunc("month": VARCHAR, cast(DATE): TIMESTAMP): TIMESTAMP'],
  // The rest
  [
    "IFNULL",
    [col(types.int32), dec("2.5")],
    'coalesce(cast(INTEGER): DECIMAL(11,1), "25": DECIMAL(11,1)): DECIMAL(11,1)',
  ],
  ["||", [col(types.int32), text("x")], 'concat_op(cast(INTEGER): VARCHAR, "x": VARCHAR): VARCHAR'],
  ["round", [col(decimal(9, 4)), int(2)], "round(DECIMAL(9,4), 2: INTEGER): DECIMAL(9,2)"],
  ["floor", [col(decimal(9, 4))], "floor(DECIMAL(9,4)): DECIMAL(9,0)"],
  ["typeof", [col(decimal(9, 4))], '"DECIMAL(9,4)": VARCHAR'],
  ["and", [col(types.boolean), int(1)], "and(BOOLEAN, cast(1: INTEGER): BOOLEAN): BOOLEAN"],
  ["!~~", [col(types.varchar), text("a%")], 'not(like(VARCHAR, "a%": VARCHAR): BOOLEAN): BOOLEAN'],
];

for (const [fn, args, shown] of resolutions) {
  test(`${fn}: ${shown}`, () => assert.equal(show(call(fn, args)), shown));
}

const span = { line: 2, column: 7 };
const mistakes: readonly [what: string, run: () => unknown, code: string, message: RegExp, hint?: RegExp][] = [
  ["unknown", () => call("substrin", [], span), "unknown_function", /no function substrin/, /substring/],
  ["no types", () => call("length", [int(1)], span), "type_mismatch", /length\(INTEGER\)/, /length\(varchar\)/],
  [
    "text and number",
    () => call("<", [col(types.varchar), col(types.int32)], span),
    "type_mismatch",
    /VARCHAR < INTEGER/,
    /CAST/,
  ],
  [
    "text and number literal",
    () => call("<", [col(types.varchar), int(1)], span),
    "type_mismatch",
    /VARCHAR < INTEGER/,
  ],
  [
    "booleans do not add",
    () => call("+", [col(types.boolean), col(types.boolean)], span),
    "type_mismatch",
    /BOOLEAN \+ BOOLEAN/,
  ],
  ["a scale too large", () => call("*", [col(decimal(38, 20)), col(decimal(38, 20))], span), "overflow", /40 digits/],
  ["a bad part", () => call("date_part", [text("fortnight"), col(types.date)], span), "invalid_argument", /fortnight/],
  ["in", () => inList(col(types.date), [col(types.int32)], span), "type_mismatch", /IN cannot mix DATE and INTEGER/],
  ["cast", () => cast(col(types.date), types.int32, { span }), "type_mismatch", /cannot cast DATE to INTEGER/],
  ["aggregate", () => aggregateCall("sum", [col(types.varchar)], { span }), "type_mismatch", /sum\(VARCHAR\)/],
  ["no aggregate", () => aggregateCall("medin", [col(types.int32)], { span }), "unknown_function", /medin/, /median/],
];

for (const [what, run, code, message, hint] of mistakes) {
  test(`mistake: ${what}`, () => {
    assert.throws(run, (error) => {
      assert.ok(error instanceof QueryError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      if (hint) assert.match(error.hint ?? "", hint);
      assert.deepEqual(error.span, span);
      return true;
    });
  });
}

test("commonType is symmetric, takes NULL for anything, and is its own with itself", () => {
  const all: DataType[] = [
    types.boolean,
    types.int8,
    types.int16,
    types.int32,
    types.int64,
    types.float32,
    types.float64,
    decimal(9, 2),
    decimal(38, 10),
    types.date,
    types.timestamp,
    types.timestamptz,
    types.interval,
    types.varchar,
    types.binary,
  ];
  for (const a of all) {
    assert.deepEqual(commonType(a, a), a);
    assert.deepEqual(commonType(a, types.null), a);
    for (const b of all) {
      const common = commonType(a, b);
      assert.deepEqual(commonType(b, a), common);
      if (common) assert.ok(castable(a, common) && castable(b, common), `${typeName(a)}, ${typeName(b)}`);
      if (canImplicitlyCast(a, b)) assert.ok(castable(a, b));
    }
  }
  assert.deepEqual(commonType(types.int64, decimal(9, 2)), decimal(21, 2));
  assert.deepEqual(commonType(decimal(38, 0), decimal(38, 10)), decimal(38, 10));
  assert.deepEqual(commonType(types.int32, types.float32), types.float64);
  assert.equal(commonType(types.varchar, types.int32), undefined);
});

test("aggregates: types and partial states", () => {
  const of = (fn: string, ...argTypes: DataType[]) => {
    const aggregate = aggregateCall(fn, argTypes.map(col));
    const state = hasPartialState(aggregate) ? stateTypes(aggregate).map(typeName).join(", ") : "none";
    return `${aggregate.fn}: ${typeName(aggregate.type)} of ${state}`;
  };
  assert.equal(of("count"), "count_star: BIGINT of BIGINT");
  assert.equal(of("COUNT", types.varchar), "count: BIGINT of BIGINT");
  assert.equal(of("sum", types.int8), "sum: BIGINT of BIGINT");
  assert.equal(of("sum", types.int64), "sum: BIGINT of DECIMAL(38,0)");
  assert.equal(of("sum", decimal(15, 2)), "sum: DECIMAL(38,2) of DECIMAL(38,2)");
  assert.equal(of("avg", decimal(15, 2)), "avg: DOUBLE of DECIMAL(38,2), BIGINT");
  assert.equal(of("avg", types.float32), "avg: DOUBLE of DOUBLE, BIGINT");
  assert.equal(of("min", types.varchar), "min: VARCHAR of VARCHAR");
  assert.equal(of("first", types.date), "first: DATE of DATE, BOOLEAN");
  assert.equal(of("stddev", types.int32), "stddev_samp: DOUBLE of BIGINT, DOUBLE, DOUBLE");
  assert.equal(of("median", types.int32), "median: DOUBLE of none");
  assert.equal(of("median", types.date), "median: TIMESTAMP of none");
  assert.equal(of("group_concat", types.int32), "string_agg: VARCHAR of none");
  assert.equal(of("max_by", types.varchar, types.date), "arg_max: VARCHAR of VARCHAR, DATE");
});

test("DISTINCT and ORDER BY go where they cannot matter", () => {
  const key = { expr: col(types.int32), descending: false, nullsFirst: false };
  assert.deepEqual(
    aggregateCall("max", [col(types.int32)], { distinct: true, orderBy: [key] }),
    aggregateCall("max", [col(types.int32)]),
  );
  assert.equal(aggregateCall("sum", [col(types.int32)], { distinct: true }).distinct, true);
  assert.deepEqual(aggregateCall("string_agg", [col(types.varchar)], { orderBy: [key] }).orderBy, [key]);
});

test("every function is documented, and the page is up to date", () => {
  for (const fn of [...Object.values(functionFamilies), ...Object.values(aggregateFamilies)].flat()) {
    assert.ok(fn.about && fn.signatures.length > 0, fn.name);
  }
  assert.equal(readFileSync(functionDocsPath, "utf8"), functionDocs(), "run node bin/write-function-docs.ts");
});
