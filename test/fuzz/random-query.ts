/** Random queries over the fixture tables: joins, groups, subqueries, CTEs, set operations. */
import { Random } from "./random.ts";
import { type ColumnRef, ExpressionGenerator, type Kind, kinds, type Scope } from "./random-expression.ts";

/** Columns of the fixture tables (see test/support/fixtures.ts) that queries may use. */
const schemas: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  numbers: { k: "int", v: "int", s: "int", t: "int", d: "float", m: "decimal", even: "bool" },
  words: { w: "text", g: "int", d: "date", ts: "time" },
  skewed: { k: "int", v: "int" },
  left_side: { id: "int", name: "text" },
  right_side: { id: "int", tag: "int", amount: "decimal" },
  empty: { a: "int", b: "text", c: "decimal", d: "date" },
  nulls: { a: "int", b: "text", c: "float", g: "int" },
  one: { a: "int", b: "text" },
  extremes: { x: "int", y: "float", b: "bool" },
  types: {
    t8: "int",
    t16: "int",
    t64: "int",
    d4: "decimal",
    d18: "decimal",
    b: "bool",
    day: "date",
    txt: "text",
  },
};

const tableNames = Object.keys(schemas);

export interface RandomQuery {
  readonly sql: string;
  /** Whether the order of the rows is fixed by the query. */
  readonly ordered: boolean;
}

export function randomQuery(seed: number): RandomQuery {
  return new QueryGenerator(new Random(seed)).query();
}

/** Tables to read, and a condition over their rows. */
export function randomCondition(seed: number): { readonly from: string; readonly predicate: string } {
  return new QueryGenerator(new Random(seed)).condition();
}

/** A query whose columns are named c0, c1, … */
interface Select {
  readonly sql: string;
  readonly kinds: readonly Kind[];
}

interface Relation {
  readonly sql: string;
  readonly scope: Scope;
}

class QueryGenerator {
  readonly #random: Random;
  readonly #expressions: ExpressionGenerator;
  /** Common table expressions so far, with their columns. */
  readonly #shared: { name: string; kinds: readonly Kind[] }[] = [];
  #aliases = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#expressions = new ExpressionGenerator(random);
  }

  query(): RandomQuery {
    const r = this.#random;
    const shared: string[] = [];
    for (let n = r.chance(0.25) ? 1 + r.below(2) : 0; n > 0; n--) {
      const name = `shared${n}`;
      const query = this.#body(1);
      shared.push(`${name} as (${query.sql})`);
      this.#shared.push({ name, kinds: query.kinds });
    }
    const prefix = shared.length > 0 ? `with ${shared.join(", ")} ` : "";
    const body = this.#body(2);
    if (!r.chance(0.4)) return { sql: prefix + body.sql, ordered: false };
    if (r.chance(0.1)) {
      const order = this.#order(body.kinds.length);
      const first = /^\d+/.exec(order)![0];
      return {
        sql: `${prefix}select distinct on (c${Number(first) - 1}) * from (${body.sql}) q order by ${order}`,
        ordered: true,
      };
    }
    return {
      sql: `${prefix}select * from (${body.sql}) q order by ${this.#order(body.kinds.length)}${this.#limit()}`,
      ordered: true,
    };
  }

  condition(): { readonly from: string; readonly predicate: string } {
    const { sql, scope } = this.#from(1);
    return { from: sql, predicate: this.#predicate(scope, 2, 1) };
  }

  /** Every output column, in some order, so that only equal rows tie. */
  #order(columns: number): string {
    const r = this.#random;
    const ordinals = Array.from({ length: columns }, (_, i) => i + 1);
    for (let i = columns - 1; i > 0; i--) {
      const j = r.below(i + 1);
      [ordinals[i], ordinals[j]] = [ordinals[j]!, ordinals[i]!];
    }
    return ordinals.map((n) => `${n}${r.chance(0.4) ? " desc" : ""}${r.chance(0.3) ? " nulls first" : ""}`).join(", ");
  }

  #limit(): string {
    const r = this.#random;
    return r.chance(0.6) ? ` limit ${r.below(12)}${r.chance(0.3) ? ` offset ${r.below(6)}` : ""}` : "";
  }

  #body(depth: number): Select {
    return this.#random.chance(0.15) ? this.#setOperation(depth) : this.#select(depth);
  }

  #setOperation(depth: number): Select {
    const r = this.#random;
    const columns = Array.from({ length: 1 + r.below(3) }, () => r.pick(kinds));
    const branch = (): string => {
      if (depth > 1 && r.chance(0.2)) return `(${branch()} ${r.pick(["union all", "union", "except"])} ${branch()})`;
      const { sql: from, scope } = this.#from(depth - 1);
      const exprs = columns.map((kind) => this.#expressions.expression(scope, kind, 1));
      return `select ${named(exprs)} from ${from} where ${this.#predicate(scope, 1, depth - 1)}`;
    };
    const op = r.pick(["union all", "union all", "union", "intersect", "except", "intersect all", "except all"]);
    return { sql: `${branch()} ${op} ${branch()}`, kinds: columns };
  }

  #select(depth: number): Select {
    const r = this.#random;
    const { sql: from, scope } = this.#from(depth);
    const where = r.chance(0.6) ? ` where ${this.#predicate(scope, 2, depth)}` : "";
    if (r.chance(0.45)) return this.#grouped(from, scope, where, depth);
    const columns = Array.from({ length: 1 + r.below(4) }, () => r.pick(kinds));
    if (r.chance(0.25)) return this.#windowed(from, scope, where);
    const exprs = columns.map((kind) => {
      if (depth > 0 && kind === "int" && r.chance(0.2)) return this.#scalar(scope, "int", depth - 1);
      if (depth > 0 && kind === "bool" && r.chance(0.3)) return this.#subquery(scope, depth - 1);
      return this.#expressions.expression(scope, kind, 2);
    });
    return { sql: `select ${r.chance(0.2) ? "distinct " : ""}${named(exprs)} from ${from}${where}`, kinds: columns };
  }

  /** Columns and window functions over them, perhaps kept by QUALIFY. */
  #windowed(from: string, scope: Scope, where: string): Select {
    const r = this.#random;
    // Only whole rows tell peers apart for sure: they are numbered in their full order.
    const all = [...scope].map(({ sql }) => sql);
    const calls = Array.from({ length: 1 + r.below(3) }, () => this.#windowCall(scope, all));
    const plain = Array.from({ length: 1 + r.below(2) }, () => r.pick(scope));
    const columns = [...plain, ...calls];
    const qualify = r.chance(0.3)
      ? ` qualify ${r.pick(["rank", "dense_rank"])}() over (${this.#window(scope, all, false)}) <= ${1 + r.below(4)}`
      : "";
    const exprs = columns.map(({ sql }) => sql);
    return { sql: `select ${named(exprs)} from ${from}${where}${qualify}`, kinds: columns.map(({ kind }) => kind) };
  }

  #windowCall(scope: Scope, all: readonly string[]): ColumnRef {
    const r = this.#random;
    const arg = (kind: Kind) => this.#expressions.expression(scope, kind, 1);
    const rank = r.pick(["rank()", "dense_rank()", "count(*)", `count(${arg(r.pick(kinds))})`]);
    if (r.chance(0.3))
      return { sql: `${rank} over (${this.#window(scope, all, rank.startsWith("count"))})`, kind: "int" };
    const kind = r.pick(kinds);
    const value = arg(kind);
    switch (r.below(5)) {
      case 0:
        // Rows that are peers in everything have the same value.
        return { sql: `${r.pick(["lag", "lead"])}(${value}, ${r.below(4)}) over (${this.#fullOrder(all)})`, kind };
      case 1: {
        const fn = r.pick(["first_value", "last_value", "nth_value"]);
        const nth = fn === "nth_value" ? `, ${1 + r.below(4)}` : "";
        return { sql: `${fn}(${value}${nth}) over (${this.#fullOrder(all)}${this.#rows()})`, kind };
      }
      case 2:
        return { sql: `sum(${arg("int")} % 1000) over (${this.#window(scope, all, true)})`, kind: "int" };
      case 3:
        return { sql: `avg(${arg("int")} % 1000) over (${this.#window(scope, all, true)})`, kind: "float" };
      default:
        return { sql: `${r.pick(["min", "max"])}(${value}) over (${this.#window(scope, all, true)})`, kind };
    }
  }

  /** A window whose frames hold whole groups of peers, or whose order leaves none. */
  #window(scope: Scope, all: readonly string[], framed: boolean): string {
    const r = this.#random;
    const keys = Array.from({ length: r.below(3) }, () => r.pick(scope).sql);
    const partition = keys.length > 0 ? `partition by ${keys.join(", ")} ` : "";
    if (framed && r.chance(0.4)) return `${partition}${this.#fullOrder(all)}${this.#rows()}`;
    const order = Array.from({ length: r.below(3) }, () => `${r.pick(scope).sql}${this.#direction()}`);
    if (order.length === 0) return partition;
    const bounds = r.pick([
      "",
      "",
      " range between current row and unbounded following",
      " groups between 1 preceding and 2 following",
      " groups between 2 following and 3 following",
      " range between unbounded preceding and unbounded following exclude group",
    ]);
    return `${partition}order by ${order.join(", ")}${framed ? bounds : ""}`;
  }

  #fullOrder(all: readonly string[]): string {
    return `order by ${all.map((column) => `${column}${this.#direction()}`).join(", ")}`;
  }

  #direction(): string {
    const r = this.#random;
    return `${r.chance(0.4) ? " desc" : ""}${r.chance(0.3) ? " nulls first" : ""}`;
  }

  #rows(): string {
    const r = this.#random;
    const [before, after] = [r.below(5), r.below(5)];
    return r.pick([
      "",
      ` rows between ${before} preceding and ${after} following`,
      ` rows between unbounded preceding and ${after} preceding`,
      ` rows between ${after} following and unbounded following`,
      ` rows between ${before + after} preceding and ${before} preceding`,
      ` rows between ${before} preceding and ${after} following exclude current row`,
    ]);
  }

  #grouped(from: string, scope: Scope, where: string, depth: number): Select {
    const r = this.#random;
    const keyKinds = Array.from({ length: r.below(4) }, () => r.pick(kinds));
    const keys = keyKinds.map((kind) => this.#expressions.expression(scope, kind, 1));
    const aggregates = Array.from({ length: 1 + r.below(3) }, () => this.#aggregate(scope));
    const having = !r.chance(0.2)
      ? ""
      : depth > 0 && r.chance(0.3)
        ? ` having count(*) > (select count(*) from ${r.pick(tableNames)}) % 5`
        : ` having count(*) > ${r.below(4)}`;
    const ordinals = keys.map((_, i) => i + 1).join(", ");
    // Grouping sets over constants and repeated keys differ between engines: plain columns only.
    const plain = keys.every((key) => scope.some((column) => column.sql === key)) && new Set(keys).size === keys.length;
    const set =
      plain && r.chance(0.3)
        ? r.pick([`rollup (${keys})`, `cube (${keys})`, `grouping sets ((${keys}), ())`])
        : ordinals;
    const groupBy = keys.length > 0 ? ` group by ${set}` : "";
    const exprs = [...keys, ...aggregates.map((aggregate) => aggregate.sql)];
    return {
      sql: `select ${named(exprs)} from ${from}${where}${groupBy}${having}`,
      kinds: [...keyKinds, ...aggregates.map((aggregate) => aggregate.kind)],
    };
  }

  #aggregate(scope: Scope): ColumnRef {
    const r = this.#random;
    const of = (kind: Kind) => this.#expressions.expression(scope, kind, 1);
    const filter = r.chance(0.15) ? ` filter (where ${this.#expressions.predicate(scope, 1)})` : "";
    const distinct = r.chance(0.15) ? "distinct " : "";
    const numeric = r.pick<Kind>(["int", "decimal"]);
    switch (r.below(10)) {
      case 6:
        return { sql: `median(${of("int")})${filter}`, kind: "float" };
      case 7:
        return r.pick<() => ColumnRef>([
          () => ({ sql: `quantile_disc(${of("int")}, 0.${1 + r.below(9)})${filter}`, kind: "int" }),
          () => {
            const text = of("text");
            return {
              sql: `string_agg(${text}, '|' order by ${text}${r.chance(0.5) ? " desc" : ""})${filter}`,
              kind: "text",
            };
          },
          () => ({ sql: `max(${of("text")}) || min(${of("text")})`, kind: "text" }),
        ])();
      case 0:
        return { sql: `count(*)${filter}`, kind: "int" };
      case 1: {
        const sum = `sum(${distinct}${of(numeric)})${filter}`;
        // DECIMAL(38, s) with another scale loses digits in DuckDB, not here.
        return { sql: numeric === "decimal" ? `(${sum})::decimal(18,4)` : sum, kind: numeric };
      }
      case 2:
        return { sql: `count(distinct ${of(r.pick(kinds))})${filter}`, kind: "int" };
      case 3:
        return { sql: `avg(${distinct}${of(numeric)})${filter}`, kind: "float" };
      case 4:
        return { sql: `${r.pick(["bool_and", "bool_or"])}(${of("bool")})${filter}`, kind: "bool" };
      case 5:
        return { sql: `(count(${of(r.pick(kinds))}) * 2 + coalesce(max(${of("int")}), 0) % 7)`, kind: "int" };
      default: {
        const kind = r.pick(kinds);
        return { sql: `${r.pick(["min", "max"])}(${of(kind)})${filter}`, kind };
      }
    }
  }

  /** One to three relations, joined in every way. */
  #from(depth: number): Relation {
    const r = this.#random;
    let { sql: from, scope } = this.#relation(depth);
    for (let joins = r.below(3); joins > 0; joins--) {
      if (depth > 0 && r.chance(0.15)) {
        const lateral = this.#lateral(scope, depth - 1);
        from = `${from} ${lateral.sql}`;
        scope = [...scope, ...lateral.scope];
        continue;
      }
      const right = this.#relation(depth);
      const kind = r.pick([
        "join",
        "join",
        "left join",
        "right join",
        "full join",
        "cross join",
        "semi join",
        "anti join",
      ]);
      const on = kind === "cross join" ? "" : ` on ${this.#joinCondition(scope, right.scope, kind)}`;
      from = `${from} ${kind} ${right.sql}${on}`;
      if (!/semi|anti/.test(kind)) scope = [...scope, ...right.scope];
      if (kind === "cross join") break;
    }
    return { sql: from, scope };
  }

  /** A subquery for each row of what stands before it. */
  #lateral(outer: Scope, depth: number): Relation {
    const r = this.#random;
    const alias = `t${++this.#aliases}`;
    const inner = this.#relation(0);
    const columns = Array.from({ length: 1 + r.below(2) }, () => r.pick(kinds));
    const where = this.#innerWhere(outer, inner.scope, depth);
    const exprs = r.chance(0.4)
      ? columns.map((kind) => `max(${this.#expressions.expression(inner.scope, kind, 0)})`)
      : columns.map((kind) =>
          this.#expressions.expression(r.chance(0.2) ? [...inner.scope, ...outer] : inner.scope, kind, 1),
        );
    const join = r.pick(["cross join lateral", "left join lateral", "join lateral"]);
    const sql = `${join} (select ${named(exprs)} from ${inner.sql} ${where}) ${alias}${join.startsWith("cross") ? "" : " on true"}`;
    return { sql, scope: columns.map((kind, i) => ({ sql: `${alias}.c${i}`, kind })) };
  }

  #relation(depth: number): Relation {
    const r = this.#random;
    const alias = `t${++this.#aliases}`;
    const derived = (query: Select, limit = ""): Relation => ({
      sql: `(${query.sql}${limit}) ${alias}`,
      scope: query.kinds.map((kind, i) => ({ sql: `${alias}.c${i}`, kind })),
    });
    if (this.#shared.length > 0 && r.chance(0.4)) {
      const { name, kinds: columns } = r.pick(this.#shared);
      return { sql: `${name} ${alias}`, scope: columns.map((kind, i) => ({ sql: `${alias}.c${i}`, kind })) };
    }
    if (depth > 0 && r.chance(0.2)) {
      const query = this.#body(depth - 1);
      if (!r.chance(0.25)) return derived(query);
      const order = ` order by ${this.#order(query.kinds.length)} limit ${r.below(30)}`;
      return derived({ sql: `select * from (${query.sql}) q${order}`, kinds: query.kinds });
    }
    if (r.chance(0.05)) return this.#values(alias);
    const table = r.pick(tableNames);
    return { sql: `${table} ${alias}`, scope: scopeOf(table, alias) };
  }

  #values(alias: string): Relation {
    const r = this.#random;
    const columns = Array.from({ length: 1 + r.below(3) }, () => r.pick(kinds));
    const row = () => `(${columns.map((kind) => `${this.#expressions.constant(kind)}`).join(", ")})`;
    const rows = Array.from({ length: 1 + r.below(5) }, row);
    return {
      sql: `(values ${rows.join(", ")}) ${alias}(${columns.map((_, i) => `c${i}`).join(", ")})`,
      scope: columns.map((kind, i) => ({ sql: `${alias}.c${i}`, kind })),
    };
  }

  #joinCondition(left: Scope, right: Scope, kind: string): string {
    const r = this.#random;
    const operator = r.chance(0.15) ? "is not distinct from" : "=";
    const pairs = left.flatMap((a) => right.filter((b) => a.kind === b.kind).map((b) => [a, b] as const));
    if (pairs.length === 0) return "1 = 1";
    const [a, b] = r.pick(pairs);
    const equality = `${a.sql} ${operator} ${b.sql}`;
    const both = [...left, ...right];
    const choice = r.next();
    if (choice < 0.25) return `${equality} and ${this.#expressions.predicate(both, 1)}`;
    if (choice < 0.35) {
      const of = r.pick<Kind>(["int", "text", "date"]);
      return `${this.#expressions.expression(left, of, 1)} = ${this.#expressions.expression(right, of, 1)} and ${equality}`;
    }
    if (choice < 0.42 && kind === "join") return this.#expressions.predicate(both, 1);
    if (choice < 0.5) {
      const [c, d] = r.pick(pairs);
      return `${equality} and ${c.sql} ${r.pick(["<", "<>", ">=", "="])} ${d.sql}`;
    }
    return equality;
  }

  #predicate(scope: Scope, size: number, depth: number): string {
    const subquery = depth > 0 ? (of: Scope) => this.#subquery(of, depth - 1) : undefined;
    return this.#expressions.predicate(scope, size, subquery);
  }

  /** A subquery as a condition; half of them refer to the columns around. */
  #subquery(scope: Scope, depth: number): string {
    const r = this.#random;
    const inner = this.#relation(0);
    const kind = r.pick(kinds);
    const outerExpr = this.#expressions.expression(scope, kind, 0);
    const innerExpr = this.#expressions.expression(inner.scope, kind, 0);
    const where = this.#innerWhere(scope, inner.scope, depth);
    const not = r.chance(0.4) ? "not " : "";
    switch (r.below(5)) {
      case 0:
        return `${not}exists (select 1 from ${inner.sql} ${where})`;
      case 1:
        return `${outerExpr} ${not}in (select ${innerExpr} from ${inner.sql} ${where})`;
      case 2:
        return `${outerExpr} ${r.pick(["=", "<", ">=", "<>"])} ${r.pick(["any", "all"])} (select ${innerExpr} from ${inner.sql} ${where})`;
      case 3:
        return `exists (select ${innerExpr} from ${inner.sql} ${where} group by 1 having count(*) > ${r.below(3)})`;
      default: {
        const of = r.pick<Kind>(["int", "text", "decimal"]);
        return `${this.#expressions.expression(scope, of, 0)} ${r.pick(["=", "<", ">="])} ${this.#scalar(scope, of, depth)}`;
      }
    }
  }

  #scalar(scope: Scope, kind: Kind, depth: number): string {
    const r = this.#random;
    const inner = this.#relation(0);
    const expr = this.#expressions.expression(inner.scope, kind, 0);
    const aggregate = r.pick(kind === "int" ? ["min", "max", "count", "sum"] : ["min", "max"]);
    return `(select ${aggregate}(${expr}) from ${inner.sql} ${this.#innerWhere(scope, inner.scope, depth)})`;
  }

  #innerWhere(outer: Scope, inner: Scope, depth: number): string {
    const r = this.#random;
    const kind = r.pick<Kind>(["int", "int", "text", "bool"]);
    const side = (scope: Scope) => this.#expressions.expression(scope, kind, 0);
    const correlated = r.chance(0.5) ? ` and ${side(inner)} ${r.pick(["=", "=", "=", "<", "<>"])} ${side(outer)}` : "";
    // A deeper subquery may see both queries around it.
    const visible = r.chance(0.3) ? [...inner, ...outer] : inner;
    return `where ${this.#predicate(visible, 1, depth)}${correlated}`;
  }
}

function scopeOf(table: string, alias: string): Scope {
  return Object.entries(schemas[table]!).map(([name, kind]) => ({ sql: `${alias}.${name}`, kind }));
}

function named(exprs: readonly string[]): string {
  return exprs.map((expr, i) => `${expr} as c${i}`).join(", ");
}
