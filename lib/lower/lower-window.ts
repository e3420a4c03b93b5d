/** Window functions: what they read is computed first, and the rows sorted, so that the operator only walks along. */
import type { Column, ColumnExpr, ColumnId, Expr, FrameBound, SortKey, WindowFrame } from "../expr/expr.ts";
import { isNullable } from "../expr/properties.ts";
import { columnIdsOf, exprKey, exprsOfWindowCall, mapSortKeys, mapWindowCall } from "../expr/walk.ts";
import { windowColumns } from "../logical/build.ts";
import type { LogicalWindow } from "../logical/plan.ts";
import { columnRef } from "../logical/plan.ts";
import { groupCount } from "../optimizer/statistics.ts";
import { outputColumns } from "../physical/output-columns.ts";
import type { PhysicalPlan } from "../physical/plan.ts";
import type { Lowering } from "./lower.ts";

export function lowerWindow(lowering: Lowering, plan: LogicalWindow, required: ReadonlySet<ColumnId>): PhysicalPlan {
  const added = windowColumns(plan);
  const kept = plan.functions
    .map((call, i) => ({ call, column: added[i]! }))
    .filter(({ column }) => required.has(column.id));
  const keys = [...plan.partitionBy, ...plan.orderBy.map((key) => key.expr)];
  const reads = [...keys, ...kept.flatMap(({ call }) => exprsOfWindowCall(call))];
  const below = new Set(plan.input.columns.map(({ id }) => id)).intersection(required);
  if (kept.length === 0) return lowering.lower(plan.input, below);
  const input = lowering.lower(plan.input, below.union(columnIdsOf(...reads)));
  const computed = new Computed(lowering);
  const partitionBy = plan.partitionBy.map((key) => computed.column(key));
  const orderBy = mapSortKeys(plan.orderBy, (key) => computed.column(key));
  const functions = kept.map(({ call }) => {
    const mapped = mapWindowCall(call, (expr) => (expr.kind === "literal" ? expr : computed.column(expr)));
    return { ...mapped, frame: comparable(mapped.frame, computed) };
  });
  const rows = lowering.rows(plan.input);
  const ready = computed.over(input, rows);
  const columns = outputColumns(input).filter(({ id }) => required.has(id));
  return {
    kind: "window",
    input: sorted(ready, partitionBy, orderBy, rows),
    partitionBy,
    orderBy,
    functions,
    ...(plan.limit !== undefined && { top: { limit: plan.limit, rows: topRows(lowering, plan, plan.limit) } }),
    columns: [...columns, ...kept.map(({ column }) => column)],
  };
}

/** Bounds that are compared with the rows' keys are columns, constants too. */
function comparable(frame: WindowFrame, computed: Computed): WindowFrame {
  const bound = (side: FrameBound): FrameBound =>
    side.kind === "value" ? { ...side, value: computed.column(side.value) } : side;
  return { ...frame, start: bound(frame.start), end: bound(frame.end) };
}

/** Estimated rows when each partition keeps its first ones. */
function topRows(lowering: Lowering, plan: LogicalWindow, limit: number): number {
  const input = lowering.estimator.estimate(plan.input);
  return Math.ceil(Math.min(input.rows, groupCount(plan.partitionBy, input) * limit));
}

function sorted(
  input: PhysicalPlan,
  partitionBy: readonly ColumnExpr[],
  orderBy: readonly SortKey[],
  rows: number,
): PhysicalPlan {
  const partitionKeys = partitionBy.map((expr): SortKey => ({ expr, descending: false, nullsFirst: false }));
  const keys = [...partitionKeys, ...orderBy];
  if (keys.length === 0) return input;
  return { kind: "sort", input, keys, local: true, columns: outputColumns(input), rows };
}

/** Expressions that become columns of a projection below the window. */
class Computed {
  readonly #lowering: Lowering;
  readonly #columns = new Map<string, { readonly expr: Expr; readonly column: Column }>();

  constructor(lowering: Lowering) {
    this.#lowering = lowering;
  }

  column(expr: Expr): ColumnExpr {
    if (expr.kind === "column") return expr;
    const key = exprKey(expr);
    let known = this.#columns.get(key);
    if (!known) {
      known = { expr, column: this.#lowering.options.columnIds.column("window", expr.type, isNullable(expr)) };
      this.#columns.set(key, known);
    }
    return columnRef(known.column);
  }

  over(input: PhysicalPlan, rows: number): PhysicalPlan {
    const computed = [...this.#columns.values()];
    if (computed.length === 0) return input;
    const columns = outputColumns(input);
    const exprs = [...columns.map(columnRef), ...computed.map(({ expr }) => expr)];
    return { kind: "project", input, exprs, columns: [...columns, ...computed.map(({ column }) => column)], rows };
  }
}
