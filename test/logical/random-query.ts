/** Random queries over t(a, b, c), u(a, d, e), v(a, m, k) and none(a, z) whose meaning does not depend on the engine. */

/** A small seeded generator of numbers (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Columns that can be read, by what they hold. */
interface Columns {
  readonly numbers: readonly string[];
  readonly texts: readonly string[];
}

interface Source {
  readonly sql: string;
  readonly columns: Columns;
}

const tables: Readonly<Record<string, Columns>> = {
  t: { numbers: ["a", "b"], texts: ["c"] },
  u: { numbers: ["a", "e"], texts: ["d"] },
  v: { numbers: ["a", "m"], texts: [] },
  none: { numbers: ["a"], texts: ["z"] },
};

export function randomQuery(seed: number): string {
  return new QueryGenerator(seeded(seed)).query();
}

class QueryGenerator {
  readonly #random: () => number;
  #aliases = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  #below(n: number): number {
    return Math.floor(this.#random() * n);
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#below(items.length)]!;
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  #alias(): string {
    return `x${this.#aliases++}`;
  }

  query(): string {
    if (this.#chance(0.15)) return this.#setOperation();
    if (this.#chance(0.12)) return this.#withCte();
    return this.#select(this.#chance(0.25) ? 3 : 2);
  }

  #setOperation(): string {
    const side = () => {
      const { sql, columns } = this.#from(1);
      return `SELECT ${this.#number(columns, 1)} AS p, ${this.#pick(columns.numbers)} AS q FROM ${sql}`;
    };
    const operator = () => this.#pick(["UNION", "UNION ALL", "INTERSECT", "EXCEPT"]);
    const query = this.#chance(0.3)
      ? `(${side()} ${operator()} ${side()}) ${operator()} ${side()}`
      : `${side()} ${operator()} ${side()}`;
    return this.#chance(0.4) ? `SELECT p, count(*), sum(q) FROM (${query}) s GROUP BY p` : query;
  }

  #withCte(): string {
    const { sql, columns } = this.#from(1);
    const cte = `WITH w AS (SELECT ${this.#pick(columns.numbers)} AS a, count(*) AS n FROM ${sql} GROUP BY 1)`;
    const join = this.#pick(["JOIN", "LEFT JOIN", "FULL JOIN"]);
    return `${cte} SELECT p.a, p.n, q.n FROM w p ${join} w q ON p.a = q.n${this.#chance(0.5) ? ` WHERE p.a IN (SELECT n FROM w)` : ""}`;
  }

  #select(depth: number): string {
    const { sql, columns } = this.#from(depth);
    const where = this.#chance(0.7) ? ` WHERE ${this.#condition(columns, depth)}` : "";
    if (this.#chance(0.4)) return this.#grouped(sql, where, columns, depth);
    const items = Array.from({ length: 1 + this.#below(3) }, (_, i) => `${this.#value(columns, depth)} AS r${i}`);
    const distinct = this.#chance(0.2) ? "DISTINCT " : "";
    const order = this.#chance(0.3) ? ` ORDER BY ALL${this.#chance(0.5) ? " DESC" : ""} LIMIT ${this.#below(8)}` : "";
    return `SELECT ${distinct}${items.join(", ")} FROM ${sql}${where}${order}`;
  }

  #grouped(from: string, where: string, columns: Columns, depth: number): string {
    const keys = Array.from({ length: this.#below(3) }, () => this.#pick([...columns.numbers, ...columns.texts]));
    const unique = [...new Set(keys)];
    const items = [...unique, ...Array.from({ length: 1 + this.#below(2) }, () => this.#aggregate(columns))];
    const rollup = unique.length > 0 && this.#chance(0.15);
    const groupBy =
      unique.length === 0 ? "" : ` GROUP BY ${rollup ? `ROLLUP (${unique.join(", ")})` : unique.join(", ")}`;
    const subject = this.#chance(0.5) ? "count(*)" : `sum(${this.#pick(columns.numbers)})`;
    const limit =
      this.#chance(0.2) && depth > 1 ? `(SELECT min(a) FROM ${this.#pick(["t", "u", "v"])})` : String(this.#below(4));
    const having = this.#chance(0.3) ? ` HAVING ${subject} > ${limit}` : "";
    return `SELECT ${items.join(", ")} FROM ${from}${where}${groupBy}${having}`;
  }

  #aggregate(columns: Columns): string {
    const number = this.#pick(columns.numbers);
    const distinct = this.#chance(0.2) ? "DISTINCT " : "";
    const filter = this.#chance(0.2) ? ` FILTER (WHERE ${this.#comparison(columns)})` : "";
    const calls = [
      "count(*)",
      `count(${distinct}${number})`,
      `sum(${distinct}${number})`,
      `min(${number})`,
      `max(${number})`,
    ];
    if (columns.texts.length > 0) calls.push(`min(${this.#pick(columns.texts)})`);
    return `${this.#pick(calls)}${filter}`;
  }

  #from(depth: number): Source {
    let source = this.#relation(depth);
    for (let joins = this.#below(3); joins > 0; joins--) source = this.#join(source, this.#relation(depth));
    return source;
  }

  #relation(depth: number): Source {
    const alias = this.#alias();
    const name = this.#pick(["t", "t", "u", "u", "v", "none"]);
    const table = tables[name]!;
    const qualified = (names: readonly string[]) => names.map((column) => `${alias}.${column}`);
    if (depth > 1 && this.#chance(0.15)) {
      const inner = this.#alias();
      const where = this.#comparison({ numbers: table.numbers.map((column) => `${inner}.${column}`), texts: [] });
      const sql = `(SELECT ${inner}.a AS a, ${inner}.a + 1 AS b1, 7 AS c7 FROM ${name} ${inner} WHERE ${where}) ${alias}`;
      return { sql, columns: { numbers: qualified(["a", "b1", "c7"]), texts: [] } };
    }
    return { sql: `${name} ${alias}`, columns: { numbers: qualified(table.numbers), texts: qualified(table.texts) } };
  }

  #join(left: Source, right: Source): Source {
    const both: Columns = {
      numbers: [...left.columns.numbers, ...right.columns.numbers],
      texts: [...left.columns.texts, ...right.columns.texts],
    };
    const kind = this.#pick([
      "JOIN",
      "JOIN",
      "LEFT JOIN",
      "LEFT JOIN",
      "RIGHT JOIN",
      "FULL JOIN",
      "SEMI JOIN",
      "ANTI JOIN",
    ]);
    const operator = this.#chance(0.1) ? "IS NOT DISTINCT FROM" : "=";
    const equality = `${this.#pick(left.columns.numbers)} ${operator} ${this.#pick(right.columns.numbers)}`;
    const more = this.#chance(0.3) ? ` AND ${this.#comparison(both)}` : "";
    const condition = this.#chance(0.1) ? this.#comparison(both) : `${equality}${more}`;
    const sql = `${left.sql} ${kind} ${right.sql} ON ${condition}`;
    return { sql, columns: kind === "SEMI JOIN" || kind === "ANTI JOIN" ? left.columns : both };
  }

  #value(columns: Columns, depth: number): string {
    if (columns.texts.length > 0 && this.#chance(0.2)) return this.#pick(columns.texts);
    if (this.#chance(0.1)) return this.#condition(columns, depth - 1);
    return this.#number(columns, depth);
  }

  #number(columns: Columns, depth: number): string {
    const column = () => this.#pick(columns.numbers);
    if (depth > 0 && this.#chance(0.12)) return this.#scalarSubquery(columns, depth);
    switch (this.#below(7)) {
      case 0:
        return `${column()} + ${this.#below(3)}`;
      case 1:
        return `${column()} - ${column()}`;
      case 2:
        return `coalesce(${column()}, ${this.#below(9)})`;
      case 3:
        return `CASE WHEN ${this.#comparison(columns)} THEN ${column()} ELSE ${this.#below(3)} END`;
      default:
        return column();
    }
  }

  /** One value: an aggregate of everything that correlates. */
  #scalarSubquery(outer: Columns, depth: number): string {
    const { sql, columns } = this.#relation(depth - 1);
    const call = this.#pick([
      "count(*)",
      "count(*) + 1",
      `max(${columns.numbers[0]})`,
      `coalesce(sum(${columns.numbers.at(-1)}), -1)`,
    ]);
    return `(SELECT ${call} FROM ${sql}${this.#correlation(outer, columns, depth)})`;
  }

  #correlation(outer: Columns, columns: Columns, depth: number): string {
    const parts: string[] = [];
    if (this.#chance(0.7)) parts.push(`${this.#pick(columns.numbers)} = ${this.#pick(outer.numbers)}`);
    if (this.#chance(0.3)) parts.push(this.#condition(columns, depth - 1));
    return parts.length > 0 ? ` WHERE ${parts.join(" AND ")}` : "";
  }

  #condition(columns: Columns, depth: number): string {
    if (depth <= 0) return this.#comparison(columns);
    switch (this.#below(9)) {
      case 0:
        return `(${this.#condition(columns, depth - 1)} OR ${this.#condition(columns, depth - 1)})`;
      case 1:
        return `${this.#condition(columns, depth - 1)} AND ${this.#condition(columns, depth - 1)}`;
      case 2:
        return `NOT (${this.#condition(columns, depth - 1)})`;
      case 3: {
        const { sql, columns: inner } = this.#relation(depth - 1);
        const not = this.#chance(0.4) ? "NOT " : "";
        return `${not}EXISTS (SELECT 1 FROM ${sql}${this.#correlation(columns, inner, depth)})`;
      }
      case 4:
      case 5: {
        const { sql, columns: inner } = this.#relation(depth - 1);
        const not = this.#chance(0.4) ? "NOT " : "";
        const where = this.#chance(0.4) ? this.#correlation(columns, inner, depth) : "";
        const item = this.#pick(inner.numbers);
        const query = this.#pick([
          `SELECT ${item} FROM ${sql}${where}`,
          `SELECT ${item} FROM ${sql}${where}`,
          `SELECT max(${item}) FROM ${sql}${where} GROUP BY ${inner.numbers[0]}`,
          `SELECT count(${item}) FROM ${sql}${where}`,
          `SELECT DISTINCT ${item} FROM ${sql}${where}`,
          `SELECT ${item} FROM ${sql}${where} UNION SELECT 1`,
        ]);
        return `${this.#pick(columns.numbers)} ${not}IN (${query})`;
      }
      case 6: {
        const { sql, columns: inner } = this.#relation(depth - 1);
        const operator = this.#pick(["=", "<>", "<", ">="]);
        const quantifier = this.#pick(["ANY", "ALL"]);
        return `${this.#pick(columns.numbers)} ${operator} ${quantifier} (SELECT ${this.#pick(inner.numbers)} FROM ${sql})`;
      }
      default:
        return this.#comparison(columns);
    }
  }

  #comparison(columns: Columns): string {
    const number = () => this.#pick(columns.numbers);
    const operator = this.#pick(["=", "<>", "<", "<=", ">", ">="]);
    if (columns.texts.length > 0 && this.#chance(0.2)) {
      return this.#pick([
        `${this.#pick(columns.texts)} = 'x'`,
        `${this.#pick(columns.texts)} LIKE '%o%'`,
        `${this.#pick(columns.texts)} IS NULL`,
      ]);
    }
    switch (this.#below(7)) {
      case 0:
        return `${number()} IS ${this.#chance(0.5) ? "NOT " : ""}NULL`;
      case 1:
        return `${number()} BETWEEN ${this.#below(3)} AND ${number()}`;
      case 2:
        return `${number()} ${this.#chance(0.4) ? "NOT " : ""}IN (1, ${this.#below(12)}${this.#chance(0.2) ? ", NULL" : ""})`;
      case 3:
        return `${number()} IS ${this.#chance(0.5) ? "NOT " : ""}DISTINCT FROM ${number()}`;
      case 4:
        return `${number()} ${operator} ${number()}`;
      default:
        return `${number()} ${operator} ${this.#below(20)}`;
    }
  }
}
