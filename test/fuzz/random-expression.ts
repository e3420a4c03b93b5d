/** Random scalar expressions that both engines understand alike: no integer division, no sums of floats. */
import type { Random } from "./random.ts";

export type Kind = "int" | "float" | "decimal" | "text" | "date" | "time" | "bool";

export const kinds: readonly Kind[] = ["int", "float", "decimal", "text", "date", "time", "bool"];

/** A column in scope, as it is written. */
export interface ColumnRef {
  readonly sql: string;
  readonly kind: Kind;
}

export type Scope = readonly ColumnRef[];

/** What a predicate may use besides columns: subqueries, from the query generator. */
export type SubqueryMaker = (scope: Scope) => string;

const typeNames: Readonly<Record<Kind, string>> = {
  int: "int",
  float: "double",
  decimal: "decimal(9,2)",
  text: "varchar",
  date: "date",
  time: "timestamp",
  bool: "boolean",
};

const likePatterns = ["a%", "%a%", "_", "%u_", "z%3", "%", "", "%ï%", "_本_", "%long%v%", "a_", "%\\%"];
/** With # as the escape. */
const escapedPatterns = ["%#_%", "#%%", "x#_y", "##%", "%#%", "_#_", "%ï#%", "a%"];
const borders = [
  "127",
  "-128",
  "32767",
  "2147483647",
  "-2147483648",
  "9223372036854775807",
  "-9223372036854775807",
  "0",
];

export class ExpressionGenerator {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** An expression of a kind; `size` bounds how deep it goes. */
  expression(scope: Scope, kind: Kind, size: number): string {
    const r = this.#random;
    const columns = scope.filter((column) => column.kind === kind);
    if (size === 0 || r.chance(0.45)) {
      return columns.length > 0 && r.chance(0.9) ? r.pick(columns).sql : this.constant(kind);
    }
    const sub = (of: Kind = kind) => this.expression(scope, of, size - 1);
    if (r.chance(0.15)) return this.#conditional(scope, kind, size);
    return r.pick(this.#operations(scope, kind, sub))();
  }

  constant(kind: Kind): string {
    const r = this.#random;
    if (r.chance(0.05)) return `null::${typeNames[kind]}`;
    switch (kind) {
      case "int":
        return r.chance(0.05) ? `(${r.pick(borders)})` : inParentheses(r.below(14) - 2);
      case "float":
        return r.chance(0.1)
          ? r.pick(["'nan'::double", "'inf'::double", "-0.0::double"])
          : `${(r.below(100) - 10) / 8}::double`;
      case "decimal":
        return r.chance(0.5) ? ((r.below(1000) - 100) / 4).toFixed(2) : `${(r.below(1000) - 100) / 4}::decimal(9,2)`;
      case "text":
        return r.pick(["''", "'a'", "'naïve'", "'z1'", "'l3'", "'日本語'", "'A'", "'x_y'", "'🦆 duck'"]);
      case "date":
        return r.pick([
          `date '2020-${String(1 + r.below(12)).padStart(2, "0")}-15'`,
          "date '2024-02-29'",
          "date '0010-01-01'",
          "date '9999-12-31'",
          "date '1969-12-31'",
        ]);
      case "time":
        return r.pick([
          `timestamp '2021-03-${String(1 + r.below(28)).padStart(2, "0")} 05:06:07'`,
          "timestamp '1969-12-31 23:59:59.999999'",
          "timestamp '2020-01-01 00:00:00'",
          "timestamp '9999-12-31 23:59:59.999999'",
          "timestamp '0010-01-01 00:00:00'",
        ]);
      case "bool":
        return r.pick(["true", "false"]);
    }
  }

  /** A condition; `subquery` makes conditions with subqueries. */
  predicate(scope: Scope, size: number, subquery?: SubqueryMaker): string {
    const r = this.#random;
    if (size > 0 && r.chance(0.5)) {
      const [a, b] = [this.predicate(scope, size - 1, subquery), this.predicate(scope, size - 1, subquery)];
      if (r.chance(0.15)) return `not (${a} ${r.pick(["and", "or"])} ${b})`;
      return `(${a} ${r.pick(["and", "or"])} ${b})`;
    }
    if (subquery && r.chance(0.25)) return subquery(scope);
    const kind = r.pick<Kind>(["int", "int", "float", "decimal", "text", "text", "date", "time", "bool"]);
    const operand = this.expression(scope, kind, 1);
    switch (r.below(7)) {
      case 0:
        return `${operand} is ${r.chance(0.5) ? "not " : ""}null`;
      case 1: {
        const list = Array.from({ length: 1 + r.below(r.chance(0.1) ? 40 : 4) }, () => this.constant(kind));
        return `${operand} ${r.chance(0.3) ? "not " : ""}in (${list.join(", ")})`;
      }
      case 2:
        return `${operand} ${r.chance(0.2) ? "not " : ""}between ${this.constant(kind)} and ${this.expression(scope, kind, 0)}`;
      case 3:
        return `${operand} is ${r.chance(0.5) ? "not " : ""}distinct from ${this.expression(scope, kind, 0)}`;
      case 4:
        return this.#test(scope, kind, operand);
      default:
        return `${operand} ${r.pick(["=", "<>", "<", "<=", ">", ">="])} ${this.expression(scope, kind, 1)}`;
    }
  }

  #test(scope: Scope, kind: Kind, operand: string): string {
    const r = this.#random;
    if (kind === "text") {
      const not = r.chance(0.3) ? "not " : "";
      return r.pick([
        () => `${operand} ${not}like '${r.pick(likePatterns)}'`,
        () => `${operand} ${not}like '${r.pick(escapedPatterns)}' escape '#'`,
        () => `${operand} ${not}ilike '${r.pick(likePatterns)}'`,
        () => `starts_with(${operand}, ${this.constant("text")})`,
        () => `contains(${operand}, ${this.expression(scope, "text", 0)})`,
        () => `regexp_matches(${operand}, '${r.pick(["^a", "[0-9]", "a|z", "u.k$", "^$"])}')`,
      ])();
    }
    if (kind === "bool") return `${operand} is ${r.chance(0.5) ? "not " : ""}${r.pick(["true", "false"])}`;
    return `coalesce(${operand} = ${this.expression(scope, kind, 0)}, ${r.pick(["true", "false"])})`;
  }

  #conditional(scope: Scope, kind: Kind, size: number): string {
    const r = this.#random;
    const sub = (of: Kind = kind) => this.expression(scope, of, size - 1);
    return r.pick([
      () => `case when ${this.predicate(scope, 0)} then ${sub()} else ${sub()} end`,
      () => `case when ${this.predicate(scope, 0)} then ${sub()} when ${this.predicate(scope, 0)} then ${sub()} end`,
      () => `case ${sub("int")} when 1 then ${sub()} when ${sub("int")} then ${sub()} else ${sub()} end`,
      () => `coalesce(${sub()}, ${this.constant(kind)})`,
      () => `nullif(${sub()}, ${sub()})`,
      () => `${r.pick(["greatest", "least"])}(${sub()}, ${sub()})`,
    ])();
  }

  #operations(scope: Scope, kind: Kind, sub: (of?: Kind) => string): readonly (() => string)[] {
    const r = this.#random;
    switch (kind) {
      case "int":
        return [
          () => `(${sub()} ${r.pick(["+", "-", "*"])} ${r.below(5)})`,
          () => `(${sub()} ${r.pick(["+", "-"])} ${sub()})`,
          () => `(${sub()} % ${2 + r.below(5)})`,
          () => `(${sub()} // ${r.pick(["1", "2", "3", "(-4)"])})`,
          () => `abs(${sub()})`,
          () => `(- ${sub()})`,
          () => `length(${sub("text")})`,
          () => `strpos(${sub("text")}, 'a')`,
          () => `extract(${r.pick(["year", "month", "day", "dow", "doy", "week", "quarter"])} from ${sub("date")})`,
          () => `extract(${r.pick(["year", "hour", "minute", "second"])} from ${sub("time")})`,
          () => `(${sub("date")} - ${sub("date")})`,
          () => `date_diff('${r.pick(["day", "month", "year", "week"])}', ${sub("date")}, ${sub("date")})`,
          () => `${sub()}::bigint`,
          () => `try_cast(${sub()} as ${r.pick(["tinyint", "smallint", "int"])})`,
          () => `try_cast(${sub("text")} as int)`,
          () => `${sub("decimal")}::bigint`,
          () => `${sub("bool")}::int`,
          () => `(${sub()} & ${r.below(9)})`,
        ];
      case "float":
        return [
          () => `(${sub()} * 0.5::double)`,
          () => `(${sub()} ${r.pick(["+", "-", "*"])} ${sub("int")})`,
          () => `(${sub()} - ${sub("decimal")})`,
          () => `${sub("int")}::double`,
          () => `abs(${sub()})`,
          () => `floor(${sub()})`,
          () => `(${sub("decimal")} / 4)`,
        ];
      case "decimal":
        return [
          () => `(${sub()} + 1.25)`,
          () => `(${sub()} * 2.0)`,
          () => `(${sub()} ${r.pick(["-", "+"])} ${sub("int")})`,
          () => `(${sub()} ${r.pick(["-", "+"])} ${sub()})`,
          () => `round(${sub()}, 1)`,
          () => `${sub("int")}::decimal(18,3)`,
          () => `${sub()}::decimal(12,1)`,
          () => `${sub()}::decimal(24,4)`,
          () => `${sub()}::decimal(${r.pick(["19,1", "20,3", "18,0", "9,4", "4,2"])})`,
          () => `(${sub()} % 3)`,
          () => `abs(${sub()})`,
        ];
      case "text":
        return [
          () => `${r.pick(["upper", "lower", "trim", "ltrim"])}(${sub()})`,
          () => `(${sub()} || ${r.pick(["'-'", sub()])})`,
          () => `substring(${sub()}, ${r.below(4) - 1}, ${r.below(4)})`,
          () => `replace(${sub()}, 'a', 'bb')`,
          () => `${r.pick(["left", "right"])}(${sub()}, ${r.below(5) - 2})`,
          () => `concat(${sub()}, ${sub("int")})`,
          () => `lpad(${sub()}, ${r.below(6)}, '*')`,
          () => `split_part(${sub()}, ' ', ${1 + r.below(2)})`,
          () => `${sub(r.pick<Kind>(["int", "date", "bool", "time"]))}::varchar`,
          () => `regexp_replace(${sub()}, '[aeiou]', '_', 'g')`,
        ];
      case "date":
        return [
          () => `(${sub()} ${r.pick(["+", "-"])} ${r.below(40)})`,
          () => `date_trunc('${r.pick(["month", "year", "week"])}', ${sub()})::date`,
          () => `last_day(${sub()})`,
          () => `${sub("time")}::date`,
          () => `(${sub()} + interval '${r.below(14)} month')::date`,
        ];
      case "time":
        return [
          () => `date_trunc('${r.pick(["month", "day", "hour", "minute", "quarter"])}', ${sub()})`,
          () => `${sub("date")}::timestamp`,
          () =>
            `(${sub()} ${r.pick(["+", "-"])} interval '${r.below(40)} ${r.pick(["month", "day", "hour", "second"])}')`,
          () => `(${sub("date")} + interval '${r.below(40)} day')`,
        ];
      case "bool":
        return [() => `(${this.predicate(scope, 0)})`, () => `(not ${sub()})`];
    }
  }
}

/** A cast binds more tightly than a sign. */
function inParentheses(n: number): string {
  return n < 0 ? `(${n})` : String(n);
}
