/** Cases that random expressions meet too seldom: large batches and dictionaries, lazy parts, exact overflow edges. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type DataType, types } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";
import { readValues, ValueWriter } from "../../lib/arrow/value-access.ts";
import { type Batch, newDictionary, type Vector } from "../../lib/arrow/vector.ts";
import type { QueryError } from "../../lib/errors.ts";
import { compileExpressions } from "../../lib/executor/expression/expression-set.ts";
import { compilePredicate } from "../../lib/executor/expression/predicate.ts";
import { and, call, caseWhen, column, inList, literal, or } from "../../lib/expr/build.ts";
import type { Column, Expr } from "../../lib/expr/expr.ts";
import { LinearMemory } from "../../lib/kernels/memory.ts";
import { numbersIn } from "./generated-batch.ts";

function columnsOf(...columnTypes: DataType[]): Column[] {
  return columnTypes.map((type, id) => ({ id, name: `c${id}`, type, nullable: true }));
}

function flat(memory: LinearMemory, type: DataType, values: Value[]): Vector {
  return new ValueWriter(memory, type).write(values);
}

function batchOf(...columns: Vector[]): Batch {
  return { length: columns[0]!.length, columns };
}

function selected(memory: LinearMemory, expr: Expr, columns: Column[], batch: Batch): number[] {
  const predicate = compilePredicate(expr, columns, { memory });
  const { ids, count } = predicate.select(batch);
  const rows = Array.from({ length: count }, (_, i) => (ids === 0 ? i : memory.u32[(ids >>> 2) + i]!));
  predicate.close();
  return rows;
}

function physicalOf([vector]: Vector[]): string | undefined {
  return vector?.kind === "flat" ? vector.physical : undefined;
}

const int = (value: number) => literal(types.int32, value);
const text = (value: string) => literal(types.varchar, value);

for (const length of [2047, 2048, 2049, 8191, 8192, 8193, 100_000]) {
  test(`filters and sums over ${length} rows`, () => {
    const memory = new LinearMemory();
    const columns = columnsOf(types.int32, types.decimal(15, 2));
    const a = Array.from({ length }, (_, i) => (i * 7919) % 1000);
    const b = Array.from({ length }, (_, i) => (i % 11 === 0 ? null : BigInt(i)));
    const batch = batchOf(flat(memory, types.int32, a), flat(memory, types.decimal(15, 2), b));
    const [x, y] = columns.map(column) as [Expr, Expr];
    const range = and([call(">=", [x, int(100)]), call("<", [x, int(300)]), call("is_not_null", [y])]);
    const expected = a.flatMap((value, i) => (value >= 100 && value < 300 && b[i] !== null ? i : []));
    assert.deepEqual(selected(memory, range, columns, batch), expected);
    const set = compileExpressions([call("*", [y, y])], columns, { memory });
    assert.deepEqual(
      readValues(memory, set.evaluate(batch)[0]!),
      b.map((value) => value && value * value),
    );
    set.close();
  });
}

test("a filter that keeps everything or nothing", () => {
  const memory = new LinearMemory();
  const columns = columnsOf(types.int64);
  const batch = batchOf(flat(memory, types.int64, [1n, 2n, null]));
  const x = column(columns[0]!);
  assert.deepEqual(selected(memory, literal(types.boolean, true), columns, batch), [0, 1, 2]);
  assert.deepEqual(selected(memory, literal(types.boolean, null), columns, batch), []);
  assert.deepEqual(selected(memory, call(">", [x, literal(types.int64, "5")]), columns, batch), []);
  assert.deepEqual(selected(memory, or([call("is_null", [x]), call(">", [x, int(0)])]), columns, batch), [0, 1, 2]);
  // Bounds at and beyond the ends of the type.
  const most = literal(types.int64, String(2n ** 63n - 1n));
  assert.deepEqual(selected(memory, call(">", [x, most]), columns, batch), []);
  assert.deepEqual(selected(memory, call("<=", [x, most]), columns, batch), [0, 1]);
  assert.deepEqual(selected(memory, call("not", [call(">", [x, most])]), columns, batch), [0, 1]);
});

test("dictionaries: large ones wait for rows, entries that no row uses cannot fail", () => {
  const memory = new LinearMemory();
  const columns = columnsOf(types.int32, types.int32);
  const entries = Array.from({ length: 6000 }, (_, i) => i);
  const dictionary = newDictionary(new ValueWriter(memory, types.int32).write(entries));
  const x = column(columns[0]!);
  const division = call("/", [int(1000), x]);
  const positive = call(">", [call("/", [int(1000), x]), int(100)]);
  const predicate = compilePredicate(positive, columns, { memory });
  const set = compileExpressions([division], columns, { memory });
  for (let round = 0; round < 8; round++) {
    const codes = Array.from({ length: 1000 }, (_, i) => 1 + ((i * 17 + round * 31) % 5999));
    const vector: Vector = {
      kind: "dictionary",
      type: types.int32,
      length: 1000,
      codes: numbersIn(memory, codes, 2),
      codeBytes: 2,
      validity: 0,
      dictionary,
    };
    const batch = batchOf(vector, vector);
    assert.deepEqual(
      readValues(memory, set.evaluate(batch)[0]!),
      codes.map((code) => Math.trunc(1000 / code)),
    );
    const { ids, count } = predicate.select(batch);
    const rows = Array.from({ length: count }, (_, i) => memory.u32[(ids >>> 2) + i]!);
    assert.deepEqual(
      rows,
      codes.flatMap((code, i) => (Math.trunc(1000 / code) > 100 ? i : [])),
    );
  }
  const zero: Vector = {
    kind: "dictionary",
    type: types.int32,
    length: 1,
    codes: numbersIn(memory, [0], 1),
    codeBytes: 1,
    validity: 0,
    dictionary,
  };
  assert.throws(
    () => set.evaluate(batchOf(zero, zero)),
    (error: QueryError) => error.code === "invalid_argument",
  );
});

test("parts not reached do not fail", () => {
  const memory = new LinearMemory();
  const columns = columnsOf(types.int32, types.int32);
  const batch = batchOf(flat(memory, types.int32, [0, 1, 2, null]), flat(memory, types.int32, [10, 20, 30, 40]));
  const [x, y] = columns.map(column) as [Expr, Expr];
  const quotient = call("/", [y, x]);
  const nonZero = call("<>", [x, int(0)]);
  const guarded = caseWhen([{ when: nonZero, result: quotient }], int(-1));
  const conjunction = call("and", [nonZero, call(">", [quotient, int(15)])]);
  const disjunction = call("or", [call("=", [x, int(0)]), call(">", [quotient, int(15)])]);
  const fallback = call("coalesce", [call("+", [x, int(0)]), quotient]);
  const set = compileExpressions([guarded, conjunction, disjunction, fallback], columns, { memory });
  const results = set.evaluate(batch).map((vector) => readValues(memory, vector));
  assert.deepEqual(results, [
    [-1, 20, 15, -1],
    [false, true, false, null],
    [true, true, false, null],
    [0, 1, 2, null],
  ]);
  assert.deepEqual(selected(memory, conjunction, columns, batch), [1]);
  assert.deepEqual(selected(memory, disjunction, columns, batch), [0, 1]);
  assert.throws(
    () => compileExpressions([quotient], columns, { memory }).evaluate(batch),
    (error: QueryError) => error.code === "invalid_argument",
  );
});

test("decimals stay narrow until a batch needs more, and fail beyond 38 digits", () => {
  const memory = new LinearMemory();
  const type = types.decimal(18, 0);
  const columns = columnsOf(type, types.decimal(38, 0));
  const [x, y] = columns.map(column) as [Expr, Expr];
  const set = compileExpressions([call("*", [x, x]), call("+", [y, y])], columns, { memory });
  const evaluate = (a: bigint[], b: bigint[]) =>
    set.evaluate(batchOf(flat(memory, type, a), flat(memory, types.decimal(38, 0), b)));
  const small = evaluate([3n, -4n], [5n, -6n]);
  assert.equal(physicalOf(small), "i64");
  assert.deepEqual(
    small.map((vector) => readValues(memory, vector)),
    [
      [9n, 16n],
      [10n, -12n],
    ],
  );
  const nines = 10n ** 18n - 1n;
  const most = 10n ** 38n - 1n;
  const half = (10n ** 38n - 2n) / 2n;
  const large = evaluate([nines, -nines], [half, -half]);
  assert.equal(physicalOf(large), "i128");
  assert.deepEqual(
    large.map((vector) => readValues(memory, vector)),
    [
      [nines * nines, nines * nines],
      [2n * half, -2n * half],
    ],
  );
  for (const b of [most, -most, half + 1n]) {
    assert.throws(
      () => evaluate([1n], [b]),
      (error: QueryError) => error.code === "overflow" && /DECIMAL\(38,0\)/.test(error.message),
    );
  }
});

test("products of 38 digits against exact integers", () => {
  const memory = new LinearMemory();
  const columns = columnsOf(types.decimal(38, 0), types.decimal(38, 0));
  const [x, y] = columns.map(column) as [Expr, Expr];
  const set = compileExpressions([call("*", [x, y])], columns, { memory });
  const limit = 10n ** 38n;
  const edges = [
    0n,
    1n,
    -1n,
    2n ** 63n - 1n,
    -(2n ** 63n),
    2n ** 64n,
    2n ** 64n - 1n,
    10n ** 19n,
    -(10n ** 19n),
    10n ** 19n - 1n,
    10n ** 37n,
    limit - 1n,
    1n - limit,
  ];
  for (const a of edges) {
    for (const b of edges) {
      const type = types.decimal(38, 0);
      const evaluate = () =>
        readValues(memory, set.evaluate(batchOf(flat(memory, type, [a]), flat(memory, type, [b])))[0]!);
      const product = a * b;
      if (product < limit && product > -limit) assert.deepEqual(evaluate(), [product], `${a} * ${b}`);
      else assert.throws(evaluate, (error: QueryError) => error.code === "overflow", `${a} * ${b}`);
    }
  }
});

test("IN with NULL is three-valued, LIKE with wildcards, strings of no bytes", () => {
  const memory = new LinearMemory();
  const columns = columnsOf(types.varchar);
  const x = column(columns[0]!);
  const values = ["", "abc", null, "äbc", "a%c", "special: no requests", "requests special"];
  const batch = batchOf(flat(memory, types.varchar, values));
  const nothing = literal(types.varchar, null);
  const exprs = [
    inList(x, [text("abc"), text(""), nothing]),
    inList(x, ["abc", "", "x", "y"].map(text)),
    call("like", [x, text("_bc")]),
    call("like", [x, text("a!%c"), text("!")]),
    call("like", [x, text("%special%requests%")]),
    call("like", [x, text("")]),
    call("like", [x, text("%")]),
  ];
  const set = compileExpressions(exprs, columns, { memory });
  assert.deepEqual(
    set.evaluate(batch).map((vector) => readValues(memory, vector)),
    [
      [true, true, null, null, null, null, null],
      [true, true, null, false, false, false, false],
      [false, true, null, true, false, false, false],
      [false, false, null, false, true, false, false],
      [false, false, null, false, false, true, false],
      [true, false, null, false, false, false, false],
      [true, true, null, true, true, true, true],
    ],
  );
  assert.deepEqual(selected(memory, call("not", [exprs[0]!]), columns, batch), []);
  assert.deepEqual(selected(memory, call("not", [exprs[4]!]), columns, batch), [0, 1, 3, 4, 6]);
});

test("close gives all memory back", () => {
  const memory = new LinearMemory();
  const columns = columnsOf(types.int32, types.varchar, types.decimal(38, 2));
  const [x, s, d] = columns.map(column) as [Expr, Expr, Expr];
  const writers = columns.map(({ type }) => new ValueWriter(memory, type));
  const vectors = [
    [1, null, 3],
    ["a", "Ö", null],
    [1n, 2n, null],
  ].map((values, i) => writers[i]!.write(values as Value[]));
  const before = memory.usedBytes;
  const exprs = [
    caseWhen([{ when: call(">", [x, int(0)]), result: call("/", [int(10), x]) }], call("length", [s])),
    call("upper", [call("||", [s, text("x")])]),
    call("*", [d, d]),
    call("coalesce", [x, int(4)]),
    call("is_distinct_from", [x, int(4)]),
    inList(s, ["a", "b", "c"].map(text)),
    call("like", [s, text("%a_")]),
    call("year", [call("+", [literal(types.date, 0), x])]),
    call("/", [d, literal(types.float64, 3)]),
  ];
  const set = compileExpressions(exprs, columns, { memory });
  set.evaluate(batchOf(...vectors));
  set.close();
  const predicate = compilePredicate(
    or([and([exprs[5]!, call(">", [x, int(0)])]), call("<", [exprs[0]!, int(3)])]),
    columns,
    { memory },
  );
  predicate.select(batchOf(...vectors));
  predicate.close();
  assert.equal(memory.usedBytes, before);
});

test("a disjunction whose middle part keeps nothing unites the others", () => {
  const memory = new LinearMemory();
  const columns = columnsOf(types.int32, types.int32);
  const length = 100;
  const a = Array.from({ length }, (_, i) => i % 10);
  const b = Array.from({ length }, (_, i) => i % 7);
  const batch = batchOf(flat(memory, types.int32, a), flat(memory, types.int32, b));
  const [x, y] = columns.map(column) as [Expr, Expr];
  const parts = [
    call("=", [call("+", [x, y]), int(3)]),
    call("<", [call("+", [x, y]), int(0)]),
    call(">", [call("+", [x, y]), int(10)]),
    call("=", [call("-", [x, y]), int(0)]),
  ];
  const expected = a.flatMap((value, i) => {
    const sum = value + b[i]!;
    return sum === 3 || sum > 10 || value === b[i] ? [i] : [];
  });
  assert.deepEqual(selected(memory, or(parts), columns, batch), expected);
});

test("constants that fail do so only where there are rows", () => {
  const memory = new LinearMemory();
  const columns = columnsOf(types.int32);
  const value = new ValueWriter(memory, types.int32).write([0]);
  const set = compileExpressions([call("/", [int(1), column(columns[0]!)])], columns, { memory });
  const batch = (length: number) => batchOf({ kind: "constant", type: types.int32, length, value });
  assert.deepEqual(readValues(memory, set.evaluate(batch(0))[0]!), []);
  for (const length of [1, 2, 100]) {
    assert.throws(
      () => set.evaluate(batch(length)),
      (error: QueryError) => error.code === "invalid_argument",
    );
  }
});

test("sums and differences overflow exactly at the ends of every integer type, in every lane", () => {
  const memory = new LinearMemory();
  for (const [bits, type] of [
    [8, types.int8],
    [16, types.int16],
    [32, types.int32],
    [64, types.int64],
  ] as const) {
    const columns = columnsOf(type, type);
    const [x, y] = columns.map(column) as [Expr, Expr];
    const value = (exact: bigint): Value => (bits === 64 ? exact : Number(exact));
    const end = 1n << BigInt(bits - 1);
    for (const fn of ["+", "-", "*"]) {
      const set = compileExpressions([call(fn, [x, y])], columns, { memory });
      const pairs = [end - 1n, -end, 0n, 1n, -1n, end / 2n].flatMap((a) =>
        [end - 1n, -end, 1n, -1n, 2n].map((b) => [a, b] as const),
      );
      for (const [a, b] of pairs) {
        const exact = fn === "+" ? a + b : fn === "-" ? a - b : a * b;
        for (const lane of [0, 1, 2, 3, 4, 6]) {
          const [left, right] = [a, b].map((edge) =>
            Array.from({ length: 7 }, (_, i) => value(i === lane ? edge : 1n)),
          );
          const evaluate = () =>
            readValues(memory, set.evaluate(batchOf(flat(memory, type, left!), flat(memory, type, right!)))[0]!);
          if (exact < end && exact >= -end) assert.equal(evaluate()[lane], value(exact), `${a} ${fn} ${b}`);
          else assert.throws(evaluate, (error: QueryError) => error.code === "overflow", `${a} ${fn} ${b}`);
        }
      }
      set.close();
    }
  }
});
