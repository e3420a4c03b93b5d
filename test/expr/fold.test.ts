/** Folding keeps the value of every expression, and computes what has no columns. */
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
  not,
  nullLiteral,
  or,
  trueLiteral,
} from "../../lib/expr/build.ts";
import { evaluate } from "../../lib/expr/evaluate.ts";
import type { ColumnExpr, Expr } from "../../lib/expr/expr.ts";
import { foldConstants } from "../../lib/expr/fold.ts";
import { isNullable } from "../../lib/expr/properties.ts";
import { literalOfValue } from "../../lib/expr/value.ts";
import { Random, randomValue } from "./random-values.ts";

function column(id: number, type: DataType, nullable = true): ColumnExpr {
  return { kind: "column", id, name: `c${id}`, type, nullable };
}

const b = column(0, types.boolean);
const x = column(1, types.int32);
const sure = column(2, types.int32, false);
const one = literal(types.int32, 1);
const zero = literal(types.int32, 0);
const failing = call("/", [one, zero]);
const nullBoolean = nullLiteral(types.boolean);

const rows: readonly [name: string, expr: Expr, folded: Expr][] = [
  [
    "arithmetic",
    call("+", [one, call("*", [literal(types.int32, 2), literal(types.int32, 3)])]),
    literal(types.int32, 7),
  ],
  [
    "dates",
    call("-", [
      cast(literal(types.varchar, "1998-12-01"), types.date),
      cast(literal(types.varchar, "90 days"), types.interval),
    ]),
    literal(types.timestamp, "904694400000000"),
  ],
  ["division by zero stays", failing, failing],
  ["a bad cast stays", cast(literal(types.varchar, "x"), types.int32), cast(literal(types.varchar, "x"), types.int32)],
  ["a safe cast is NULL", cast(literal(types.varchar, "x"), types.int32, { safe: true }), nullLiteral(types.int32)],
  ["and false", call("and", [b, falseLiteral]), falseLiteral],
  ["and true", call("and", [trueLiteral, b]), b],
  ["and NULL stays", call("and", [b, nullBoolean]), call("and", [b, nullBoolean])],
  ["or true", call("or", [b, trueLiteral]), trueLiteral],
  ["or false", call("or", [falseLiteral, b]), b],
  ["repetition", call("and", [b, b]), b],
  [
    "random is drawn each time",
    call("<", [call("random", []), call("random", [])]),
    call("<", [call("random", []), call("random", [])]),
  ],
  ["double negation", not(not(b)), b],
  ["negated comparison", not(call("<", [x, one])), call(">=", [x, one])],
  ["comparison with NULL", call("=", [x, nullLiteral(types.int32)]), nullBoolean],
  [
    "NULL does not hide an error",
    call("+", [failing, nullLiteral(types.int32)]),
    call("+", [failing, nullLiteral(types.int32)]),
  ],
  ["is_null of what cannot be", call("is_null", [sure]), falseLiteral],
  ["is_not_null of what cannot be", call("is_not_null", [sure]), trueLiteral],
  [
    "coalesce ends where it is sure",
    call("coalesce", [nullLiteral(types.int32), x, sure, one]),
    call("coalesce", [x, sure]),
  ],
  ["coalesce of one", call("coalesce", [nullLiteral(types.int32), x]), x],
  [
    "case, first true",
    caseWhen(
      [
        { when: falseLiteral, result: one },
        { when: trueLiteral, result: x },
      ],
      zero,
    ),
    x,
  ],
  ["case, none", caseWhen([{ when: nullBoolean, result: one }]), nullLiteral(types.int32)],
  ["case hides the error", caseWhen([{ when: trueLiteral, result: one }], failing), one],
  ["in, one item", inList(x, [one]), call("=", [x, one])],
  ["in, repeated", inList(x, [one, one, zero]), inList(x, [one, zero])],
  ["in, NULL input", inList(nullLiteral(types.int32), [one, x]), nullBoolean],
  ["cast of NULL", cast(nullLiteral(types.varchar), types.date), nullLiteral(types.date)],
];

for (const [name, expr, folded] of rows) {
  test(name, () => assert.deepEqual(foldConstants(expr), folded));
}

test("now is one time for the whole statement", () => {
  const context = { nowMicros: 1_000_000n, random: () => 0.5 };
  assert.deepEqual(foldConstants(call("now", []), context), literal(types.timestamptz, "1000000"));
  assert.deepEqual(foldConstants(call("current_date", []), context), literal(types.date, 0));
});

const leafTypes: readonly DataType[] = [
  types.boolean,
  types.int32,
  types.decimal(9, 2),
  types.float64,
  types.varchar,
  types.date,
];

/** A random tree; columns 0–5 have the types of leafTypes. */
function randomExpr(random: Random, type: DataType, depth: number): Expr {
  const leaf = depth === 0 || random.next() < 0.15;
  if (leaf) return random.next() < 0.5 ? randomLiteral(random, type) : column(leafTypes.indexOf(type), type);
  const sub = (t: DataType = type) => randomExpr(random, t, depth - 1);
  const general = [
    () =>
      caseWhen(
        [
          { when: sub(types.boolean), result: sub() },
          { when: sub(types.boolean), result: sub() },
        ],
        random.next() < 0.7 ? sub() : undefined,
      ),
    () => call("coalesce", [sub(), sub(), sub()]),
    () => call("nullif", [sub(), sub()]),
  ];
  const own: Partial<Record<DataType["kind"], (() => Expr)[]>> = {
    boolean: [
      () => and([sub(), sub(), sub()]),
      () => or([sub(), sub()]),
      () => not(sub()),
      () => comparison(random, depth),
      () => comparison(random, depth),
      () => call(random.pick(["is_null", "is_not_null"]), [sub(random.pick(leafTypes))]),
      () => {
        const t = random.pick(leafTypes);
        return inList(sub(t), [sub(t), sub(t), sub(t)]);
      },
    ],
    int32: [() => call(random.pick(["+", "-", "*", "/", "%"]), [sub(), sub()]), () => call("neg", [sub()])],
    float64: [
      () => call(random.pick(["+", "-", "*", "/"]), [sub(), sub()]),
      () => cast(sub(types.int32), types.float64),
    ],
    varchar: [
      () => call("concat_op", [sub(), sub()]),
      () => call("upper", [sub()]),
      () => cast(sub(types.int32), types.varchar),
    ],
    date: [() => call("+", [sub(), sub(types.int32)])],
    decimal: [() => call("greatest", [sub(), sub()])],
  };
  const expr = random.pick([...general, ...(own[type.kind] ?? [])])();
  return cast(expr, type);
}

function comparison(random: Random, depth: number): Expr {
  const type = random.pick(leafTypes);
  const sides = [randomExpr(random, type, depth - 1), randomExpr(random, type, depth - 1)];
  return call(random.pick(["=", "<>", "<", "<=", ">", ">=", "is_distinct_from", "is_not_distinct_from"]), sides);
}

function randomLiteral(random: Random, type: DataType): Expr {
  return literal(type, literalOfValue(type, randomValue(random, type)));
}

/** The value, or the code of the error. */
function outcome(expr: Expr, row: readonly Value[]): Value | { error: string } {
  try {
    return evaluate(expr, (id) => row[id]!);
  } catch (error) {
    if (!(error instanceof QueryError) || error.code === "internal") throw error;
    return { error: error.code };
  }
}

test("folded expressions have the value of the originals", () => {
  const random = new Random(7);
  for (let i = 0; i < 1500; i++) {
    const expr = randomExpr(random, random.pick(leafTypes), 4);
    const folded = foldConstants(expr);
    assert.deepEqual(folded.type, expr.type);
    assert.deepEqual(foldConstants(folded), folded, "folding twice changes nothing more");
    for (let j = 0; j < 5; j++) {
      const row = leafTypes.map((type) => randomValue(random, type));
      const before = outcome(expr, row);
      // An operand that cannot matter may go together with its error; no other error may come or go.
      if (before !== null && typeof before === "object" && "error" in before) continue;
      const after = outcome(folded, row);
      assert.deepEqual(after, before, JSON.stringify(expr));
      if (!isNullable(expr)) assert.notEqual(before, null);
    }
  }
});
