/** Queries: WITH, set operations, VALUES, ORDER BY and LIMIT around SELECT. */
import { QueryError, type Span, unsupported } from "../errors.ts";
import { toCommonType } from "../expr/build.ts";
import { isInteger, unionType } from "../expr/coercion.ts";
import type { Column, Expr, SortKey } from "../expr/expr.ts";
import { foldConstants } from "../expr/fold.ts";
import { isNullable } from "../expr/properties.ts";
import { subexpressions } from "../expr/walk.ts";
import type * as ast from "../sql/ast.ts";
import { bindExpr } from "./bind-expr.ts";
import type { FromContext } from "./bind-from.ts";
import { bindSelect } from "./bind-select.ts";
import { castColumns } from "./bind-subquery.ts";
import type { BoundCte, Ctes } from "./binding.ts";
import { aggregatePlan, joinPlan, keepColumns, projectPlan, sortPlan } from "./build.ts";
import type { ExprContext } from "./expr-context.ts";
import { columnRef, type LogicalPlan } from "./plan.ts";
import { numberRows } from "./row-number.ts";
import { Scope } from "./scope.ts";
import { outputOf } from "./select-items.ts";

/** A query; the columns of its plan carry the output names. */
export function bindQuery(context: FromContext, query: ast.Query): LogicalPlan {
  const inner = { ...context, ctes: bindCtes(context, query.ctes) };
  const { body } = query;
  const sorted =
    body.kind === "select"
      ? bindSelect(inner, body, query.orderBy)
      : orderOutputs(inner, bindBody(inner, body), query.orderBy);
  return limited(inner, sorted, query);
}

function bindBody(context: FromContext, body: ast.QueryBody): LogicalPlan {
  switch (body.kind) {
    case "select":
      return bindSelect(context, body, []);
    case "nested":
      return bindQuery(context, body.query);
    case "values":
      return bindValues(context, body);
    case "set_operation":
      return bindSetOperation(context, body);
  }
}

/** Each CTE sees those before it. A reference is a `shared` node; one alone is inlined when all is bound. */
function bindCtes(context: FromContext, ctes: readonly ast.Cte[]): Ctes {
  if (ctes.length === 0) return context.ctes;
  const all = new Map<string, BoundCte>(context.ctes);
  const own = new Set<string>();
  for (const { name, columns, query } of ctes) {
    const key = name.text.toLowerCase();
    if (own.has(key)) {
      throw new QueryError("duplicate", `WITH names ${name.text} twice`, { span: name.span });
    }
    own.add(key);
    const plan = bindQuery({ ...context, ctes: new Map(all) }, query);
    if (columns.length > plan.columns.length) {
      const message = `${name.text} has ${plan.columns.length} columns, but ${columns.length} names are given`;
      throw new QueryError("invalid_argument", message, { span: name.span });
    }
    const renamed = plan.columns.map((column, i) => (columns[i] ? { ...column, name: columns[i].text } : column));
    all.set(key, {
      id: context.binding.nextSharedId(),
      plan: columns.length > 0 ? projectPlan(plan, plan.columns.map(columnRef), renamed) : plan,
    });
  }
  return all;
}

/** VALUES: columns are named col0, col1, …, as in DuckDB. */
function bindValues(context: FromContext, { rows, span }: ast.ValuesBody): LogicalPlan {
  const width = rows[0]?.length ?? 0;
  const uneven = rows.find((row) => row.length !== width);
  if (uneven) {
    throw new QueryError("invalid_argument", "the rows of VALUES have different numbers of columns", {
      ...((uneven[0]?.span ?? span) && { span: uneven[0]?.span ?? span }),
    });
  }
  const scope = new Scope([], undefined);
  const exprContext: ExprContext = { binding: context.binding, ctes: context.ctes, scope, clause: "VALUES" };
  const bound = rows.map((row) => row.map((expr) => bindConstant(exprContext, expr)));
  const columns: Column[] = [];
  for (let i = 0; i < width; i++) {
    const exprs = toCommonType(
      bound.map((row) => row[i]!),
      "a column of VALUES",
      span,
    );
    exprs.forEach((expr, row) => {
      bound[row]![i] = expr;
    });
    columns.push(context.binding.ids.column(`col${i}`, exprs[0]!.type, exprs.some(isNullable)));
  }
  return { kind: "values", columns, rows: bound };
}

function bindConstant(context: ExprContext, expr: ast.SqlExpr): Expr {
  const bound = bindExpr(context, expr);
  for (const part of subexpressions(bound)) {
    if (part.kind === "subquery") throw unsupported("a subquery in VALUES", expr.span);
  }
  return bound;
}

function bindSetOperation(context: FromContext, body: ast.SetOperation): LogicalPlan {
  const operation = body.op.toUpperCase();
  const [left, right] = unified(
    context,
    bindBody(context, body.left),
    bindBody(context, body.right),
    operation,
    body.span,
  );
  if (body.op === "union") {
    const union = unionAll(context, [left, right]);
    return body.all ? union : distinct(union);
  }
  if (body.all) return bindSetOperationAll(context, body.op, left, right);
  // NULLs are equal to each other here, unlike in a join's =.
  const keys = left.columns.map((column, i) => {
    return { left: columnRef(column), right: columnRef(right.columns[i]!), nullSafe: true };
  });
  const joinType = body.op === "intersect" ? "semi" : "anti";
  return joinPlan(joinType, distinct(left), right, { keys });
}

/** INTERSECT ALL, EXCEPT ALL: the n-th of equal rows on the left is paired with the n-th of them on the right. */
function bindSetOperationAll(
  { binding }: FromContext,
  op: "intersect" | "except",
  left: LogicalPlan,
  right: LogicalPlan,
): LogicalPlan {
  const [a, b] = [left, right].map((side) => numberRows(side, side.columns.map(columnRef), [], binding.ids));
  const keys = a!.plan.columns.map((column, i) => {
    return { left: columnRef(column), right: columnRef(b!.plan.columns[i]!), nullSafe: true };
  });
  return keepColumns(joinPlan(op === "intersect" ? "semi" : "anti", a!.plan, b!.plan, { keys }), left.columns);
}

/** UNION ALL; a left operand that is one already takes the right one in, so that long chains stay flat. */
function unionAll({ binding }: FromContext, [left, right]: readonly [LogicalPlan, LogicalPlan]): LogicalPlan {
  const inputs = left.kind === "union" ? [...left.inputs, right] : [left, right];
  const columns = left.columns.map((column, i) => {
    return binding.ids.column(column.name, column.type, column.nullable || right.columns[i]!.nullable);
  });
  return { kind: "union", inputs, columns };
}

function distinct(plan: LogicalPlan): LogicalPlan {
  return aggregatePlan(plan, plan.columns.map(columnRef), [], plan.columns);
}

/** Both sides with the types that their columns meet in; the names are the left one's. */
function unified(
  context: FromContext,
  left: LogicalPlan,
  right: LogicalPlan,
  operation: string,
  span: Span | undefined,
): readonly [LogicalPlan, LogicalPlan] {
  const [a, b] = [left.columns.length, right.columns.length];
  if (a !== b) {
    throw new QueryError(
      "type_mismatch",
      `${operation} needs the same number of columns on both sides, not ${a} and ${b}`,
      {
        ...(span && { span }),
      },
    );
  }
  const columnTypes = left.columns.map((column, i) => {
    const type = unionType(column.type, right.columns[i]!.type);
    // Let the builder say what is wrong.
    return type ?? toCommonType([columnRef(column), columnRef(right.columns[i]!)], operation, span)[0]!.type;
  });
  const { ids } = context.binding;
  return [castColumns(ids, left, columnTypes), castColumns(ids, right, columnTypes)];
}

/** ORDER BY of a query that is no SELECT: over its output columns alone. */
function orderOutputs(context: FromContext, plan: LogicalPlan, orderBy: ast.Query["orderBy"]): LogicalPlan {
  if (!("all" in orderBy) && orderBy.length === 0) return plan;
  const columns = plan.columns.map((column) => ({ column, path: [], bare: true, qualified: true }));
  const scope = new Scope(columns, context.outer);
  const exprContext: ExprContext = { binding: context.binding, ctes: context.ctes, scope, clause: "ORDER BY" };
  const items = plan.columns.map((column) => ({ column, name: column.name, aliased: false }));
  const keys: readonly SortKey[] =
    "all" in orderBy
      ? plan.columns.map((column) => ({ expr: columnRef(column), ...orderBy.all }))
      : orderBy.map(({ expr, descending, nullsFirst }) => {
          const output = outputOf(expr, items, "ORDER BY");
          const key = output === undefined ? bindExpr(exprContext, expr) : columnRef(plan.columns[output]!);
          return { expr: key, descending, nullsFirst };
        });
  const computed = keys.filter((key) => key.expr.kind !== "column");
  if (computed.length === 0) return sortPlan(plan, keys);
  const extra = computed.map(({ expr }) => context.binding.ids.column("sort key", expr.type, isNullable(expr)));
  const exprs = [...plan.columns.map(columnRef), ...computed.map((key) => key.expr)];
  const widened = projectPlan(plan, exprs, [...plan.columns, ...extra]);
  const sortKeys = keys.map((key) => {
    const index = computed.indexOf(key);
    return index < 0 ? key : { ...key, expr: columnRef(extra[index]!) };
  });
  return keepColumns(sortPlan(widened, sortKeys), plan.columns);
}

function limited(context: FromContext, input: LogicalPlan, query: ast.Query): LogicalPlan {
  const limit = query.limit && rowCount(context, query.limit, "LIMIT");
  const offset = (query.offset && rowCount(context, query.offset, "OFFSET")) ?? 0;
  if (limit === undefined && offset === 0) return input;
  return { kind: "limit", input, ...(limit !== undefined && { limit }), offset, columns: input.columns };
}

/** A constant number of rows; undefined for NULL, which means no limit. */
function rowCount(context: FromContext, expr: ast.SqlExpr, clause: string): number | undefined {
  const scope = new Scope([], undefined);
  const bound = foldConstants(bindExpr({ binding: context.binding, ctes: context.ctes, scope, clause }, expr));
  if (bound.kind !== "literal") throw unsupported(`${clause} of anything but a constant`, expr.span);
  if (bound.value === null) return undefined;
  const rows = isInteger(bound.type) ? Number(bound.value) : Number.NaN;
  if (Number.isSafeInteger(rows) && rows >= 0) return rows;
  throw new QueryError("invalid_argument", `${clause} needs a whole number that is not negative`, { span: expr.span });
}
