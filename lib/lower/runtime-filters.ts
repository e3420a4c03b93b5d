/** Which scans of the probe side a join's build keys can prune once they are known. */
import type { ColumnId, Expr } from "../expr/expr.ts";
import type { HashJoinNode, PhysicalJoinKey, PhysicalJoinType, PhysicalPlan } from "../physical/plan.ts";

/** Join types that give nothing for a probe row without a match. */
const needsMatch: ReadonlySet<PhysicalJoinType> = new Set([
  "inner",
  "probe_semi",
  "build_outer",
  "build_semi",
  "build_anti",
]);

export function runtimeFilters(
  joinType: PhysicalJoinType,
  keys: readonly PhysicalJoinKey[],
  probe: PhysicalPlan,
): HashJoinNode["runtimeFilters"] {
  if (!needsMatch.has(joinType)) return [];
  return keys.flatMap((key, index) => {
    if (key.nullSafe || key.probe.kind !== "column") return [];
    const probeColumn = scanColumn(probe, key.probe.id);
    return probeColumn === undefined ? [] : [{ key: index, probeColumn }];
  });
}

/** The scan column that a column of the plan is, if rows only stream, and may be dropped, on the way up from there. */
function scanColumn(plan: PhysicalPlan, id: ColumnId): ColumnId | undefined {
  switch (plan.kind) {
    case "scan":
      return plan.limit === undefined && plan.columns.some((column) => column.id === id) ? id : undefined;
    case "filter":
      return scanColumn(plan.input, id);
    case "project": {
      const expr: Expr | undefined = plan.exprs[plan.columns.findIndex((column) => column.id === id)];
      return expr?.kind === "column" ? scanColumn(plan.input, expr.id) : undefined;
    }
    case "hash_join":
    case "nested_loop_join":
      // Dropping probe rows of these only drops what they would give.
      return plan.joinType.startsWith("build") || plan.joinType === "full_outer"
        ? undefined
        : scanColumn(plan.probe, id);
    default:
      return undefined;
  }
}
