/** Grouping: keys, the aggregates that select list, HAVING and ORDER BY ask for, and what may stand beside them. */
import { types } from "../arrow/types.ts";
import { QueryError, type Span, unsupported } from "../errors.ts";
import { isAggregateNullable } from "../expr/aggregates.ts";
import { literal, nullLiteral } from "../expr/build.ts";
import type { AggregateCall, Column, ColumnId, Expr } from "../expr/expr.ts";
import { isNullable } from "../expr/properties.ts";
import { exprsOfAggregate, mapAggregate, mapOperands, subexpressions, substitute } from "../expr/walk.ts";
import type * as ast from "../sql/ast.ts";
import { bindExpr } from "./bind-expr.ts";
import type { Binding } from "./binding.ts";
import { boundKey } from "./bound-key.ts";
import { aggregatePlan, outputIds, projectPlan } from "./build.ts";
import type { ExprContext } from "./expr-context.ts";
import { freeColumns } from "./free-columns.ts";
import { columnRef, type LogicalPlan } from "./plan.ts";
import type { Scope } from "./scope.ts";
import { outputOf, type SelectColumn } from "./select-items.ts";

interface GroupKey {
  readonly expr: Expr;
  readonly key: string;
  readonly column: Column;
}

interface AggregateColumn {
  readonly call: AggregateCall;
  readonly column: Column;
}

/** GROUPING(a, b): a number whose bits, first argument highest, say which keys the row is not grouped by. */
interface GroupingColumn {
  readonly keys: readonly string[];
  readonly column: Column;
}

export class Grouping {
  /** Counts every use of an aggregate, repeated ones too. */
  aggregatesUsed = 0;
  readonly #binding: Binding;
  readonly #input: LogicalPlan;
  readonly #scope: Scope;
  readonly #keys: GroupKey[] = [];
  readonly #aggregates = new Map<string, AggregateColumn>();
  readonly #groupings = new Map<string, GroupingColumn>();
  /** Grouping sets as indexes of keys; one set for a plain GROUP BY. */
  #sets: readonly (readonly number[])[] = [[]];
  #given = false;

  constructor(binding: Binding, input: LogicalPlan, scope: Scope) {
    this.#binding = binding;
    this.#input = input;
    this.#scope = scope;
  }

  get isGrouped(): boolean {
    return this.#given || this.#aggregates.size > 0;
  }

  /** The context of a clause in which aggregates may stand. */
  context(base: ExprContext): ExprContext {
    return { ...base, aggregate: (call) => this.#aggregate(call), special: (expr) => this.#groupingCall(base, expr) };
  }

  /** HAVING: an alias comes before a column that could not stand there anyway, as in DuckDB. */
  havingContext(base: Omit<ExprContext, "clause">): ExprContext {
    const own = outputIds(this.#input);
    const isKey = ({ id }: Column) => this.#keys.some(({ expr }) => expr.kind === "column" && expr.id === id);
    const context = this.context({ ...base, clause: "HAVING" });
    return { ...context, aliasFirst: (column) => own.has(column.id) && !isKey(column) };
  }

  bindKeys(context: ExprContext, groupBy: ast.GroupBy, items: readonly SelectColumn[]): void {
    if (groupBy.kind === "all") return;
    this.#given = groupBy.items.length > 0;
    const multiple = groupBy.items.some((item) => item.kind === "sets");
    let sets: readonly (readonly ast.SqlExpr[])[] = [[]];
    for (const item of groupBy.items) {
      const choices = item.kind === "sets" ? item.sets : [[item.expr]];
      sets = sets.flatMap((set) => choices.map((choice) => [...set, ...choice]));
    }
    if (sets.length > setsMax) throw unsupported(`GROUP BY with more than ${setsMax} grouping sets`);
    const bound = sets.map((set) => set.map((expr) => bindKey(context, expr, items)));
    this.#sets = bound.map((set) => [...new Set(set.map((key) => this.#addKey(key.expr, key.name, multiple)))]);
  }

  /** GROUP BY ALL: every selected expression that holds no aggregate. */
  groupByAll(selected: readonly { readonly expr: Expr; readonly name: string; readonly aggregated: boolean }[]): void {
    const keys = selected.filter((item) => !item.aggregated);
    // Without any aggregate it is DISTINCT; without any key one group, as if GROUP BY were not there.
    this.#given = keys.length > 0;
    this.#sets = [[...new Set(keys.map((item) => this.#addKey(item.expr, item.name, false)))]];
  }

  #addKey(expr: Expr, name: string, fresh: boolean): number {
    const key = boundKey(expr);
    const known = this.#keys.findIndex((other) => other.key === key);
    if (known >= 0) return known;
    const nullable = fresh || isNullable(expr);
    // A plain column keeps its id: correlated subqueries above go on to find it. Not so an outer query's column.
    const own = expr.kind === "column" && this.#input.columns.some((column) => column.id === expr.id);
    const column =
      expr.kind === "column" && own && !fresh
        ? { id: expr.id, name: expr.name, type: expr.type, nullable }
        : this.#binding.ids.column(expr.kind === "column" ? expr.name : name, expr.type, nullable);
    return this.#keys.push({ expr, key, column }) - 1;
  }

  #aggregate(call: AggregateCall): Expr {
    this.aggregatesUsed++;
    const { span: _, ...meaning } = call;
    const key = JSON.stringify(meaning, (name, value) => (name === "span" ? undefined : value));
    let entry = this.#aggregates.get(key);
    if (!entry) {
      entry = { call, column: this.#binding.ids.column(call.fn, call.type, isAggregateNullable(call)) };
      this.#aggregates.set(key, entry);
    }
    return columnRef(entry.column);
  }

  #groupingCall(base: ExprContext, expr: ast.SqlExpr): Expr | undefined {
    if (expr.kind !== "call" || (expr.name !== "grouping" && expr.name !== "grouping_id")) return undefined;
    this.aggregatesUsed++;
    const keys = expr.args.map((arg) => boundKey(bindExpr(base, arg)));
    const stray = expr.args.find((_, i) => !this.#keys.some((key) => key.key === keys[i]));
    if (stray || keys.length === 0 || keys.length > 31) {
      const message = "GROUPING takes expressions of GROUP BY";
      throw new QueryError("invalid_argument", message, { span: stray?.span ?? expr.span });
    }
    const name = keys.join();
    const known = this.#groupings.get(name);
    if (known) return columnRef(known.column);
    const column = this.#binding.ids.column("grouping", types.int64, false);
    this.#groupings.set(name, { keys, column });
    return columnRef(column);
  }

  /** The aggregation; call when every expression has been bound. */
  plan(): LogicalPlan {
    const aggregates = [...this.#aggregates.values()];
    const groupings = [...this.#groupings.values()];
    if (this.#sets.length > 1) return this.#union(aggregates, groupings);
    // Without keys there is always one row, whose aggregates but counts are NULL over no rows.
    const keys = this.#sets[0]!.map((index) => this.#keys[index]!);
    const columns = [...keys.map((key) => key.column), ...aggregates.map((entry) => entry.column)];
    const plan = aggregatePlan(this.#input, exprsOf(keys), callsOf(aggregates), columns);
    if (groupings.length === 0) return plan;
    const zeros = groupings.map(() => literal(types.int64, "0"));
    return projectPlan(plan, [...columns.map(columnRef), ...zeros], [...columns, ...columnsOf(groupings)]);
  }

  /** Grouping sets: each an aggregation of the shared input, all of them put together. */
  #union(aggregates: readonly AggregateColumn[], groupings: readonly GroupingColumn[]): LogicalPlan {
    const columns = [...columnsOf(this.#keys), ...columnsOf(aggregates), ...columnsOf(groupings)];
    const exprs = [...exprsOf(this.#keys), ...aggregates.flatMap((entry) => exprsOfAggregate(entry.call))];
    if (exprs.some((expr) => [...subexpressions(expr)].some((part) => part.kind === "subquery"))) {
      throw unsupported("a subquery in keys or aggregates of several grouping sets");
    }
    const id = this.#binding.nextSharedId();
    const inputs = this.#sets.map((set) => this.#oneSet(id, set, aggregates, groupings));
    return { kind: "union", inputs, columns };
  }

  #oneSet(
    id: number,
    set: readonly number[],
    aggregates: readonly AggregateColumn[],
    groupings: readonly GroupingColumn[],
  ): LogicalPlan {
    const { ids } = this.#binding;
    const fresh = this.#input.columns.map((column) => ids.renew(column));
    const renewed = new Map(this.#input.columns.map((column, i) => [column.id, columnRef(fresh[i]!)]));
    const over = (expr: Expr) => substitute(expr, (column) => renewed.get(column.id));
    const shared: LogicalPlan = { kind: "shared", id, input: this.#input, columns: fresh };
    const keys = set.map((index) => this.#keys[index]!);
    const keyColumns = keys.map((key) => ids.renew(key.column));
    const results = aggregates.map((entry) => ids.renew(entry.column));
    const calls = aggregates.map((entry) => mapAggregate(entry.call, over));
    const plan = aggregatePlan(shared, exprsOf(keys).map(over), calls, [...keyColumns, ...results]);
    const exprs = [
      ...this.#keys.map((key, i) =>
        set.includes(i) ? columnRef(keyColumns[set.indexOf(i)]!) : nullLiteral(key.expr.type),
      ),
      ...results.map(columnRef),
      ...groupings.map((grouping) => this.#groupingValue(grouping, set)),
    ];
    const columns = [...columnsOf(this.#keys), ...columnsOf(aggregates), ...columnsOf(groupings)];
    return projectPlan(
      plan,
      exprs,
      columns.map((column) => ids.renew(column)),
    );
  }

  #groupingValue(grouping: GroupingColumn, set: readonly number[]): Expr {
    const bits = grouping.keys.map((key) => (set.some((index) => this.#keys[index]!.key === key) ? 0 : 1));
    return literal(types.int64, String(bits.reduce<number>((value, bit) => value * 2 + bit, 0)));
  }

  /**
   * An expression over the input, as one over the groups: keys become their columns.
   * @param sql where it came from, for the place of an error
   * @throws QueryError for a column that is no key
   */
  overGroups(expr: Expr, sql: unknown): Expr {
    const own = outputIds(this.#input);
    const kept = new Set([...columnsOf(this.#keys), ...columnsOf([...this.#aggregates.values()])].map(({ id }) => id));
    const visit = (part: Expr): Expr => {
      const key = boundKey(part);
      const group = this.#keys.find((other) => other.key === key);
      if (group) return columnRef(group.column);
      if (part.kind === "column" && own.has(part.id)) throw this.#notGrouped(part.id, part.name, sql);
      if (part.kind === "subquery") {
        for (const id of freeColumns(part.plan as LogicalPlan)) {
          if (own.has(id) && !kept.has(id)) throw this.#notGrouped(id, undefined, sql);
        }
      }
      return mapOperands(part, visit);
    };
    return visit(expr);
  }

  #notGrouped(id: ColumnId, name: string | undefined, sql: unknown): QueryError {
    const shown = name ?? this.#input.columns.find((column) => column.id === id)?.name ?? "?";
    const span = this.#spanOf(id, sql);
    const message = `the column ${shown} must be in GROUP BY or inside an aggregate function`;
    return new QueryError("invalid_argument", message, {
      ...(span && { span }),
      hint: `add it to GROUP BY, or write any_value(${shown}) if any value of the group will do`,
    });
  }

  /** The place of the first name that means a column; in a subquery, where bare names may mean its own, a qualified one. */
  #spanOf(id: ColumnId, node: unknown, inQuery = false): Span | undefined {
    if (typeof node !== "object" || node === null) return undefined;
    const { kind, parts, span } = node as Partial<ast.NameExpr>;
    if (kind === "name" && parts && span && parts.length > (inQuery ? 1 : 0) && this.#names(parts, id)) return span;
    const inner = inQuery || (node as { readonly query?: unknown }).query !== undefined;
    for (const value of Object.values(node)) {
      const found = this.#spanOf(id, value, inner);
      if (found) return found;
    }
    return undefined;
  }

  #names(parts: readonly ast.Name[], id: ColumnId): boolean {
    try {
      return this.#scope.resolve(parts)?.column.id === id;
    } catch {
      return false;
    }
  }
}

/** Each set is an aggregation of its own. */
const setsMax = 64;

function bindKey(
  context: ExprContext,
  expr: ast.SqlExpr,
  items: readonly SelectColumn[],
): { expr: Expr; name: string } {
  // A column of FROM comes before an alias of the same name; ordinals mean the select list.
  const index = expr.kind === "number" ? outputOf(expr, items, "GROUP BY") : undefined;
  const item = index === undefined ? undefined : items[index]!;
  if (item?.column) return { expr: columnRef(item.column), name: item.name };
  const sql = item?.expr ?? expr;
  return { expr: bindExpr(context, sql), name: item?.name ?? (expr.kind === "name" ? expr.parts.at(-1)!.text : "key") };
}

function columnsOf(entries: readonly { readonly column: Column }[]): readonly Column[] {
  return entries.map((entry) => entry.column);
}

function exprsOf(keys: readonly GroupKey[]): readonly Expr[] {
  return keys.map((key) => key.expr);
}

function callsOf(aggregates: readonly AggregateColumn[]): readonly AggregateCall[] {
  return aggregates.map((entry) => entry.call);
}
