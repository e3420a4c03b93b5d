/** Joins: which side is built, how rows find each other, what the build side tells the scans of the other. */
import { unsupported } from "../errors.ts";
import type { ColumnId } from "../expr/expr.ts";
import { outputIds } from "../logical/build.ts";
import type { JoinType, LogicalJoin, LogicalPlan } from "../logical/plan.ts";
import { exprEstimate, rowBytes } from "../optimizer/column-estimate.ts";
import { broadcastCost, collectedCost, partitionedCost } from "../optimizer/cost.ts";
import { outputColumns } from "../physical/output-columns.ts";
import type {
  HashJoinNode,
  NestedLoopJoinNode,
  PhysicalJoinKey,
  PhysicalJoinType,
  PhysicalPlan,
} from "../physical/plan.ts";
import { keyRange } from "./key-range.ts";
import type { Lowering } from "./lower.ts";
import { withOwnColumns } from "./required-columns.ts";
import { runtimeFilters } from "./runtime-filters.ts";

type Distribution = HashJoinNode["distribution"];

interface Choice {
  readonly buildSide: "left" | "right";
  readonly type: PhysicalJoinType;
  readonly distribution: Distribution;
  readonly cost: number;
}

/** What the join type is called when the right, or the left side is built; undefined where it cannot be. */
const typeByBuildSide: Readonly<Record<JoinType, { right?: PhysicalJoinType; left?: PhysicalJoinType }>> = {
  inner: { right: "inner", left: "inner" },
  cross: { right: "inner", left: "inner" },
  left: { right: "probe_outer", left: "build_outer" },
  right: { right: "build_outer", left: "probe_outer" },
  full: { right: "full_outer", left: "full_outer" },
  semi: { right: "probe_semi", left: "build_semi" },
  anti: { right: "probe_anti", left: "build_anti" },
  mark: { right: "probe_mark" },
  single: { right: "probe_single" },
};

/** These give out build rows, which every task would do with its own copy of them. */
const emitsBuildRows: ReadonlySet<PhysicalJoinType> = new Set([
  "build_outer",
  "full_outer",
  "build_semi",
  "build_anti",
]);

export function lowerJoin(lowering: Lowering, join: LogicalJoin, required: ReadonlySet<ColumnId>): PhysicalPlan {
  const needed = withOwnColumns(required, join);
  const choice = chooseJoin(lowering, join, needed);
  const [buildPlan, probePlan] = choice.buildSide === "right" ? [join.right, join.left] : [join.left, join.right];
  const build = lowering.lower(buildPlan, needed);
  const probe = lowering.lower(probePlan, needed);
  const available = new Set([...outputColumns(build), ...outputColumns(probe)].map((column) => column.id));
  if (join.mark) available.add(join.mark.id);
  const common = {
    joinType: choice.type,
    build,
    probe,
    ...(join.filter && { filter: join.filter }),
    nullAware: join.nullAware,
    ...(join.mark && { mark: join.mark }),
    columns: join.columns.filter((column) => required.has(column.id) && available.has(column.id)),
  };
  if (join.keys.length === 0) {
    const distribution = choice.distribution === "broadcast" ? "broadcast" : "collected";
    return { kind: "nested_loop_join", ...common, distribution } satisfies NestedLoopJoinNode;
  }
  const keys = join.keys.map(({ left, right, nullSafe }): PhysicalJoinKey => {
    return choice.buildSide === "right"
      ? { build: right, probe: left, nullSafe }
      : { build: left, probe: right, nullSafe };
  });
  const estimate = lowering.estimator.estimate(buildPlan);
  return {
    kind: "hash_join",
    ...common,
    keys,
    distribution: choice.distribution,
    buildRows: Math.ceil(estimate.rows),
    keyRanges: keys.map((key) => keyRange(key.build, estimate)),
    buildUnique: keys.some((key) => exprEstimate(key.build, estimate).unique),
    runtimeFilters: runtimeFilters(choice.type, keys, probe),
  };
}

/** The cheapest of the build sides and distributions that the join type and its conditions allow. */
function chooseJoin(lowering: Lowering, join: LogicalJoin, needed: ReadonlySet<ColumnId>): Choice {
  const { slots, broadcastRowsMax } = lowering.options;
  const types = typeByBuildSide[join.joinType];
  const choices: Choice[] = [];
  for (const buildSide of ["right", "left"] as const) {
    const type = types[buildSide];
    if (!type || (join.nullAware && buildSide === "left")) continue;
    const build = lowering.estimator.rows(buildSide === "right" ? join.right : join.left);
    const probe = lowering.estimator.rows(buildSide === "right" ? join.left : join.right);
    const [buildPlan, probePlan] = buildSide === "right" ? [join.right, join.left] : [join.left, join.right];
    const bytes = (plan: LogicalPlan) =>
      rowBytes(lowering.estimator.estimate(plan), outputIds(plan).intersection(needed));
    const [buildBytes, probeBytes] = [bytes(buildPlan), bytes(probePlan)];
    const sides = { build, probe, buildBytes, probeBytes, keyed: join.keys.length > 0, slots };
    if (!emitsBuildRows.has(type)) {
      const unwelcome = build > broadcastRowsMax && sides.keyed && !join.nullAware;
      const cost = unwelcome ? Number.POSITIVE_INFINITY : broadcastCost(sides);
      choices.push({ buildSide, type, distribution: "broadcast", cost });
    }
    if (join.nullAware) continue;
    if (sides.keyed) choices.push({ buildSide, type, distribution: "partitioned", cost: partitionedCost(sides) });
    else choices.push({ buildSide, type, distribution: "collected", cost: collectedCost(sides) });
  }
  const best = choices.reduce<Choice | undefined>((a, b) => (a && a.cost <= b.cost ? a : b), undefined);
  if (!best) throw unsupported(`a ${join.joinType} join of this form`);
  return best;
}
