import assert from "node:assert/strict";
import { test } from "node:test";
import { types } from "../../lib/arrow/types.ts";
import type { Expr } from "../../lib/expr/expr.ts";
import { formatExpr } from "../../lib/expr/format.ts";
import { formatDate, formatDecimal, formatTimestamp } from "../../lib/expr/format-literal.ts";

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
  assert.equal(formatDate(0), "1970-01-01");
  assert.equal(formatDate(-719_528), "0001-01-01 (BC)");
  assert.equal(formatDate(10_561), "1998-12-01");
  assert.equal(formatDecimal("-5", 2), "-0.05");
  assert.equal(formatDecimal("12345", 2), "123.45");
  assert.equal(formatTimestamp(-1n), "1969-12-31 23:59:59.999999");
  const literal = (type: Expr["type"], value: string | number) => formatExpr({ kind: "literal", type, value });
  assert.equal(literal(types.varchar, "it's"), "'it''s'");
  assert.equal(literal(types.date, 10_561), "DATE '1998-12-01'");
  assert.equal(literal(types.float64, 1.5), "1.5e0");
});
