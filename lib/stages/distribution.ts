/** How a fragment's rows are spread over its tasks, and what of that survives each operator. */
import type { Column, ColumnId, Expr } from "../expr/expr.ts";
import type { HashJoinNode, ProjectNode } from "../physical/plan.ts";

/**
 * split: any row may be in any task. hash: rows that agree on `keys` are in the same task, the one their hash names;
 * keys[i] lists columns that all hold the i-th hashed value. A fragment of one task satisfies everything.
 */
export type Distribution =
  | { readonly kind: "split" }
  | { readonly kind: "hash"; readonly keys: readonly ReadonlySet<ColumnId>[] };

export const split: Distribution = { kind: "split" };

/** The distribution of rows that were hashed on these expressions; only bare columns can be told again later. */
export function hashedOn(keys: readonly Expr[]): Distribution {
  return { kind: "hash", keys: keys.map((key) => new Set(key.kind === "column" ? [key.id] : [])) };
}

/**
 * Which of `keys` were hashed, in hash order, when rows with equal keys are already together: the hashed columns are
 * all among the keys. Undefined when they are not.
 */
export function matchingKeys(distribution: Distribution, keys: readonly Expr[]): readonly number[] | undefined {
  if (distribution.kind !== "hash") return undefined;
  const positions = distribution.keys.map((ids) => keys.findIndex((key) => key.kind === "column" && ids.has(key.id)));
  return positions.every((position) => position >= 0) ? positions : undefined;
}

/** Columns copied under new ids carry the distribution with them; columns that disappear take it away. */
export function renamed(distribution: Distribution, exprs: readonly Expr[], columns: readonly Column[]): Distribution {
  if (distribution.kind !== "hash") return distribution;
  const keys = distribution.keys.map((ids) => {
    const kept = columns.filter((_, i) => {
      const expr = exprs[i];
      return expr?.kind === "column" && ids.has(expr.id);
    });
    return new Set(kept.map((column) => column.id));
  });
  return { kind: "hash", keys };
}

export function afterProject(distribution: Distribution, node: ProjectNode): Distribution {
  return renamed(distribution, node.exprs, node.columns);
}

/** A partitioned join's output: hashed on the key columns of each side whose values survive in every row. */
export function afterPartitionedJoin(node: HashJoinNode, hashed: readonly number[]): Distribution {
  const probeHolds = !["build_outer", "full_outer", "build_semi", "build_anti"].includes(node.joinType);
  const buildHolds = ["inner", "build_outer", "build_semi", "build_anti"].includes(node.joinType);
  const keys = hashed.map((position) => {
    const key = node.keys[position]!;
    const sides = [probeHolds ? key.probe : undefined, buildHolds ? key.build : undefined];
    return new Set(sides.flatMap((expr) => (expr?.kind === "column" ? [expr.id] : [])));
  });
  return { kind: "hash", keys };
}
