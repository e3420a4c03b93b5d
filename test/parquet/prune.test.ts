// Three-valued pruning must never lose a row: bounds may be truncated, leave NaN out, or be missing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type DataType, types } from "../../lib/arrow/types.ts";
import type { Expr, LiteralValue } from "../../lib/expr/expr.ts";
import { type ColumnBounds, mayBeTrue, mustBeTrue } from "../../lib/parquet/prune.ts";

const column = (type: DataType): Expr => ({ kind: "column", id: 1, name: "c", type, nullable: true });
const literal = (type: DataType, value: LiteralValue): Expr => ({ kind: "literal", type, value });
const call = (fn: string, ...args: Expr[]): Expr => ({ kind: "call", fn, args, type: types.boolean });
const cast = (input: Expr, type: DataType): Expr => ({ kind: "cast", input, type, safe: false });
const utf8 = (text: string) => Buffer.from(text);

function may(condition: Expr, bounds: Partial<ColumnBounds>): boolean {
  return mayBeTrue(condition, () => ({ rows: 10, ...bounds }));
}

function must(condition: Expr, bounds: Partial<ColumnBounds>): boolean {
  return mustBeTrue(condition, () => ({ rows: 10, ...bounds }));
}

test("comparisons at the edges", () => {
  const c = column(types.int32);
  const bounds = { min: 5, max: 9, nullCount: 0 };
  const cases: [string, number, may: boolean, must: boolean][] = [
    ["<", 5, false, false], ["<", 6, true, false], ["<", 10, true, true],
    ["<=", 4, false, false], ["<=", 5, true, false], ["<=", 9, true, true],
    [">", 9, false, false], [">", 8, true, false], [">", 4, true, true],
    [">=", 10, false, false], [">=", 9, true, false], [">=", 5, true, true],
    ["=", 4, false, false], ["=", 5, true, false], ["=", 10, false, false],
    ["<>", 4, true, true], ["<>", 5, true, false],
  ]; // biome-ignore format: a table
  for (const [op, value, expectedMay, expectedMust] of cases) {
    const condition = call(op, c, literal(types.int32, value));
    assert.equal(may(condition, bounds), expectedMay, `${op} ${value}`);
    assert.equal(must(condition, bounds), expectedMust, `${op} ${value} for all`);
    assert.equal(must(condition, { ...bounds, nullCount: undefined }), false, "nulls are possible");
    const mirrored = call({ "<": ">", "<=": ">=", ">": "<", ">=": "<=" }[op] ?? op, literal(types.int32, value), c);
    assert.equal(may(mirrored, bounds), expectedMay, `mirrored ${op} ${value}`);
  }
  assert.equal(must(call("=", c, literal(types.int32, 5)), { min: 5, max: 5, nullCount: 0 }), true);
  assert.equal(may(call("<>", c, literal(types.int32, 5)), { min: 5, max: 5 }), false);
});

test("what is not known may be anything", () => {
  const less = call("<", column(types.int32), literal(types.int32, 3));
  assert.equal(may(less, {}), true);
  assert.equal(may(less, { max: 100 }), true);
  assert.equal(
    mayBeTrue(less, () => undefined),
    true,
  );
  assert.equal(may(call("unheard_of", column(types.int32)), { min: 1, max: 1 }), true);
  assert.equal(may(call("=", column(types.int32), literal(types.int64, "3")), { min: 5, max: 9 }), true, "mixed types");
});

test("nulls", () => {
  const c = column(types.int32);
  assert.equal(may(call("=", c, literal(types.int32, 3)), { nullCount: 10 }), false);
  assert.equal(may(call("not", call("=", c, literal(types.int32, 3))), { nullCount: 10 }), false);
  assert.equal(may(call("=", c, literal(types.int32, null)), { min: 1, max: 9 }), false);
  assert.equal(may(call("is_null", c), { nullCount: 0 }), false);
  assert.equal(may(call("is_null", c), { nullCount: 1 }), true);
  assert.equal(may(call("is_null", c), {}), true);
  assert.equal(must(call("is_null", c), { nullCount: 10 }), true);
  assert.equal(may(call("is_not_null", c), { nullCount: 10 }), false);
  assert.equal(must(call("is_not_null", c), { nullCount: 0 }), true);
});

test("NaN lies above every bound", () => {
  const c = column(types.float64);
  const bounds = { min: 1, max: 2, nullCount: 0 };
  const value = (number: LiteralValue) => literal(types.float64, number);
  assert.equal(may(call(">", c, value(100)), bounds), true);
  assert.equal(may(call(">=", c, value(100)), bounds), true);
  assert.equal(may(call("not", call("<=", c, value(100))), bounds), true);
  assert.equal(must(call("<", c, value(100)), bounds), false);
  assert.equal(may(call("=", c, value("NaN")), bounds), true);
  assert.equal(may(call("=", c, value(100)), bounds), false);
  assert.equal(may(call("<", c, value(1)), bounds), false);
  assert.equal(may(call("=", c, value(-0)), { min: 0, max: 0 }), true);
  assert.equal(may(call("<", c, value(0)), { min: -0, max: 5 }), false);
});

test("truncated text bounds", () => {
  const c = column(types.varchar);
  const bounds = { min: utf8("abc"), max: utf8("abe"), nullCount: 0 }; // perhaps of "abcX" … "abdY"
  const is = (text: string) => call("=", c, literal(types.varchar, text));
  assert.equal(may(is("abcX"), bounds), true);
  assert.equal(may(is("abdY"), bounds), true);
  assert.equal(may(is("abb"), bounds), false);
  assert.equal(may(is("abeX"), bounds), false);
  assert.equal(may(is("é"), { min: utf8("z"), max: Uint8Array.of(0xc3, 0xaa) }), true, "bytes need not be UTF-8");
});

test("LIKE by its prefix", () => {
  const c = column(types.varchar);
  const like = (pattern: string) => call("like", c, literal(types.varchar, pattern));
  const bounds = { min: utf8("mango"), max: utf8("melon"), nullCount: 0 };
  for (const pattern of ["m%", "ma%", "mango", "me%", "melon%", "%x", "_x", "mango%", "mb%", ""]) {
    assert.equal(may(like(pattern), bounds), true, pattern);
  }
  for (const pattern of ["n%", "a%", "lz%", "mf%", "Mango"]) assert.equal(may(like(pattern), bounds), false, pattern);
  assert.equal(may(like("a\\%"), { min: utf8("a%"), max: utf8("a%") }), true);
});

test("AND, OR, NOT, IN", () => {
  const c = column(types.int32);
  const is = (value: number) => call("=", c, literal(types.int32, value));
  const bounds = { min: 5, max: 9, nullCount: 0 };
  assert.equal(may(call("or", is(1), is(20)), bounds), false);
  assert.equal(may(call("or", is(1), is(7)), bounds), true);
  assert.equal(may(call("and", is(7), is(20)), bounds), false);
  assert.equal(may(call("not", call("or", is(1), is(20))), bounds), true);
  assert.equal(must(call("not", call("or", is(1), is(20))), bounds), true);
  const inList = (...values: (number | null)[]): Expr => ({
    kind: "in_list",
    input: c,
    list: values.map((value) => literal(types.int32, value)),
    type: types.boolean,
  });
  assert.equal(may(inList(1, 2, 30), bounds), false);
  assert.equal(may(inList(1, 6), bounds), true);
  assert.equal(may(inList(1, null), bounds), false);
  assert.equal(may(call("not", inList(1, null)), bounds), false, "NOT IN with a NULL is never TRUE");
  assert.equal(must(call("not", inList(1, 2)), bounds), true);
});

test("casts that keep order", () => {
  const year = literal(types.timestamp, String(86_400_000_000n * 100n));
  const date = call(">=", cast(column(types.date), types.timestamp), year);
  assert.equal(may(date, { min: 1, max: 99 }), false);
  assert.equal(may(date, { min: 1, max: 100 }), true);
  const cents = call(">", cast(column(types.int32), types.decimal(12, 2)), literal(types.decimal(12, 2), "1000"));
  assert.equal(may(cents, { min: 1, max: 10 }), false);
  assert.equal(may(cents, { min: 1, max: 11 }), true);
  const narrowing = call("=", cast(column(types.int64), types.int32), literal(types.int32, 3));
  assert.equal(may(narrowing, { min: 5n, max: 9n }), true);
});
