/** Nanoseconds per row of expressions and filters over batches in linear memory. Run: node bench/kernels.ts [filter] */
import { type DataType, types } from "../lib/arrow/types.ts";
import type { Value } from "../lib/arrow/value.ts";
import { ValueWriter } from "../lib/arrow/value-access.ts";
import { type Batch, newDictionary, type Vector } from "../lib/arrow/vector.ts";
import { compileExpressions } from "../lib/executor/expression/expression-set.ts";
import { compilePredicate } from "../lib/executor/expression/predicate.ts";
import { and, call, caseWhen, cast, column, inList, literal, or } from "../lib/expr/build.ts";
import type { Column, Expr } from "../lib/expr/expr.ts";
import { LinearMemory } from "../lib/kernels/memory.ts";

const rows = 8192;
const memory = new LinearMemory();
let state = 1;
const random = (limit: number) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
};

function flat(type: DataType, make: () => Value): Vector {
  return new ValueWriter(memory, type).write(Array.from({ length: rows }, make));
}

function dictionary(type: DataType, entries: Value[]): Vector {
  const values = new ValueWriter(memory, type).write(entries);
  const codes = memory.alloc(rows * 2);
  for (let i = 0; i < rows; i++) memory.u16[(codes >> 1) + i] = random(entries.length);
  return {
    kind: "dictionary",
    type,
    length: rows,
    codes,
    codeBytes: 2,
    validity: 0,
    dictionary: newDictionary(values),
  };
}

const words = "special requests final packages carefully quick deposits sleep above ironic theodolites green".split(
  " ",
);
const comment = () => Array.from({ length: 3 + random(5) }, () => words[random(words.length)]).join(" ");
const money = types.decimal(15, 2);
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

const data: Record<string, [DataType, Vector]> = {
  price: [money, flat(money, () => BigInt(90_000 + random(10_000_000)))],
  discount: [money, dictionary(money, range(11).map(BigInt))],
  tax: [money, dictionary(money, range(9).map(BigInt))],
  quantity: [
    money,
    dictionary(
      money,
      range(50).map((i) => BigInt(100 * (i + 1))),
    ),
  ],
  discount_flat: [money, flat(money, () => BigInt(random(11)))],
  shipdate: [
    types.date,
    dictionary(
      types.date,
      range(2526).map((i) => 8035 + i),
    ),
  ],
  shipdate_flat: [types.date, flat(types.date, () => 8035 + random(2526))],
  commitdate: [types.date, flat(types.date, () => 8035 + random(2526))],
  i32: [types.int32, flat(types.int32, () => random(1_000_000) - 500_000)],
  i64: [types.int64, flat(types.int64, () => BigInt(random(1_000_000)))],
  f64: [types.float64, flat(types.float64, () => random(1_000_000) / 7)],
  g64: [types.float64, flat(types.float64, () => random(1_000_000) / 3)],
  wide: [types.decimal(38, 2), flat(types.decimal(38, 2), () => BigInt(random(1_000_000)) * 10n ** 20n)],
  mode: [types.varchar, dictionary(types.varchar, ["AIR", "REG AIR", "SHIP", "TRUCK", "MAIL", "RAIL", "FOB"])],
  mode_flat: [
    types.varchar,
    flat(types.varchar, () => ["AIR", "REG AIR", "SHIP", "TRUCK", "MAIL", "RAIL", "FOB"][random(7)]!),
  ],
  comment: [types.varchar, flat(types.varchar, comment)],
};

const columns: Column[] = Object.entries(data).map(([name, [type]], id) => ({ id, name, type, nullable: false }));
const batch: Batch = { length: rows, columns: Object.values(data).map(([, vector]) => vector) };
const c = (name: string) => column(columns.find((candidate) => candidate.name === name)!);
const int = (value: number) => literal(types.int32, value);
const text = (value: string) => literal(types.varchar, value);
const date = (value: number) => literal(types.date, value);
const dec = (unscaled: number) => literal(types.decimal(3, 2), String(unscaled));

const netPrice = call("*", [c("price"), call("-", [int(1), c("discount")])]);
const year = call("year", [c("shipdate")]);

const values: Record<string, Expr[]> = {
  "q1: price*(1-discount), that*(1+tax)": [netPrice, call("*", [netPrice, call("+", [int(1), c("tax")])])],
  "price * discount, both flat": [call("*", [c("price"), c("discount_flat")])],
  "decimal(38) + decimal(38)": [call("+", [c("wide"), c("wide")])],
  "int32 + int32": [call("+", [c("i32"), c("i32")])],
  "int64 * int64": [call("*", [c("i64"), c("i64")])],
  "float64 * float64": [call("*", [c("f64"), c("g64")])],
  "cast int32 to float64": [cast(c("i32"), types.float64)],
  "cast decimal to float64": [cast(c("price"), types.float64)],
  "year(dictionary date)": [year],
  "year(flat date)": [call("year", [c("shipdate_flat")])],
  "case mode in (…) then 1 else 0, dictionary": [
    caseWhen([{ when: inList(c("mode"), [text("MAIL"), text("SHIP")]), result: int(1) }], int(0)),
  ],
  "case i32 > 0 then i64 else 0": [
    caseWhen([{ when: call(">", [c("i32"), int(0)]), result: c("i64") }], literal(types.int64, "0")),
  ],
  "substring(comment, 1, 2)": [call("substring", [c("comment"), literal(types.int64, "1"), literal(types.int64, "2")])],
  "upper(comment)": [call("upper", [c("comment")])],
  "md5(mode), fallback": [call("md5", [c("mode_flat")])],
};

const filters: Record<string, Expr> = {
  q6: and([
    call(">=", [c("shipdate"), date(8766)]),
    call("<", [c("shipdate"), date(9131)]),
    call(">=", [c("discount"), dec(5)]),
    call("<=", [c("discount"), dec(7)]),
    call("<", [c("quantity"), int(24)]),
  ]),
  "date range, flat": and([call(">=", [c("shipdate_flat"), date(8766)]), call("<", [c("shipdate_flat"), date(9131)])]),
  "date <= constant, dictionary": call("<=", [c("shipdate"), date(10471)]),
  "date < date, flat": call("<", [c("commitdate"), c("shipdate_flat")]),
  "float64 > constant": call(">", [c("f64"), literal(types.float64, 50_000)]),
  "mode = constant, flat": call("=", [c("mode_flat"), text("AIR")]),
  "mode in (3), flat": inList(c("mode_flat"), [text("AIR"), text("MAIL"), text("FOB")]),
  "i32 in (10)": inList(
    c("i32"),
    range(10).map((i) => int(i * 7)),
  ),
  "comment like '%green%'": call("like", [c("comment"), text("%green%")]),
  "comment not like '%special%requests%'": call("not_like", [c("comment"), text("%special%requests%")]),
  "comment like 'special%'": call("like", [c("comment"), text("special%")]),
  "q19: or of ands": or([
    and([call("=", [c("mode"), text("AIR")]), call("<", [c("quantity"), int(10)]), call(">", [c("i32"), int(0)])]),
    and([call("=", [c("mode"), text("MAIL")]), call("<", [c("quantity"), int(20)]), call(">", [c("i32"), int(100)])]),
  ]),
};

function measure(name: string, run: () => void): void {
  const wanted = process.argv[2];
  if (wanted && !name.includes(wanted)) return;
  for (let i = 0; i < 50; i++) run();
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    let times = 0;
    do {
      for (let i = 0; i < 10; i++) run();
      times += 10;
    } while (performance.now() - start < 20);
    best = Math.min(best, ((performance.now() - start) * 1e6) / times / rows);
  }
  console.log(`${best.toFixed(2).padStart(9)} ns/row  ${name}`);
}

for (const [name, exprs] of Object.entries(values)) {
  const compiled = compileExpressions(exprs, columns, { memory });
  measure(name, () => void compiled.evaluate(batch));
  compiled.close();
}
for (const [name, expr] of Object.entries(filters)) {
  const compiled = compilePredicate(expr, columns, { memory });
  measure(`filter ${name}`, () => void compiled.select(batch));
  compiled.close();
}
