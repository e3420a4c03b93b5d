/** Fixed cases of the reference evaluator: what DuckDB has not, or does otherwise; laziness, errors, order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type DataType, types } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";
import { QueryError } from "../../lib/errors.ts";
import {
  and,
  call,
  caseWhen,
  cast,
  falseLiteral,
  inList,
  literal,
  nullLiteral,
  or,
  trueLiteral,
} from "../../lib/expr/build.ts";
import { evaluate } from "../../lib/expr/evaluate.ts";
import type { Expr } from "../../lib/expr/expr.ts";
import { formatValue } from "../../lib/expr/format-value.ts";
import { compareValues, keyOfValue, literalOfValue, valueOfLiteral } from "../../lib/expr/value.ts";
import { Random, randomValue } from "./random-values.ts";

const text = (value: string) => literal(types.varchar, value);
const int = (value: number) => literal(types.int32, value);
const big = (value: string) => literal(types.int64, value);
const real = (value: number | string) => literal(types.float64, value);
const as = (value: string, type: DataType) => cast(text(value), type);
const nothing = nullLiteral(types.boolean);

function shown(expr: Expr): string {
  const value = evaluate(expr);
  return value === null ? "NULL" : formatValue(value, expr.type);
}

const values: readonly [fn: string, args: readonly Expr[], shown: string][] = [
  ["/", [int(-7), int(2)], "-3"],
  ["%", [int(-7), int(2)], "-1"],
  ["%", [literal(types.int8, -128), literal(types.int8, -1)], "0"],
  ["/", [real(0), real(0)], "nan"],
  ["=", [real("NaN"), real("NaN")], "true"],
  [">", [real("NaN"), real("Infinity")], "true"],
  ["=", [real("-0"), real(0)], "true"],
  ["<", [text("😀"), text("\uff5e")], "false"],
  ["<", [text("a"), text("B")], "false"],
  ["initcap", [text("hELLO wORLD-élan 3d")], "Hello World-Élan 3d"],
  ["overlay", [text("abcdef"), text("XY"), int(2), int(3)], "aXYef"],
  ["overlay", [text("abcdef"), text("XY"), int(2)], "aXYdef"],
  ["btrim", [text("  a ")], "a"],
  ["substr", [text("日本語"), int(2), int(1)], "本"],
  ["substring_index", [text("a.b.c"), text("."), int(2)], "a.b"],
  ["substring_index", [text("a.b.c"), text("."), int(-1)], "c"],
  ["find_in_set", [text("b"), text("a,b,c")], "2"],
  ["format_bytes", [big("1536")], "1.5 KiB"],
  ["to_base", [int(255), int(2), int(10)], "0011111111"],
  ["hex", [int(-1)], "FFFFFFFFFFFFFFFF"],
  ["unhex", [text("616")], "\\x06\\x16"],
  ["from_base64", [text("YWI=")], "ab"],
  ["decode", [as("\\xC3\\xA9", types.binary)], "é"],
  ["url_decode", [text("a%20b%C3%A9")], "a bé"],
  ["digest", [text("abc"), text("sha1")], "\\xA9\\x99>6G\\x06\\x81j\\xBA>%qxP\\xC2l\\x9C\\xD0\\xD8\\x9D"],
  ["like", [text("a%c"), text("a$%c"), text("$")], "true"],
  ["like", [text("abc"), text("a$%c"), text("$")], "false"],
  ["like", [text("a"), text("a$"), text("$")], "false"],
  ["ilike", [text("ÉTÉ"), text("été")], "true"],
  ["regexp_count", [text("abcabc"), text("b")], "2"],
  ["regexp_count", [text("abcabc"), text("B"), int(3), text("i")], "1"],
  ["regexp_instr", [text("日本語x"), text("x")], "4"],
  ["regexp_like", [text("abc"), text("B"), text("i")], "true"],
  ["regexp_replace", [text("baac"), text("a*"), text("-"), text("g")], "-b-c-"],
  ["regexp_matches", [text("a\nb"), text("a.b"), text("s")], "true"],
  ["regexp_full_match", [text("a\u00a0"), text("a\\s")], "false"],
  ["regexp_extract", [text("x12y"), text("(?P<n>\\d+)"), int(1)], "12"],
  ["regexp_matches", [text("a{b}"), text("a{b}")], "true"],
  ["factorial", [int(20)], "2432902008176640000"],
  ["nanvl", [real("NaN"), real(1)], "1.0"],
  ["power", [real(1), real("NaN")], "1.0"],
  ["date_bin", [as("15 minutes", types.interval), as("2020-01-01 10:22:33", types.timestamp)], "2020-01-01 10:15:00"],
  ["add_months", [as("2020-01-31", types.date), int(1)], "2020-02-29"],
  ["to_char", [as("2020-01-31", types.date), text("%d/%m/%Y")], "31/01/2020"],
  ["strftime", [text("%Y"), as("2020-01-31", types.date)], "2020"],
  ["strptime", [text("3 Jan 2021 11:12 PM"), text("%d %b %Y %I:%M %p")], "2021-01-03 23:12:00"],
  ["try_strptime", [text("x"), text("%Y")], "NULL"],
  ["to_date", [text("31.01.2020"), text("%d.%m.%Y")], "2020-01-31"],
  ["to_timestamp", [text("2020-01-01 10:00")], "2020-01-01 10:00:00"],
  ["to_timestamp", [real(-0.5)], "1969-12-31 23:59:59.5+00"],
  ["to_timestamp_nanos", [big("-1")], "1969-12-31 23:59:59.999999"],
  ["date_part", [text("isodow"), as("2021-01-03", types.date)], "7"],
  ["timezone", [text("Europe/Berlin"), as("2020-07-01 12:00", types.timestamp)], "2020-07-01 10:00:00+00"],
  // Clocks are put back from 3 to 2, and forward from 2 to 3.
  ["timezone", [text("Europe/Berlin"), as("2020-10-25 02:30", types.timestamp)], "2020-10-25 01:30:00+00"],
  ["timezone", [text("Europe/Berlin"), as("2020-03-29 02:30", types.timestamp)], "2020-03-29 01:30:00+00"],
  ["timezone", [text("America/New_York"), as("2020-01-01 00:00:00+00", types.timestamptz)], "2019-12-31 19:00:00"],
  ["epoch", [as("1 month", types.interval)], "2592000.0"],
  ["greatest", [nullLiteral(types.int32), int(1)], "1"],
  ["concat", [text("a"), nullLiteral(), int(1)], "a1"],
  ["nvl2", [nullLiteral(types.int32), text("a"), text("b")], "b"],
  ["typeof", [literal(types.decimal(3, 1), "1")], "DECIMAL(3,1)"],
  ["is_true", [nothing], "false"],
  ["is_not_true", [nothing], "true"],
];

for (const [fn, args, expected] of values) {
  test(`${fn}(${args.map((arg) => (arg.kind === "literal" ? JSON.stringify(arg.value) : "…")).join(", ")}) = ${expected}`, () => {
    assert.equal(shown(call(fn, args)), expected);
  });
}

const span = { line: 1, column: 8 };
const failures: readonly [expr: Expr, code: string][] = [
  [call("/", [int(1), int(0)], span), "invalid_argument"],
  [call("%", [int(1), int(0)], span), "invalid_argument"],
  [call("%", [literal(types.decimal(3, 1), "1"), int(0)], span), "invalid_argument"],
  [call("+", [int(2 ** 31 - 1), int(1)], span), "overflow"],
  [call("*", [big("4611686018427387904"), int(2)], span), "overflow"],
  [call("neg", [cast(int(-128), types.int8)], span), "overflow"],
  [call("/", [cast(literal(types.int64, "-9223372036854775808"), types.int64), int(-1)], span), "overflow"],
  [call("+", [literal(types.decimal(38, 0), "9".repeat(38)), int(1)], span), "overflow"],
  [call("abs", [literal(types.int8, -128)], span), "overflow"],
  [call("<<", [int(1), int(31)], span), "overflow"],
  [call("factorial", [int(21)], span), "overflow"],
  [call("sqrt", [real(-1)], span), "invalid_argument"],
  [call("ln", [real(0)], span), "invalid_argument"],
  [call("chr", [int(55_296)], span), "invalid_argument"],
  [call("repeat", [text("abc"), big("9223372036854775807")], span), "overflow"],
  [call("lpad", [text("abc"), big("9223372036854775807"), text("x")], span), "overflow"],
  [call("decode", [as("\\xFF", types.binary)], span), "invalid_argument"],
  [call("make_date", [int(2020), int(2), int(30)], span), "invalid_argument"],
  [call("date_trunc", [text("fortnight"), as("2020-01-01", types.date)], span), "invalid_argument"],
  [call("regexp_matches", [text("a"), text("(")], span), "invalid_argument"],
  [call("regexp_matches", [text("a"), text("(?=a)")], span), "invalid_argument"],
  [call("regexp_matches", [text("a"), text("(a)\\1")], span), "invalid_argument"],
  [call("like", [text("a"), text("a"), text("ab")], span), "invalid_argument"],
  [call("timezone", [text("Mars/Olympus"), as("2020-01-01", types.timestamp)], span), "invalid_argument"],
  [call("error", [text("no")], span), "invalid_argument"],
  [cast(text("x"), types.date, { span }), "invalid_argument"],
  [cast(int(300), types.int8, { span }), "overflow"],
  [cast(real("NaN"), types.int64, { span }), "overflow"],
  [cast(real(2 ** 63), types.int64, { span }), "overflow"],
  [cast(real(1e39), types.float32, { span }), "overflow"],
];

for (const [expr, code] of failures) {
  test(`fails with ${code}: ${expr.kind === "call" ? expr.fn : expr.kind}`, () => {
    assert.throws(
      () => evaluate(expr),
      (error) => error instanceof QueryError && error.code === code && assert.deepEqual(error.span, span) === undefined,
    );
  });
}

const failing = call("=", [call("/", [int(1), int(0)]), int(1)]);

test("nothing is evaluated that need not be", () => {
  assert.equal(evaluate(and([falseLiteral, failing])), false);
  assert.equal(evaluate(or([trueLiteral, failing])), true);
  assert.equal(evaluate(caseWhen([{ when: trueLiteral, result: int(1) }], call("/", [int(1), int(0)]))), 1);
  assert.equal(evaluate(call("coalesce", [int(1), call("/", [int(1), int(0)])])), 1);
  assert.equal(evaluate(inList(int(1), [int(1), call("/", [int(1), int(0)])])), true);
  assert.throws(() => evaluate(and([nothing, failing])), { code: "invalid_argument" });
});

test("three values", () => {
  const three = [trueLiteral, falseLiteral, nothing] as const;
  const table = (build: (exprs: readonly Expr[]) => Expr) =>
    three.map((a) => three.map((b) => evaluate(build([a, b]))));
  assert.deepEqual(table(and), [
    [true, false, null],
    [false, false, false],
    [null, false, null],
  ]);
  assert.deepEqual(table(or), [
    [true, true, true],
    [true, false, null],
    [true, null, null],
  ]);
  assert.equal(evaluate(inList(int(1), [int(2), nullLiteral()])), null);
  assert.equal(evaluate(inList(int(1), [int(1), nullLiteral()])), true);
  assert.equal(evaluate(inList(nullLiteral(types.int32), [int(1)])), null);
  assert.equal(evaluate({ ...inList(nullLiteral(types.int32), [int(1)]), list: [] }), false);
  assert.equal(evaluate(caseWhen([{ when: nothing, result: int(1) }])), null);
});

test("TRY_CAST is NULL where the cast fails", () => {
  assert.equal(evaluate(cast(text("x"), types.int32, { safe: true })), null);
  assert.equal(evaluate(cast(int(300), types.int8, { safe: true })), null);
  // Only the cast itself is tried.
  assert.throws(() => evaluate(cast(call("/", [int(1), int(0)]), types.varchar, { safe: true })), {
    code: "invalid_argument",
  });
});

test("values survive as literals, and equal keys mean equal values", () => {
  const random = new Random(3);
  const all: DataType[] = [
    types.boolean,
    types.int8,
    types.int64,
    types.float32,
    types.float64,
    types.decimal(38, 5),
    types.date,
    types.timestamp,
    types.interval,
    types.varchar,
    types.binary,
  ];
  for (const type of all) {
    const drawn: Value[] = [];
    for (let i = 0; i < 300; i++) {
      const value = randomValue(random, type);
      const wire = JSON.parse(JSON.stringify(literalOfValue(type, value)));
      assert.deepEqual(valueOfLiteral(type, wire), value);
      if (value !== null) drawn.push(value);
    }
    for (let i = 0; i < 2000; i++) {
      const [a, b] = [random.pick(drawn), random.pick(drawn)];
      assert.equal(compareValues(a, b) === 0, keyOfValue(a) === keyOfValue(b));
      assert.equal(Math.sign(compareValues(a, b)) + Math.sign(compareValues(b, a)), 0);
    }
    drawn.sort(compareValues);
    for (let i = 1; i < drawn.length; i++) assert.ok(compareValues(drawn[i - 1]!, drawn[i]!) <= 0);
  }
});
