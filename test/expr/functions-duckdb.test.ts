/** Every function where semantics agree, over random rows, against DuckDB. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { DuckDBConnection } from "@duckdb/node-api";
import { type DataType, types } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";
import { QueryError } from "../../lib/errors.ts";
import { call, cast, literal } from "../../lib/expr/build.ts";
import { evaluate } from "../../lib/expr/evaluate.ts";
import type { Expr } from "../../lib/expr/expr.ts";
import { formatValue } from "../../lib/expr/format-value.ts";
import { canFail, isNullable } from "../../lib/expr/properties.ts";
import { connectDuckDb, duckEvaluate } from "./duckdb-values.ts";
import { Random, randomValue } from "./random-values.ts";

const rowsPerCase = Number(process.env.VOLLEY_TEST_ROWS ?? 60);
const { int8, int16, int32, int64, float32, float64, varchar, date, timestamp, interval, boolean, binary } = types;
const decimal = types.decimal;

type Argument = DataType | { readonly of: readonly (string | number | null)[]; readonly type: DataType } | string;

interface Case {
  readonly fn: string;
  readonly args: readonly Argument[];
  /** DuckDB's expression over c0, c1, …; default fn(c0, c1, …) */
  readonly sql?: string;
  /** Relative tolerance for floats. */
  readonly tolerance?: number;
  /** Rows on which DuckDB is known to differ for a reason, given in a comment at the case. */
  readonly skip?: (values: readonly Value[]) => boolean;
}

const one = (fns: string, args: readonly Argument[], more: Partial<Case> = {}): Case[] =>
  fns.split(" ").map((fn) => ({ fn, args, ...more }));
const binaryOperator = (operators: string, args: readonly Argument[], more: Partial<Case> = {}): Case[] =>
  operators.split(" ").map((fn) => ({ fn, args, sql: `c0 ${fn} c1`, ...more }));

const small: Argument = { of: [-7, -3, -2, -1, 0, 1, 2, 3, 5, 9, 40, null], type: int64 };
const digits: Argument = { of: [-3, -2, -1, 0, 1, 2, 3, 7, null], type: int32 };
const numbers: readonly DataType[] = [
  int8,
  int16,
  int32,
  int64,
  float64,
  decimal(9, 2),
  decimal(18, 6),
  decimal(30, 4),
];
const ordered: readonly DataType[] = [...numbers, float32, varchar, date, timestamp, interval, boolean, binary];
const moments: readonly DataType[] = [date, timestamp];
const patterns: Argument = {
  of: ["a%", "%b%", "_b_", "%", "", "a", "%é", "a_%c", "%a%b%", "\\%", "__", null],
  type: varchar,
};
const regexes: Argument = {
  of: [
    "a",
    "b+",
    "^a",
    "c$",
    "[a-c]+",
    "(a)(b)?",
    "\\d",
    "\\w+",
    ".",
    "x|y",
    "[^a]",
    "a{2}",
    "(?i)ABC",
    "\\s",
    "[[:upper:]]",
    "",
    "\\bab",
    null,
  ],
  type: varchar,
};
const units =
  "year quarter month week day hour minute second millisecond microsecond decade century millennium isoyear".split(" ");

/** Integer quotients and remainders differ from DuckDB (// there, NULL for division by zero; both are NULL under TRY). */
const cases: readonly Case[] = [
  ...[int8, int16, int32, int64, float64].flatMap((t) => binaryOperator("+ - *", [t, t])),
  ...[int8, int16, int32, int64].flatMap((t) => [
    ...one("/", [t, t], { sql: "c0 // c1" }),
    // DuckDB calls the least integer % -1 an overflow; it is 0.
    ...binaryOperator("%", [t, t], { skip: ([a, b]) => Number(b) === -1 && Number(a) < 0 }),
    ...binaryOperator("& |", [t, t]),
    ...one("xor", [t, t]),
    ...one("~", [t], { sql: "~c0" }),
    ...one("neg", [t], { sql: "-c0" }),
  ]),
  ...binaryOperator("/ %", [float64, float64]),
  ...binaryOperator(">> <<", [int32, { of: [0, 1, 5, 31, 40, -1], type: int32 }]),
  ...[decimal(9, 2), decimal(18, 6), decimal(20, 4)].flatMap((t) => [
    // DuckDB keeps to 18 digits where both sides have at most 18; here results have as many as they need.
    ...["+", "-", "%", "*"].flatMap((op) =>
      one(op, [t, decimal(12, 3)], { sql: `c0::DECIMAL(${t.precision > 18 ? 25 : 22}, ${t.scale}) ${op} c1` }),
    ),
    ...one("neg", [t], { sql: "-c0" }),
    ...one("/", [t, decimal(12, 3)], { sql: "c0 / c1", tolerance: 1e-15 }),
  ]),
  ...binaryOperator("+ * -", [decimal(9, 2), int16]),
  ...ordered.flatMap((t) => [
    ...binaryOperator("= <> < <= > >=", [t, t]),
    ...one("is_distinct_from", [t, t], { sql: "c0 IS DISTINCT FROM c1" }),
    // DuckDB compares the parts of intervals one by one there.
    ...one(t.kind === "interval" ? "coalesce" : "coalesce greatest least", [t, t]),
    ...one("nullif", [t, t]),
  ]),
  ...binaryOperator("= < >=", [decimal(9, 2), decimal(20, 4)]),
  ...binaryOperator("= < >=", [int32, decimal(9, 2)]),
  ...binaryOperator("= <", [date, timestamp]),
  ...one("and", [boolean, boolean], { sql: "c0 AND c1" }),
  ...one("or", [boolean, boolean], { sql: "c0 OR c1" }),
  ...one("not", [boolean], { sql: "NOT c0" }),
  // Dates
  ...one("+", [date, { of: [0, 1, -1, 100, 40_000], type: int32 }], { sql: "c0 + c1" }),
  ...one("-", [date, { of: [0, 1, -1, 100, 40_000], type: int32 }], { sql: "c0 - c1" }),
  ...binaryOperator("-", [date, date]),
  ...moments.flatMap((t) => binaryOperator("+ -", [t, interval])),
  ...binaryOperator("-", [timestamp, timestamp]),
  ...binaryOperator("+ -", [interval, interval]),
  ...one("neg", [interval], { sql: "-c0" }),
  ...one("*", [interval, { of: [0, 1, -2, 3], type: int32 }], { sql: "c0 * c1" }),
  ...moments.flatMap((t) =>
    one(
      "year month day quarter week isoyear yearweek dayofweek isodow dayofyear decade century millennium era hour minute second millisecond microsecond epoch julian dayname monthname last_day",
      [t],
    ),
  ),
  ...one("year month day hour minute second millisecond microsecond decade century millennium quarter", [interval]),
  ...units.flatMap((unit) => [
    ...one("date_trunc", [unit, timestamp]),
    ...one("date_trunc", [unit, date]),
    ...one("date_diff date_sub", [unit, timestamp, timestamp]),
  ]),
  ...units.slice(0, 13).flatMap((unit) => one("date_trunc", [unit, interval])),
  ...one("age", [timestamp, timestamp]),
  ...["%Y-%m-%d %H:%M:%S.%f", "%a %A %b %B %j %U %W %u %w %V %G", "%-d/%-m/%y %I:%M %p %%", "%x %X %c %g"].flatMap(
    (format) => one("strftime", [timestamp, format]),
  ),
  ...one("make_date", [
    { of: [2000, 1999, -5, 0], type: int64 },
    { of: [0, 1, 2, 12, 13], type: int64 },
    { of: [0, 1, 29, 30, 31, 32], type: int64 },
  ]),
  ...["15 minutes", "1 day", "7 days", "40 days", "1 month", "3 months", "1 year"].flatMap((width) =>
    moments.flatMap((t) =>
      one("time_bucket", [`${width}::interval`, t], { sql: `time_bucket(interval '${width}', c1)` }),
    ),
  ),
  ...one("to_years to_months to_days to_hours to_minutes to_weeks", [small], { sql: undefined }),
  ...one("epoch_ms", [timestamp], { skip: ([t]) => t !== null && (t as bigint) < 0n }),
  ...one("epoch_us", [timestamp]),
  // Mathematics
  ...[int8, int16, int32, int64, float64, float32, decimal(9, 2), decimal(30, 4)].flatMap((t) => one("abs sign", [t])),
  ...[float64, float32, decimal(9, 2), decimal(18, 6), decimal(30, 4)].flatMap((t) =>
    one("round trunc floor ceil", [t], { tolerance: t.kind === "float32" ? 1e-7 : 0 }),
  ),
  ...one("round", [float64, digits], { tolerance: 1e-15, skip: ([x]) => Number.isNaN(x) }),
  ...one("round_even", [
    { of: [0.5, 1.5, 2.5, -0.5, -1.5, 0.25], type: float64 },
    { of: [0, 1], type: int32 },
  ]),
  ...[-2, -1, 0, 1, 2, 5].flatMap((n) =>
    [decimal(9, 2), decimal(18, 6), decimal(30, 4)].map(
      (t): Case => ({ fn: "round", args: [t, `${n}::int`], sql: `round(c0, ${n})` }),
    ),
  ),
  ...one("sqrt cbrt exp ln log10 log2 sin cos tan asin acos atan sinh cosh tanh degrees radians even", [float64], {
    tolerance: 1e-13,
    // DuckDB's tan and trigonometry of numbers beyond 2^53 vary with the C library.
    skip: ([x]) => Math.abs(x as number) > 1e15 && Number.isFinite(x),
  }),
  ...one(
    "power",
    [
      { of: [0, 1, -1, 2, 0.5, -2, 10], type: float64 },
      { of: [0, 1, -1, 2, 0.5, 3], type: float64 },
    ],
    { tolerance: 1e-15 },
  ),
  ...one("atan2", [float64, float64], { tolerance: 1e-15 }),
  ...one("isnan isinf isfinite signbit", [float64]),
  ...one("gcd lcm", [small, small]),
  ...[int8, int32, int64].flatMap((t) => one("bit_count", [t])),
  // Text
  ...one(
    "length strlen lower upper reverse trim ltrim rtrim md5 sha256 sha1 ascii unicode hex bin regexp_escape url_encode bit_length encode strip_accents",
    [varchar],
    {},
  ),
  ...one("base64 hex octet_length md5", [binary]),
  ...one("contains starts_with ends_with prefix suffix strpos instr", [varchar, varchar], {}),
  ...one("concat", [varchar, varchar, int32]),
  ...one("concat_ws", [varchar, varchar, varchar]),
  ...one("concat_op", [varchar, varchar], { sql: "c0 || c1" }),
  ...one("substring", [varchar, small]),
  ...one("substring", [varchar, small, small]),
  ...one("left right repeat", [varchar, small]),
  ...one("lpad rpad", [varchar, { of: [-1, 0, 1, 3, 10], type: int32 }, varchar]),
  ...one("trim ltrim rtrim", [varchar, varchar]),
  ...one("replace translate", [varchar, varchar, varchar]),
  ...one("split_part", [varchar, { of: [",", "b", "", "ab"], type: varchar }, small]),
  ...one("chr", [{ of: [1, 65, 233, 8364, 128_512], type: int32 }]),
  ...one("like", [varchar, patterns], { sql: "c0 LIKE c1" }),
  ...one("ilike", [varchar, patterns], { sql: "c0 ILIKE c1" }),
  ...one("not_like", [varchar, patterns], { sql: "c0 NOT LIKE c1" }),
  ...one("regexp_matches regexp_full_match regexp_extract", [varchar, regexes]),
  ...one("regexp_replace", [varchar, regexes, { of: ["X", "", "[\\0]", "\\1"], type: varchar }], {
    // A group that the pattern does not have is an error there.
    skip: ([, p, r]) => r === "\\1" && !/\((?!\?)/.test(String(p)),
  }),
  ...one("regexp_replace", [varchar, regexes, { of: ["X", "", "[\\0]"], type: varchar }, "g"]),
  ...one(
    "levenshtein damerau_levenshtein jaro_similarity jaro_winkler_similarity jaccard hamming",
    [varchar, varchar],
    {
      tolerance: 1e-12,
      // DuckDB compares bytes.
      skip: (values) => values.some((s) => /[^\0-\x7f]/.test(String(s))),
    },
  ),
];

let connection: DuckDBConnection;
before(async () => {
  connection = await connectDuckDb();
});
after(() => connection.closeSync());

/** `text`, or `text::type` as a constant argument. */
function constant(text: string): Expr {
  const [value = "", type] = text.split("::");
  if (type === "int") return literal(int32, Number(value));
  const expr = literal(varchar, value);
  return type === "interval" ? cast(expr, interval) : expr;
}

function typeOf(argument: Argument): DataType {
  if (typeof argument === "string") return varchar;
  return "of" in argument ? argument.type : argument;
}

function draw(random: Random, argument: Argument): Value {
  if (typeof argument === "string") return argument;
  if (!("of" in argument)) return randomValue(random, argument);
  const value = random.pick(argument.of);
  return value !== null && argument.type.kind === "int64" ? BigInt(value) : value;
}

/** Our text, "null", or "error". */
function ours(expr: Expr, values: readonly Value[]): { text: string | null; value: Value; error?: QueryError } {
  try {
    const value = evaluate(expr, (id) => values[id]!);
    // The columns claim to have no NULLs.
    assert.ok(value !== null || values.includes(null) || isNullable(expr));
    return { value, text: value === null ? null : formatValue(value, expr.type) };
  } catch (error) {
    if (!(error instanceof QueryError) || error.code === "internal") throw error;
    assert.ok(canFail(expr), `canFail says no: ${error.message}`);
    return { text: null, value: null, error };
  }
}

function agree(text: string | null, expected: string | null, tolerance: number | undefined, isReal: boolean): boolean {
  if (text === expected || text === null || expected === null) return text === expected;
  const [a, b] = [text, expected].map((t) => Number(t.replace("inf", "Infinity").replace("nan", "NaN")));
  if (/^-?nan$/.test(text) && /^-?nan$/.test(expected)) return true;
  // DuckDB does not always print the fewest digits of a REAL.
  if (a === b || (isReal && Math.fround(a!) === Math.fround(b!))) return true;
  return tolerance !== undefined && Math.abs(a! - b!) <= tolerance * Math.max(Math.abs(a!), Math.abs(b!));
}

for (const [index, { fn, args, sql, tolerance, skip }] of cases.entries()) {
  const name = `${sql ?? fn} of ${args.map((arg) => (typeof arg === "string" ? arg : JSON.stringify(typeOf(arg)))).join(", ")}`;
  test(name, async () => {
    const random = new Random(index + 1);
    const argTypes = args.map(typeOf);
    const rows = Array.from({ length: rowsPerCase }, () => args.map((arg) => draw(random, arg))).filter(
      (row) => !skip?.(row),
    );
    const exprs = args.map(
      (arg, id): Expr =>
        typeof arg === "string"
          ? constant(arg)
          : { kind: "column", id, name: `c${id}`, type: argTypes[id]!, nullable: false },
    );
    const expr = call(fn, exprs);
    const expected = await duckEvaluate(
      connection,
      sql ?? `${fn}(${args.map((arg, i) => (typeof arg === "string" ? `'${arg}'` : `c${i}`)).join(", ")})`,
      argTypes,
      rows,
    );
    const differences = rows.flatMap((row, i) => {
      const { text, error } = ours(expr, row);
      if (agree(text, expected[i]!, tolerance, expr.type.kind === "float32")) return [];
      return [
        `${row.map((value, j) => (value === null ? "NULL" : formatValue(value, argTypes[j]!))).join(" | ")} → ${error?.message ?? text}, DuckDB ${expected[i]}`,
      ];
    });
    assert.deepEqual(differences.slice(0, 5), [], `${differences.length} of ${rows.length} rows differ`);
  });
}
