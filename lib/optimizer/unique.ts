/** What can be proved, without statistics, about a plan's number of rows and their uniqueness. */
import type { ColumnId, Expr } from "../expr/expr.ts";
import type { JoinKey, LogicalJoin, LogicalPlan } from "../logical/plan.ts";

/** "exactly" one row, "at most" one, or undefined: any number. */
export function atMostOneRow(plan: LogicalPlan): "exactly" | "at most" | undefined {
  switch (plan.kind) {
    case "aggregate":
      return plan.groupBy.length === 0 ? "exactly" : undefined;
    case "values":
      return plan.rows.length === 1 ? "exactly" : plan.rows.length === 0 ? "at most" : undefined;
    case "single_row":
      return "exactly";
    case "project":
    case "sort":
    case "window":
    case "shared":
      return atMostOneRow(plan.input);
    case "filter":
      return atMostOneRow(plan.input) && "at most";
    case "limit": {
      const input = atMostOneRow(plan.input);
      if (input === "exactly" && plan.offset === 0 && plan.limit !== 0) return "exactly";
      return input || (plan.limit !== undefined && plan.limit <= 1) ? "at most" : undefined;
    }
    case "scan":
      return plan.limit !== undefined && plan.limit <= 1 ? "at most" : undefined;
    case "join":
      return joinRows(plan);
    case "union":
    case "unnest":
      return undefined;
  }
}

function joinRows(join: LogicalJoin): "exactly" | "at most" | undefined {
  const left = atMostOneRow(join.left);
  switch (join.joinType) {
    case "semi":
    case "anti":
      return left && "at most";
    case "mark":
    case "single":
      return left;
    case "left":
      return left && atMostOneRow(join.right) ? left : undefined;
    case "cross":
      return left === "exactly" && atMostOneRow(join.right) === "exactly" ? "exactly" : bothAtMost(join);
    case "inner":
      return bothAtMost(join);
    default:
      return undefined;
  }
}

function bothAtMost(join: LogicalJoin): "at most" | undefined {
  return atMostOneRow(join.left) && atMostOneRow(join.right) ? "at most" : undefined;
}

/** Whether no two rows agree on all these columns (NULLs taken as equal). */
export function isUnique(plan: LogicalPlan, columns: ReadonlySet<ColumnId>): boolean {
  if (atMostOneRow(plan)) return true;
  switch (plan.kind) {
    case "aggregate":
      return plan.groupBy.every((_, i) => columns.has(plan.columns[i]!.id));
    case "filter":
    case "sort":
    case "window":
    case "limit":
      return isUnique(plan.input, columns);
    case "project": {
      const sources = new Set<ColumnId>();
      plan.columns.forEach((column, i) => {
        const expr: Expr = plan.exprs[i]!;
        if (columns.has(column.id) && expr.kind === "column") sources.add(expr.id);
      });
      return isUnique(plan.input, sources);
    }
    case "shared": {
      const sources = plan.columns.flatMap((column, i) => (columns.has(column.id) ? [plan.input.columns[i]!.id] : []));
      return isUnique(plan.input, new Set(sources));
    }
    case "join":
      return isJoinUnique(plan, columns);
    default:
      return false;
  }
}

/** A row of one side stays unique if it meets at most one row of the other. */
function isJoinUnique(join: LogicalJoin, columns: ReadonlySet<ColumnId>): boolean {
  switch (join.joinType) {
    case "semi":
    case "anti":
    case "mark":
    case "single":
      return isUnique(join.left, columns);
    case "inner":
    case "cross":
      return (
        (isUnique(join.left, columns) && isKeyUnique(join.right, join.keys, "right")) ||
        (isUnique(join.right, columns) && isKeyUnique(join.left, join.keys, "left")) ||
        (isUnique(join.left, columns) && isUnique(join.right, columns))
      );
    case "left":
      return isUnique(join.left, columns) && isKeyUnique(join.right, join.keys, "right");
    case "right":
      return isUnique(join.right, columns) && isKeyUnique(join.left, join.keys, "left");
    case "full":
      return false;
  }
}

/** Whether at most one row of the plan has given values in the join keys of its side. */
export function isKeyUnique(plan: LogicalPlan, keys: readonly JoinKey[], side: "left" | "right"): boolean {
  const columns = keys.flatMap((key) => (key[side].kind === "column" ? [key[side].id] : []));
  return isUnique(plan, new Set(columns));
}
