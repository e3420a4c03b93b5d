/** SELECT … FROM … WHERE … GROUP BY … HAVING …, with the ORDER BY that belongs to it. */
import { QueryError, type Span, unsupported } from "../errors.ts";
import { aggregateCall } from "../expr/aggregates.ts";
import { conjuncts } from "../expr/build.ts";
import type { Column, ColumnId, Expr, SortKey } from "../expr/expr.ts";
import { isNullable } from "../expr/properties.ts";
import { mapOperands } from "../expr/walk.ts";
import type * as ast from "../sql/ast.ts";
import { bindCondition, bindExpr } from "./bind-expr.ts";
import { bindFrom, type FromContext } from "./bind-from.ts";
import { Grouping } from "./bind-group-by.ts";
import { SelectUnnest } from "./bind-unnest.ts";
import { Windows } from "./bind-window.ts";
import type { Binding } from "./binding.ts";
import { boundKey } from "./bound-key.ts";
import { aggregatePlan, filterPlan, keepColumns, outputIds, projectPlan, sortPlan } from "./build.ts";
import type { ExprContext } from "./expr-context.ts";
import { columnsRead } from "./free-columns.ts";
import { columnRef, type LogicalPlan } from "./plan.ts";
import { Scope } from "./scope.ts";
import { aliasesOf, expandItems, outputOf, type SelectColumn } from "./select-items.ts";

/** An output column, bound. */
interface Output {
  readonly expr: Expr;
  readonly name: string;
}

const unnestHint = "write it in FROM: … FROM t, unnest(t.list) u(x)";

/** A sort key: an output column by its index, or an expression beside the outputs. */
interface OrderKey {
  readonly output?: number;
  readonly expr: Expr;
  readonly item: Omit<ast.OrderItem, "expr">;
  readonly span: Span | undefined;
}

export function bindSelect(context: FromContext, select: ast.Select, orderBy: ast.Query["orderBy"]): LogicalPlan {
  const from = bindFrom(context, select.from);
  const scope = new Scope(from.columns, context.outer);
  const items = expandItems(select.items, scope);
  const base = { binding: context.binding, ctes: context.ctes, scope, aliases: aliasesOf(select.items) };
  const where = select.where ? conjuncts(bindCondition({ ...base, clause: "WHERE" }, select.where)) : [];
  const input = filterPlan(from.plan, where);

  const grouping = new Grouping(context.binding, input, scope);
  const windows = new Windows(context.binding, select.windows);
  const unnest = new SelectUnnest();
  const at = (clause: string): ExprContext => windows.context(grouping.context({ ...base, clause }));
  grouping.bindKeys({ ...base, clause: "GROUP BY" }, select.groupBy, items);
  const inSelect = unnest.context(at("SELECT"));
  const selected = items.map((item) => bindItem(grouping, windows, inSelect, item));
  if (select.groupBy.kind === "all") grouping.groupByAll(selected);
  const having = select.having && bindCondition(grouping.havingContext(base), select.having);
  const qualify = select.qualify && bindCondition(at("QUALIFY"), select.qualify);
  const order = bindOrder(unnest.context(at("ORDER BY")), orderBy, items, selected);
  const on = Array.isArray(select.distinct) ? bindDistinctOn(at("DISTINCT ON"), select.distinct, items, selected) : [];

  const grouped = grouping.isGrouped || having !== undefined;
  if (unnest.isUsed && (grouped || windows.used > 0 || qualify || on.length > 0)) {
    throw unsupported("unnest in SELECT beside groups, window functions or DISTINCT ON", select.span, unnestHint);
  }
  const plan = grouped ? grouping.plan() : unnest.plan(input);
  const final = (expr: Expr, sql: unknown) => (grouped ? grouping.overGroups(expr, sql) : expr);
  const outputs = selected.map(({ expr, name }, i) => ({ expr: final(expr, items[i]), name }));
  const keys = order.map((key) => ({ ...key, expr: final(key.expr, orderBy) }));
  const inGroups = having ? filterPlan(plan, conjuncts(final(having, select.having))) : plan;
  const windowed = windows.plan(inGroups, final);
  const filtered = qualify ? filterPlan(windowed, conjuncts(final(qualify, select.qualify))) : windowed;
  if (on.length > 0) {
    const keysOn = on.map((expr) => final(expr, select.distinct));
    return distinctOn(context.binding, filtered, outputs, keysOn, keys);
  }
  return project(context.binding, filtered, outputs, keys, select.distinct === true);
}

function bindItem(
  grouping: Grouping,
  windows: Windows,
  context: ExprContext,
  item: SelectColumn,
): Output & { aggregated: boolean } {
  const before = grouping.aggregatesUsed + windows.used;
  const expr = item.column ? columnRef(item.column) : bindExpr(context, item.expr!);
  return { expr, name: item.name, aggregated: grouping.aggregatesUsed + windows.used > before };
}

function bindOrder(
  context: ExprContext,
  orderBy: ast.Query["orderBy"],
  items: readonly SelectColumn[],
  selected: readonly Output[],
): readonly OrderKey[] {
  if ("all" in orderBy) {
    return selected.map(({ expr }, output) => ({ output, expr, item: orderBy.all, span: undefined }));
  }
  return orderBy.map((item) => {
    const output = outputOf(item.expr, items, "ORDER BY");
    const expr = output === undefined ? bindExpr(context, item.expr) : selected[output]!.expr;
    const key = boundKey(expr);
    const same = output ?? selected.findIndex((other) => boundKey(other.expr) === key);
    return { ...(same >= 0 && { output: same }), expr, item, span: item.expr.span };
  });
}

function project(
  binding: Binding,
  input: LogicalPlan,
  outputs: readonly Output[],
  order: readonly OrderKey[],
  distinct: boolean,
): LogicalPlan {
  // Ids that must be minted anew: taken ones, and those of outer queries.
  const free = outputIds(input);
  const columns = outputs.map((output) => columnFor(binding, output, free));
  if (order.length === 0) return distinctIf(distinct, projectPlan(input, exprsOf(outputs), columns));
  const hidden = order.filter((key) => key.output === undefined);
  const extra = hidden.map((key) => columnFor(binding, { expr: key.expr, name: "sort key" }, free));
  const plan = distinct
    ? addHidden(distinctIf(true, projectPlan(input, exprsOf(outputs), columns)), outputs, hidden, extra)
    : projectPlan(input, exprsOf([...outputs, ...hidden]), [...columns, ...extra]);
  const keys = order.map((key): SortKey => {
    const column = key.output === undefined ? extra[hidden.indexOf(key)]! : columns[key.output]!;
    return { expr: columnRef(column), descending: key.item.descending, nullsFirst: key.item.nullsFirst };
  });
  return keepColumns(sortPlan(plan, keys), columns);
}

function exprsOf(items: readonly { readonly expr: Expr }[]): readonly Expr[] {
  return items.map((item) => item.expr);
}

function distinctIf(distinct: boolean, plan: LogicalPlan): LogicalPlan {
  return distinct ? aggregatePlan(plan, plan.columns.map(columnRef), [], plan.columns) : plan;
}

/** Sort keys of SELECT DISTINCT that are no output columns themselves must be made of them: the rest is gone. */
function addHidden(
  plan: LogicalPlan,
  outputs: readonly Output[],
  hidden: readonly OrderKey[],
  extra: readonly Column[],
): LogicalPlan {
  if (hidden.length === 0) return plan;
  const own = outputIds(plan);
  const byKey = new Map(outputs.map(({ expr }, i) => [boundKey(expr), columnRef(plan.columns[i]!)]));
  const overOutputs = (expr: Expr): Expr => byKey.get(boundKey(expr)) ?? mapOperands(expr, overOutputs);
  const exprs = hidden.map(({ expr, span }) => {
    const mapped = overOutputs(expr);
    if ([...columnsRead(mapped)].every((id) => own.has(id))) return mapped;
    const message = "with SELECT DISTINCT, ORDER BY can only use the selected columns";
    throw new QueryError("invalid_argument", message, { ...(span && { span }) });
  });
  return projectPlan(plan, [...plan.columns.map(columnRef), ...exprs], [...plan.columns, ...extra]);
}

/** An output column: one that passes through keeps its id (once), so that nothing needs renaming above. */
function columnFor(binding: Binding, { expr, name }: Output, free: Set<ColumnId>): Column {
  if (expr.kind === "column" && free.delete(expr.id)) {
    return { id: expr.id, name, type: expr.type, nullable: expr.nullable };
  }
  return binding.ids.column(name, expr.type, isNullable(expr));
}

function bindDistinctOn(
  context: ExprContext,
  keys: readonly ast.SqlExpr[],
  items: readonly SelectColumn[],
  selected: readonly Output[],
): readonly Expr[] {
  return keys.map((key) => {
    const output = outputOf(key, items, "DISTINCT ON");
    return output === undefined ? bindExpr(context, key) : selected[output]!.expr;
  });
}

/** The first row of each group of keys, in the order of ORDER BY: every column is the group's first value of it. */
function distinctOn(
  binding: Binding,
  input: LogicalPlan,
  outputs: readonly Output[],
  keys: readonly Expr[],
  order: readonly OrderKey[],
): LogicalPlan {
  const sort = order.map((key) => ({
    expr: key.expr,
    descending: key.item.descending,
    nullsFirst: key.item.nullsFirst,
  }));
  const values = [...outputs, ...order.map((key) => ({ expr: key.expr, name: "sort key" }))];
  const first = values.map(({ expr }) => aggregateCall("first", [expr], { orderBy: sort }));
  const keyColumns = keys.map((key) => binding.ids.column("key", key.type, isNullable(key)));
  const columns = values.map(({ expr, name }) => binding.ids.column(name, expr.type, isNullable(expr)));
  const plan = aggregatePlan(input, keys, first, [...keyColumns, ...columns]);
  const sortColumns = columns.slice(outputs.length);
  const sorted = order.length
    ? sortPlan(
        plan,
        sort.map((key, i) => ({ ...key, expr: columnRef(sortColumns[i]!) })),
      )
    : plan;
  return keepColumns(sorted, columns.slice(0, outputs.length));
}
