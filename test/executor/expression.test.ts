import assert from "node:assert/strict";
import { test } from "node:test";
import type { DataType } from "../../lib/arrow/types.ts";
import { typeName, types } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";
import { readValue } from "../../lib/arrow/value-access.ts";
import { QueryError } from "../../lib/errors.ts";
import { compileExpressions } from "../../lib/executor/expression/expression-set.ts";
import { compilePredicate } from "../../lib/executor/expression/predicate.ts";
import { call, caseWhen, cast, column, inList, literal } from "../../lib/expr/build.ts";
import { evaluate } from "../../lib/expr/evaluate.ts";
import type { Expr } from "../../lib/expr/expr.ts";
import { formatExpr } from "../../lib/expr/format.ts";
import { functionFamilies } from "../../lib/expr/functions/registry.ts";
import { literalOfValue } from "../../lib/expr/value.ts";
import { LinearMemory } from "../../lib/kernels/memory.ts";
import { below, pick, type Random, randomBatch, randomValue, seeded, testColumns } from "./generated-batch.ts";

const binary = ["+", "-", "*", "/", "%", "+", "-", "*"];
const comparisons = ["=", "<>", "<", "<=", ">", ">=", "is_distinct_from", "is_not_distinct_from"];

/** An expression whose type is of the kind, or undefined when the dice gave something untypable. */
function leaf(random: Random, type: DataType): Expr {
  const fitting = testColumns.filter((candidate) => candidate.type.kind === type.kind);
  if (fitting.length > 0 && random() < 0.75) return column(pick(random, fitting));
  const value = random() < 0.1 ? null : randomValue(random, type);
  return literal(type, literalOfValue(type, value));
}

function constant(random: Random, type: DataType): Expr {
  return literal(type, literalOfValue(type, randomValue(random, type)));
}

function randomType(random: Random): DataType {
  return pick(random, testColumns).type;
}

const numberTypes = testColumns
  .map(({ type }) => type)
  .filter(({ kind }) => /int(8|16|32|64)|float|decimal/.test(kind));

function numberExpr(random: Random, depth: number): Expr {
  const type = pick(random, numberTypes);
  if (depth <= 0 || random() < 0.2) return leaf(random, type);
  const roll = random();
  if (roll < 0.6) return call(pick(random, binary), [numberExpr(random, depth - 1), numberExpr(random, depth - 1)]);
  if (roll < 0.65) return call(pick(random, ["neg", "abs"]), [numberExpr(random, depth - 1)]);
  if (roll < 0.7) {
    const rounded = numberExpr(random, depth - 1);
    return call(pick(random, ["round", "floor", "ceil", "trunc", "sqrt"]), [rounded]);
  }
  if (roll < 0.73) return call("round", [numberExpr(random, depth - 1), literal(types.int32, below(random, 5) - 1)]);
  if (roll < 0.8) return cast(numberExpr(random, depth - 1), type, { safe: random() < 0.5 });
  return chosen(random, depth, () => numberExpr(random, depth - 1));
}

/** CASE, COALESCE, greatest, … of whatever `make` gives. */
function chosen(random: Random, depth: number, make: () => Expr): Expr {
  const roll = random();
  if (roll < 0.4) {
    const branches = Array.from({ length: 1 + below(random, 2) }, () => ({
      when: condition(random, depth - 1),
      result: make(),
    }));
    return caseWhen(branches, random() < 0.7 ? make() : undefined);
  }
  return call(pick(random, ["coalesce", "greatest", "least", "nullif"]), [make(), make()]);
}

export function condition(random: Random, depth: number): Expr {
  const roll = random();
  if (depth <= 0 || roll < 0.1) return leaf(random, types.boolean);
  if (roll < 0.35)
    return call(
      pick(random, ["and", "or"]),
      Array.from({ length: 2 + below(random, 2) }, () => condition(random, depth - 1)),
    );
  if (roll < 0.42) return call("not", [condition(random, depth - 1)]);
  if (roll < 0.5) return call(pick(random, ["is_null", "is_not_null"]), [anyExpr(random, depth - 1)]);
  if (roll < 0.56) return call("=", [call("length", [textExpr(random, 1)]), leaf(random, types.int64)]);
  if (roll < 0.62) {
    const like = call("like", [leaf(random, types.varchar), literal(types.varchar, pick(random, patterns))]);
    return random() < 0.5 ? like : call("not", [like]);
  }
  const type = randomType(random);
  const side = () =>
    /int\d|float|decimal/.test(type.kind) && random() < 0.5 ? numberExpr(random, depth - 1) : leaf(random, type);
  if (roll < 0.72) {
    return call(pick(random, comparisons), [leaf(random, type), constant(random, type)]);
  }
  if (roll < 0.82) {
    return inList(
      side(),
      Array.from({ length: 1 + below(random, 12) }, () =>
        random() < 0.95 ? constant(random, type) : leaf(random, type),
      ),
    );
  }
  if (roll < 0.85) return cast(numberExpr(random, depth - 1), types.boolean);
  return call(pick(random, comparisons), [side(), side()]);
}

const patterns = [
  "%",
  "",
  "a%",
  "%b",
  "%special%requests%",
  "a_c",
  "_",
  "%_b%",
  "日_語",
  "%a%b",
  "a\\\\%",
  "x%x_x%",
  "%Ä__er%",
  "ab%bc",
];

function textExpr(random: Random, depth: number): Expr {
  const roll = random();
  if (depth <= 0 || roll < 0.2) return leaf(random, types.varchar);
  const inner = () => textExpr(random, depth - 1);
  const small = () => literal(types.int64, String(below(random, 9) - 3));
  if (roll < 0.45) return call("substring", random() < 0.5 ? [inner(), small()] : [inner(), small(), small()]);
  if (roll < 0.6) return call(pick(random, ["lower", "upper", "trim", "ltrim", "rtrim"]), [inner()]);
  if (roll < 0.75) return call("||", [inner(), inner()]);
  if (roll < 0.8) return call("concat", Array.from({ length: 1 + below(random, 3) }, inner));
  if (roll < 0.84) return call("left", [inner(), small()]);
  return chosen(random, depth, inner);
}

function aboutText(random: Random, depth: number): Expr {
  const inner = textExpr(random, depth - 1);
  const roll = random();
  const pattern = literal(types.varchar, pick(random, patterns));
  if (roll < 0.4)
    return call(
      pick(random, ["like", "not_like", "ilike"]),
      random() < 0.2 ? [inner, pattern, literal(types.varchar, "\\")] : [inner, pattern],
    );
  if (roll < 0.6)
    return call(pick(random, ["contains", "starts_with", "ends_with"]), [
      inner,
      random() < 0.5 ? textExpr(random, 1) : literal(types.varchar, pick(random, ["a", "", "special", "é", "本"])),
    ]);
  if (roll < 0.8) return call(pick(random, ["length", "octet_length"]), [inner]);
  return call("strpos", [inner, textExpr(random, 1)]);
}

const dateParts = [
  "year",
  "quarter",
  "month",
  "day",
  "dayofweek",
  "isodow",
  "dayofyear",
  "week",
  "isoyear",
  "hour",
  "minute",
  "second",
  "millisecond",
  "microsecond",
];
const truncations = ["year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond", "decade"];

function momentExpr(random: Random, depth: number): Expr {
  const roll = random();
  const type = random() < 0.5 ? types.date : types.timestamp;
  if (depth <= 0 || roll < 0.2) return leaf(random, type);
  const inner = () => momentExpr(random, depth - 1);
  if (roll < 0.4)
    return call(pick(random, ["+", "-"]), [
      leaf(random, types.date),
      leaf(random, pick(random, [types.int8, types.int64])),
    ]);
  if (roll < 0.6) return call(pick(random, ["+", "-"]), [inner(), leaf(random, types.interval)]);
  if (roll < 0.75) return call("date_trunc", [literal(types.varchar, pick(random, truncations)), inner()]);
  if (roll < 0.9) return cast(inner(), type);
  return chosen(random, depth, inner);
}

function aboutMoment(random: Random, depth: number): Expr {
  const roll = random();
  if (roll < 0.5) return call(pick(random, dateParts), [momentExpr(random, depth - 1)]);
  if (roll < 0.7) return call("-", [momentExpr(random, depth - 1), momentExpr(random, depth - 1)]);
  if (roll < 0.85)
    return call(pick(random, comparisons), [momentExpr(random, depth - 1), momentExpr(random, depth - 1)]);
  return momentExpr(random, depth);
}

const deterministic = Object.values(functionFamilies)
  .flat()
  .filter(({ volatility }) => volatility === undefined);

/** Any function of the registry over whatever its signature takes. */
function registered(random: Random): Expr {
  const fn = pick(random, deterministic);
  const signature = pick(random, fn.signatures);
  const params = signature
    .split("->")[0]!
    .replace("...", "")
    .split(",")
    .flatMap((param) => param.trim() || []);
  const shared = randomType(random);
  const number = pick(random, numberTypes);
  const args = params.map((param) => {
    if (param === "T" || param === "any") return leaf(random, shared);
    if (param === "number") return leaf(random, number);
    if (param === "integer") return leaf(random, pick(random, [types.int8, types.int32, types.int64]));
    if (param === "float") return leaf(random, pick(random, [types.float32, types.float64]));
    if (param === "decimal") return leaf(random, types.decimal(15, 2));
    const type = types[param as "int64"];
    return /^int\d/.test(param) && random() < 0.7
      ? literal(type, param === "int64" ? String(below(random, 12) - 4) : below(random, 12) - 4)
      : leaf(random, type);
  });
  return call(fn.name, args);
}

function anyExpr(random: Random, depth: number): Expr {
  const roll = random();
  if (roll < 0.4) return numberExpr(random, depth);
  if (roll < 0.7) return condition(random, depth);
  const type = randomType(random);
  if (roll < 0.85) return chosen(random, depth, () => leaf(random, type));
  return leaf(random, type);
}

/** Tries until the dice give something that has types. */
function typed(make: () => Expr): Expr {
  for (;;) {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
    }
  }
}

const lengths = [0, 1, 3, 17, 64, 100];

function same(a: Value, b: Value): boolean {
  if (typeof a === "number" && typeof b === "number") return Object.is(a, b);
  // As text, because the months of an interval may be -0.
  const text = (value: Value) => JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${part}n` : part));
  return typeof a === typeof b && text(a) === text(b);
}

function outcomes(expr: Expr, values: readonly Value[][], length: number): { results: Value[]; errors: Set<string> } {
  const errors = new Set<string>();
  const results = Array.from({ length }, (_, row) => {
    try {
      return evaluate(expr, (id) => values[id]![row]!);
    } catch (error) {
      errors.add((error as QueryError).code);
      return null;
    }
  });
  return { results, errors };
}

function checkValue(seed: number, make: (random: Random) => Expr): void {
  const random = seeded(seed);
  const memory = new LinearMemory();
  const expr = typed(() => make(random));
  const compiled = compileExpressions([expr], testColumns, { memory });
  for (let round = 0; round < 2; round++) {
    const length = pick(random, lengths);
    const { batch, values } = randomBatch(memory, random, testColumns, length);
    const { results, errors } = outcomes(expr, values, length);
    const where = () => `seed ${seed}, ${formatExpr(expr)}: ${typeName(expr.type)}`;
    try {
      const [vector] = compiled.evaluate(batch);
      assert.equal(vector!.length, length, where());
      assert.equal(errors.size, 0, `${where()}: no error, expected ${[...errors]}`);
      for (let row = 0; row < length; row++) {
        const actual = readValue(memory, vector!, row);
        if (!same(actual, results[row]!)) assert.deepStrictEqual(actual, results[row], `${where()}, row ${row}`);
      }
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      assert.ok(errors.has(error.code), `${where()}: unexpected ${error.code} ${error.message}\n${error.stack}`);
    }
  }
  compiled.close();
}

function checkPredicate(seed: number): void {
  const random = seeded(seed);
  const memory = new LinearMemory();
  const expr = typed(() => condition(random, 4));
  const compiled = compilePredicate(expr, testColumns, { memory });
  for (let round = 0; round < 3; round++) {
    const length = pick(random, lengths);
    const { batch, values } = randomBatch(memory, random, testColumns, length);
    const { results, errors } = outcomes(expr, values, length);
    const where = () => `seed ${seed}, ${formatExpr(expr)}`;
    try {
      const { ids, count } = compiled.select(batch);
      const rows = Array.from({ length: count }, (_, i) => (ids === 0 ? i : memory.u32[(ids >>> 2) + i]!));
      const expected = results.flatMap((value, row) => (value === true ? row : []));
      if (errors.size === 0) assert.deepStrictEqual(rows, expected, where());
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      assert.ok(errors.has(error.code), `${where()}: unexpected ${error.code} ${error.message}\n${error.stack}`);
    }
  }
  compiled.close();
}

const seeds = Number(process.env.EXPRESSION_SEEDS ?? 60);
const first = Number(process.env.EXPRESSION_FIRST ?? 0);

function runSeeds(check: (seed: number) => void): void {
  for (let seed = first; seed < first + seeds; seed++) check(seed);
}

test("generated numbers agree with the reference evaluator", () => {
  runSeeds((seed) => checkValue(seed, (random) => numberExpr(random, 3)));
});

test("generated text functions agree with the reference evaluator", () => {
  runSeeds((seed) => checkValue(seed, (random) => (random() < 0.5 ? aboutText(random, 3) : textExpr(random, 3))));
});

test("generated date functions agree with the reference evaluator", () => {
  runSeeds((seed) => checkValue(seed, (random) => aboutMoment(random, 3)));
});

test("every registered function agrees with the reference evaluator", () => {
  runSeeds((seed) => checkValue(seed, registered));
});

test("generated conditions agree with the reference evaluator", () => {
  runSeeds((seed) => checkValue(seed, (random) => condition(random, 3)));
});

test("generated expressions of any type agree with the reference evaluator", () => {
  runSeeds((seed) => checkValue(seed, (random) => anyExpr(random, 3)));
});

test("generated filters agree with the reference evaluator", () => {
  runSeeds(checkPredicate);
});
