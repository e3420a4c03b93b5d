/** Constructors that keep a node's output columns right, and traversal of logical plans. */
import { type DataType, isComposite, nestedOf, typeName } from "../arrow/types.ts";
import { QueryError, type Span, unsupported } from "../errors.ts";
import { and } from "../expr/build.ts";
import type { ColumnIds } from "../expr/column-ids.ts";
import type { AggregateCall, Column, ColumnId, Expr, SortKey } from "../expr/expr.ts";
import { exprsOfAggregate, exprsOfWindowCall, mapAggregate, mapSortKeys, mapWindowCall } from "../expr/walk.ts";
import { inputsOf } from "./format.ts";
import type {
  JoinKey,
  JoinType,
  LogicalJoin,
  LogicalPlan,
  LogicalProject,
  LogicalUnion,
  LogicalUnnest,
  LogicalWindow,
} from "./plan.ts";
import { columnRef } from "./plan.ts";

/** A filter, or the input itself when there is nothing to test. */
export function filterPlan(input: LogicalPlan, conditions: readonly Expr[]): LogicalPlan {
  if (conditions.length === 0) return input;
  return { kind: "filter", input, predicate: and(conditions), columns: input.columns };
}

export function projectPlan(input: LogicalPlan, exprs: readonly Expr[], columns: readonly Column[]): LogicalProject {
  return { kind: "project", input, exprs, columns };
}

/** Keeps just these columns of the input, in this order; the input itself when that changes nothing. */
export function keepColumns(input: LogicalPlan, columns: readonly Column[]): LogicalPlan {
  const same =
    columns.length === input.columns.length && columns.every((column, i) => column.id === input.columns[i]!.id);
  return same ? input : projectPlan(input, columns.map(columnRef), columns);
}

export interface JoinOptions {
  readonly keys?: readonly JoinKey[];
  readonly filters?: readonly Expr[];
  readonly nullAware?: boolean;
  readonly mark?: Column;
}

/** A join whose columns follow from its sides: outer joins make the columns of the side that may be missing nullable. */
export function joinPlan(
  joinType: JoinType,
  left: LogicalPlan,
  right: LogicalPlan,
  { keys = [], filters = [], nullAware = false, mark }: JoinOptions = {},
): LogicalJoin {
  const type = joinType === "cross" && keys.length + filters.length > 0 ? "inner" : joinType;
  return {
    kind: "join",
    joinType: type,
    left,
    right,
    keys,
    ...(filters.length && { filter: and(filters) }),
    nullAware,
    ...(mark && { mark }),
    columns: joinColumns(type, left, right, mark),
  };
}

function joinColumns(type: JoinType, left: LogicalPlan, right: LogicalPlan, mark?: Column): readonly Column[] {
  const nullable = (columns: readonly Column[]) =>
    columns.map((column) => (column.nullable ? column : { ...column, nullable: true }));
  switch (type) {
    case "inner":
    case "cross":
      return [...left.columns, ...right.columns];
    case "left":
    case "single":
      return [...left.columns, ...nullable(right.columns)];
    case "right":
      return [...nullable(left.columns), ...right.columns];
    case "full":
      return [...nullable(left.columns), ...nullable(right.columns)];
    case "semi":
    case "anti":
      return left.columns;
    case "mark":
      return mark ? [...left.columns, mark] : left.columns;
  }
}

/** A join over other sides, everything else as it was. */
export function rejoin(join: LogicalJoin, left: LogicalPlan, right: LogicalPlan): LogicalJoin {
  if (left === join.left && right === join.right) return join;
  return { ...join, left, right, columns: joinColumns(join.joinType, left, right, join.mark) };
}

export function aggregatePlan(
  input: LogicalPlan,
  groupBy: readonly Expr[],
  aggregates: readonly AggregateCall[],
  columns: readonly Column[],
): LogicalPlan {
  return { kind: "aggregate", input, groupBy, aggregates, columns };
}

/** Columns that a window node adds to its input's. */
export function windowColumns(plan: LogicalWindow): readonly Column[] {
  return plan.columns.slice(plan.columns.length - plan.functions.length);
}

/** A window node over another input, or with other functions, which give the columns `added`. */
export function windowPlan(
  input: LogicalPlan,
  { partitionBy, orderBy, functions, limit }: Pick<LogicalWindow, "partitionBy" | "orderBy" | "functions" | "limit">,
  added: readonly Column[],
): LogicalPlan {
  if (functions.length === 0) return input;
  for (const { expr } of orderBy) requireOrder(expr.type);
  const columns = [...input.columns, ...added];
  return { kind: "window", input, partitionBy, orderBy, functions, ...(limit !== undefined && { limit }), columns };
}

/** The column of a list's elements. Throws `type_mismatch` for what is no list. */
export function elementColumn(ids: ColumnIds, list: Expr, span?: Span): Column {
  const nested = nestedOf(list.type);
  if (nested?.kind === "list") return ids.column("unnest", nested.element, true);
  throw new QueryError("type_mismatch", `unnest takes a list, not ${typeName(list.type)}`, span ? { span } : {});
}

export function unnestPlan(input: LogicalPlan, list: Expr, element: Column, outer: boolean): LogicalUnnest {
  return { kind: "unnest", input, list, outer, columns: [...input.columns, element] };
}

/** Throws `unsupported` for lists, structs and maps: the order of their text would be another one. */
export function requireOrder(type: DataType, span?: Span): void {
  if (isComposite(type)) throw unsupported(`ordering by ${typeName(type)} values`, span);
}

export function sortPlan(input: LogicalPlan, keys: readonly SortKey[]): LogicalPlan {
  for (const { expr } of keys) requireOrder(expr.type);
  return { kind: "sort", input, keys, columns: input.columns };
}

/** The same node over other inputs (in the order of inputsOf); nodes that pass columns on take the new inputs' columns. */
export function withInputs(plan: LogicalPlan, inputs: readonly LogicalPlan[]): LogicalPlan {
  const before = inputsOf(plan);
  if (inputs.every((input, i) => input === before[i])) return plan;
  switch (plan.kind) {
    case "scan":
    case "values":
      return plan;
    case "filter":
    case "sort":
    case "limit":
      return { ...plan, input: inputs[0]!, columns: inputs[0]!.columns };
    case "project":
    case "aggregate":
    case "single_row":
    case "shared":
      return { ...plan, input: inputs[0]! };
    case "window":
      return windowPlan(inputs[0]!, plan, windowColumns(plan));
    case "unnest":
      return { ...plan, input: inputs[0]!, columns: [...inputs[0]!.columns, plan.columns.at(-1)!] };
    case "join":
      return rejoin(plan, inputs[0]!, inputs[1]!);
    case "union":
      return { ...plan, inputs } satisfies LogicalUnion;
  }
}

export function mapInputs(plan: LogicalPlan, map: (input: LogicalPlan) => LogicalPlan): LogicalPlan {
  return withInputs(plan, inputsOf(plan).map(map));
}

/**
 * Rewrites bottom-up: inputs first, then the node. A shared plan is rewritten once, so that its references stay one.
 */
export function rewritePlan(plan: LogicalPlan, rewrite: (plan: LogicalPlan) => LogicalPlan): LogicalPlan {
  const shared = new Map<number, LogicalPlan>();
  const visit = (node: LogicalPlan): LogicalPlan => {
    if (node.kind !== "shared") return rewrite(mapInputs(node, visit));
    const input = shared.get(node.id) ?? visit(node.input);
    shared.set(node.id, input);
    return rewrite(withInputs(node, [input]));
  };
  return visit(plan);
}

/** Every expression of the node itself, in order. */
export function exprsOf(plan: LogicalPlan): readonly Expr[] {
  switch (plan.kind) {
    case "scan":
      return plan.filters;
    case "values":
      return plan.rows.flat();
    case "filter":
      return [plan.predicate];
    case "project":
      return plan.exprs;
    case "aggregate":
      return [...plan.groupBy, ...plan.aggregates.flatMap(exprsOfAggregate)];
    case "join":
      return [...plan.keys.flatMap((key) => [key.left, key.right]), ...(plan.filter ? [plan.filter] : [])];
    case "sort":
      return plan.keys.map((key) => key.expr);
    case "unnest":
      return [plan.list];
    case "window":
      return [
        ...plan.partitionBy,
        ...plan.orderBy.map((key) => key.expr),
        ...plan.functions.flatMap(exprsOfWindowCall),
      ];
    default:
      return [];
  }
}

/** The node over mapped expressions; the very same object when none of them changed. */
export function mapExprs(plan: LogicalPlan, map: (expr: Expr) => Expr): LogicalPlan {
  let changed = false;
  const apply = (expr: Expr): Expr => {
    const mapped = map(expr);
    if (mapped !== expr) changed = true;
    return mapped;
  };
  const next = rebuildExprs(plan, apply);
  return changed ? next : plan;
}

function rebuildExprs(plan: LogicalPlan, map: (expr: Expr) => Expr): LogicalPlan {
  switch (plan.kind) {
    case "scan":
      return { ...plan, filters: plan.filters.map(map) };
    case "values":
      return { ...plan, rows: plan.rows.map((row) => row.map(map)) };
    case "filter":
      return { ...plan, predicate: map(plan.predicate) };
    case "project":
      return { ...plan, exprs: plan.exprs.map(map) };
    case "aggregate":
      return {
        ...plan,
        groupBy: plan.groupBy.map(map),
        aggregates: plan.aggregates.map((call) => mapAggregate(call, map)),
      };
    case "join":
      return {
        ...plan,
        keys: plan.keys.map((key) => ({ ...key, left: map(key.left), right: map(key.right) })),
        ...(plan.filter && { filter: map(plan.filter) }),
      };
    case "sort":
      return { ...plan, keys: mapSortKeys(plan.keys, map) };
    case "unnest":
      return { ...plan, list: map(plan.list) };
    case "window":
      return {
        ...plan,
        partitionBy: plan.partitionBy.map(map),
        orderBy: mapSortKeys(plan.orderBy, map),
        functions: plan.functions.map((call) => mapWindowCall(call, map)),
      };
    default:
      return plan;
  }
}

/** Ids of a plan's output columns. */
export function outputIds(plan: LogicalPlan): Set<ColumnId> {
  return new Set(plan.columns.map((column) => column.id));
}

/** Whether a projection gives input columns as they are, under their own ids. */
export function onlyDrops(plan: LogicalProject): boolean {
  return plan.exprs.every((expr, i) => expr.kind === "column" && expr.id === plan.columns[i]!.id);
}
