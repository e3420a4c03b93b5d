import assert from "node:assert/strict";
import { test } from "node:test";
import { types } from "../../lib/arrow/types.ts";
import type { Expr, LiteralExpr } from "../../lib/expr/expr.ts";
import { formatExpr } from "../../lib/expr/format.ts";

const column = (name: string): Expr => ({ kind: "column", id: 1, name, type: types.int32, nullable: true });
const call = (fn: string, ...args: Expr[]): Expr => ({ kind: "call", fn, args, type: types.int32 });
const a = column("a");
const b = column("b");

test("operators take parentheses only where precedence needs them", () => {
  const text = (expr: Expr) => formatExpr(expr, { ids: false });
  assert.equal(text(call("*", call("+", a, b), a)), "(a + b) * a");
  assert.equal(text(call("+", a, call("*", b, a))), "a + b * a");
  assert.equal(text(call("-", a, call("-", b, a))), "a - (b - a)");
  assert.equal(text(call("and", call("or", a, b), call("not", call("=", a, b)))), "(a OR b) AND NOT a = b");
  assert.equal(text(call("=", call("=", a, b), a)), "(a = b) = a");
  assert.equal(text(call("is_null", call("+", a, b))), "a + b IS NULL");
  assert.equal(formatExpr(a), "a#1");
});

test("literals", () => {
  const literal = (type: Expr["type"], value: LiteralExpr["value"]) => formatExpr({ kind: "literal", type, value });
  assert.equal(literal(types.varchar, "it's"), "'it''s'");
  assert.equal(literal(types.date, 10_561), "DATE '1998-12-01'");
  assert.equal(literal(types.float64, 1.5), "1.5e0");
  assert.equal(literal(types.float64, "NaN"), "CAST('nan' AS DOUBLE)");
  assert.equal(literal(types.decimal(5, 2), "-5"), "-0.05");
  assert.equal(literal(types.int64, "9223372036854775807"), "9223372036854775807");
  assert.equal(literal(types.binary, "0aff"), "X'0aff'");
  assert.equal(literal(types.boolean, true), "TRUE");
  assert.equal(literal(types.date, null), "NULL");
  assert.equal(literal(types.interval, { months: 1, days: 2, micros: "0" }), "INTERVAL '1 month 2 days'");
});
