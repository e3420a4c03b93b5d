/** Random queries over the fixture tables that both engines understand alike: no integer division, no overflow. */

export type ColumnKind = "int" | "float" | "decimal" | "text" | "date" | "bool";

interface ColumnRef {
  readonly sql: string;
  readonly kind: ColumnKind;
}

/** Columns of the fixture tables (see test/support/fixtures.ts) that queries may use. */
const schemas: Readonly<Record<string, Readonly<Record<string, ColumnKind>>>> = {
  numbers: { k: "int", v: "int", s: "int", t: "int", d: "float", m: "decimal", even: "bool" },
  words: { w: "text", g: "int", d: "date" },
  skewed: { k: "int", v: "int" },
  left_side: { id: "int", name: "text" },
  right_side: { id: "int", tag: "int", amount: "decimal" },
  empty: { a: "int", b: "text", c: "decimal", d: "date" },
  nulls: { a: "int", b: "text", c: "float", g: "int" },
  one: { a: "int", b: "text" },
};

/** A small generator of pseudo-random numbers (mulberry32), the same for the same seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  chance(p: number): boolean {
    return this.next() < p;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

export interface RandomQuery {
  readonly sql: string;
  /** Whether the order of the rows is fixed by the query. */
  readonly ordered: boolean;
}

export function randomQuery(seed: number): RandomQuery {
  return new Generator(new Random(seed)).query();
}

class Generator {
  readonly #random: Random;
  #aliases = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  query(): RandomQuery {
    const r = this.#random;
    const { sql, columns } = r.chance(0.15) ? this.#setOperation() : this.#select(2);
    if (!r.chance(0.4)) return { sql, ordered: false };
    // Every output column in the order makes equal rows the only ties.
    const keys = Array.from({ length: columns }, (_, i) => {
      return `${i + 1}${r.chance(0.4) ? " desc" : ""}${r.chance(0.3) ? " nulls first" : ""}`;
    });
    const limit = r.chance(0.6) ? ` limit ${r.below(12)}${r.chance(0.3) ? ` offset ${r.below(6)}` : ""}` : "";
    return { sql: `select * from (${sql}) q order by ${keys.join(", ")}${limit}`, ordered: true };
  }

  #setOperation(): { sql: string; columns: number } {
    const r = this.#random;
    const kinds = Array.from({ length: 1 + r.below(2) }, () => r.pick<ColumnKind>(["int", "text", "decimal"]));
    const branch = () => {
      const { from, scope } = this.#from(1);
      const exprs = kinds.map((kind) => this.#expr(scope, kind, 1));
      return `select ${exprs.join(", ")} from ${from} where ${this.#predicate(scope, 1)}`;
    };
    const op = r.pick(["union all", "union all", "union", "intersect", "except"]);
    return { sql: `${branch()} ${op} ${branch()}`, columns: kinds.length };
  }

  #select(depth: number): { sql: string; columns: number } {
    const r = this.#random;
    const { from, scope } = this.#from(depth);
    const where = r.chance(0.7) ? ` where ${this.#predicate(scope, 2, depth)}` : "";
    if (r.chance(0.5)) return this.#grouped(from, scope, where);
    const kinds: ColumnKind[] = ["int", "float", "decimal", "text", "date", "bool"];
    const exprs = Array.from({ length: 1 + r.below(4) }, () => this.#expr(scope, r.pick(kinds), 2));
    const distinct = r.chance(0.2) ? "distinct " : "";
    return { sql: `select ${distinct}${named(exprs)} from ${from}${where}`, columns: exprs.length };
  }

  #grouped(from: string, scope: readonly ColumnRef[], where: string): { sql: string; columns: number } {
    const r = this.#random;
    const keyKinds: ColumnKind[] = ["int", "text", "bool", "date", "decimal"];
    const keys = Array.from({ length: r.below(3) }, () => this.#expr(scope, r.pick(keyKinds), 1));
    const aggregates = Array.from({ length: 1 + r.below(3) }, () => this.#aggregate(scope));
    const having = r.chance(0.2) ? ` having count(*) > ${r.below(4)}` : "";
    const groupBy = keys.length > 0 ? ` group by ${keys.map((_, i) => i + 1).join(", ")}` : "";
    const exprs = [...keys, ...aggregates];
    return { sql: `select ${named(exprs)} from ${from}${where}${groupBy}${having}`, columns: exprs.length };
  }

  #aggregate(scope: readonly ColumnRef[]): string {
    const r = this.#random;
    const filter = r.chance(0.15) ? ` filter (where ${this.#predicate(scope, 1)})` : "";
    switch (r.below(6)) {
      case 0:
        return `count(*)${filter}`;
      case 1:
        return `sum(${this.#expr(scope, r.pick<ColumnKind>(["int", "decimal"]), 1)})${filter}`;
      case 2:
        return `count(distinct ${this.#expr(scope, r.pick<ColumnKind>(["int", "text"]), 0)})`;
      case 3:
        return `avg(${this.#expr(scope, r.pick<ColumnKind>(["int", "decimal"]), 1)})${filter}`;
      default: {
        const kind = r.pick<ColumnKind>(["int", "float", "decimal", "text", "date"]);
        return `${r.pick(["min", "max", "count"])}(${this.#expr(scope, kind, 1)})${filter}`;
      }
    }
  }

  /** One to three relations, joined in every way. */
  #from(depth: number): { from: string; scope: readonly ColumnRef[] } {
    const r = this.#random;
    let { sql: from, scope } = this.#relation(depth);
    for (let joins = r.below(3); joins > 0; joins--) {
      const right = this.#relation(depth);
      const kind = r.pick(["join", "join", "left join", "right join", "full join", "cross join"]);
      const on = kind === "cross join" ? "" : ` on ${this.#joinCondition(scope, right.scope, kind)}`;
      from = `${from} ${kind} ${right.sql}${on}`;
      scope = [...scope, ...right.scope];
      if (kind === "cross join") break;
    }
    return { from, scope };
  }

  #relation(depth: number): { sql: string; scope: readonly ColumnRef[] } {
    const r = this.#random;
    const table = r.pick(Object.keys(schemas));
    const alias = `t${++this.#aliases}`;
    const scope = Object.entries(schemas[table]!).map(([name, kind]) => ({ sql: `${alias}.${name}`, kind }));
    if (depth === 0 || r.chance(0.8)) return { sql: `${table} ${alias}`, scope };
    const inner = Object.entries(schemas[table]!).map(([name, kind]) => ({ sql: `u.${name}`, kind }));
    return { sql: `(select * from ${table} u where ${this.#predicate(inner, 1)}) ${alias}`, scope };
  }

  #joinCondition(left: readonly ColumnRef[], right: readonly ColumnRef[], kind: string): string {
    const r = this.#random;
    const pairs = left.flatMap((a) => right.filter((b) => a.kind === b.kind).map((b) => `${a.sql} = ${b.sql}`));
    const equality = pairs.length > 0 ? r.pick(pairs) : "1 = 1";
    // An outer join on an arbitrary condition multiplies rows without bound: keep its equality.
    if (r.chance(0.3)) return `${equality} and ${this.#predicate([...left, ...right], 1)}`;
    if (kind === "join" && r.chance(0.15)) return this.#predicate([...left, ...right], 1);
    return equality;
  }

  #predicate(scope: readonly ColumnRef[], size: number, subqueries = 0): string {
    const r = this.#random;
    if (size > 0 && r.chance(0.5)) {
      const [a, b] = [this.#predicate(scope, size - 1, subqueries), this.#predicate(scope, size - 1, subqueries)];
      return r.chance(0.2) ? `not (${a} and ${b})` : `(${a} ${r.pick(["and", "or"])} ${b})`;
    }
    if (subqueries > 0 && r.chance(0.25)) return this.#subquery(scope, subqueries - 1);
    const kind = r.pick<ColumnKind>(["int", "int", "float", "decimal", "text", "date"]);
    const operand = this.#expr(scope, kind, 1);
    switch (r.below(6)) {
      case 0:
        return `${operand} is ${r.chance(0.5) ? "not " : ""}null`;
      case 1:
        return `${operand} ${r.chance(0.3) ? "not " : ""}in (${this.#constant(kind)}, ${this.#constant(kind)})`;
      case 2:
        return `${operand} between ${this.#constant(kind)} and ${this.#expr(scope, kind, 0)}`;
      case 3:
        if (kind === "text")
          return `${operand} ${r.chance(0.3) ? "not " : ""}like '${r.pick(["a%", "%a%", "_", "%u_", "z%3", "%"])}'`;
        return `${operand} is distinct from ${this.#expr(scope, kind, 0)}`;
      default:
        return `${operand} ${r.pick(["=", "<>", "<", "<=", ">", ">="])} ${this.#expr(scope, kind, 1)}`;
    }
  }

  #subquery(scope: readonly ColumnRef[], depth: number): string {
    const r = this.#random;
    const inner = this.#relation(0);
    const kind = r.pick<ColumnKind>(["int", "text"]);
    const outerExpr = this.#expr(scope, kind, 0);
    const innerExpr = this.#expr(inner.scope, kind, 0);
    const correlated = r.chance(0.5)
      ? ` and ${this.#expr(inner.scope, "int", 0)} = ${this.#expr(scope, "int", 0)}`
      : "";
    const where = `where ${this.#predicate(inner.scope, 1, depth)}${correlated}`;
    switch (r.below(3)) {
      case 0:
        return `${r.chance(0.4) ? "not " : ""}exists (select 1 from ${inner.sql} ${where})`;
      case 1:
        return `${outerExpr} ${r.chance(0.4) ? "not " : ""}in (select ${innerExpr} from ${inner.sql} ${where})`;
      default: {
        const aggregate = r.pick(kind === "int" ? ["min", "max", "count", "sum"] : ["min", "max"]);
        return `${outerExpr} ${r.pick(["=", "<", ">="])} (select ${aggregate}(${innerExpr}) from ${inner.sql} ${where})`;
      }
    }
  }

  #expr(scope: readonly ColumnRef[], kind: ColumnKind, size: number): string {
    const r = this.#random;
    const columns = scope.filter((column) => column.kind === kind);
    if (size === 0 || r.chance(0.5)) {
      return columns.length > 0 && r.chance(0.9) ? r.pick(columns).sql : this.#constant(kind);
    }
    const sub = (of: ColumnKind = kind) => this.#expr(scope, of, size - 1);
    if (r.chance(0.2)) return `case when ${this.#predicate(scope, 0)} then ${sub()} else ${sub()} end`;
    if (r.chance(0.1)) return `coalesce(${sub()}, ${this.#constant(kind)})`;
    switch (kind) {
      case "int":
        return r.pick([
          () => `(${sub()} ${r.pick(["+", "-", "*"])} ${r.below(5)})`,
          () => `abs(${sub()})`,
          () => `length(${sub("text")})`,
          () => `extract(${r.pick(["year", "month", "day"])} from ${sub("date")})`,
        ])();
      case "float":
        return r.pick([() => `(${sub()} * 0.5::double)`, () => `(${sub()} + ${sub("int")})`])();
      case "decimal":
        return r.pick([() => `(${sub()} + 1.25)`, () => `(${sub()} * 2.0)`, () => `(${sub()} - ${sub("int")})`])();
      case "text":
        return r.pick([
          () => `upper(${sub()})`,
          () => `(${sub()} || '-')`,
          () => `substring(${sub()}, 1, 2)`,
          () => `replace(${sub()}, 'a', 'bb')`,
        ])();
      case "date":
        return `(${sub()} + ${r.below(40)})`;
      case "bool":
        return `(${this.#predicate(scope, 0)})`;
    }
  }

  #constant(kind: ColumnKind): string {
    const r = this.#random;
    if (r.chance(0.05)) return kind === "int" ? "null::int" : `null::${castName[kind]}`;
    switch (kind) {
      case "int":
        return String(r.below(14) - 2);
      case "float":
        return `${(r.below(100) - 10) / 8}::double`;
      case "decimal":
        return `${(r.below(1000) - 100) / 4}::decimal(9,2)`;
      case "text":
        return r.pick(["''", "'a'", "'naïve'", "'z1'", "'l3'", "'日本語'"]);
      case "date":
        return `date '2020-${String(1 + r.below(12)).padStart(2, "0")}-15'`;
      case "bool":
        return r.pick(["true", "false"]);
    }
  }
}

const castName = {
  int: "int",
  float: "double",
  decimal: "decimal(9,2)",
  text: "varchar",
  date: "date",
  bool: "boolean",
};

function named(exprs: readonly string[]): string {
  return exprs.map((expr, i) => `${expr} as c${i}`).join(", ");
}
