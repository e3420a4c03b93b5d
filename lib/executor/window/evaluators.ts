/** Chooses how a window function is evaluated. */

import { isFloat } from "../../expr/coercion.ts";
import type { Column, WindowCall } from "../../expr/expr.ts";
import type { WindowNode } from "../../physical/plan.ts";
import { isSortedCall } from "../aggregate/aggregate-sorted.ts";
import type { TaskContext } from "../operator/operator.ts";
import { ArgumentVectors } from "./arguments.ts";
import { FrameAggregateEvaluator } from "./frame-aggregates.ts";
import { FrameExtremeEvaluator, isExtreme } from "./frame-extremes.ts";
import { FrameFloatSumEvaluator } from "./frame-float-sums.ts";
import { FrameCountEvaluator, FrameSumEvaluator } from "./frame-sums.ts";
import { FrameValueEvaluator } from "./frame-values.ts";
import { Frames, isWholePartition } from "./frames.ts";
import { NeighbourEvaluator } from "./neighbours.ts";
import { PartitionAggregateEvaluator } from "./partition-aggregates.ts";
import { isRanking, RankingEvaluator } from "./ranking.ts";
import type { WindowEvaluator } from "./window-block.ts";

export function windowEvaluator(
  call: WindowCall,
  { orderBy }: WindowNode,
  columns: readonly Column[],
  context: TaskContext,
): WindowEvaluator {
  const { fn } = call;
  const { memory } = context;
  const args = () => new ArgumentVectors(call, columns, context);
  const frames = () => new Frames(memory, call, orderBy, columns);
  if (isRanking(fn)) return new RankingEvaluator(call, args());
  if (fn === "lag" || fn === "lead") return new NeighbourEvaluator(memory, call, args());
  if (fn === "first_value" || fn === "last_value" || fn === "nth_value") {
    return new FrameValueEvaluator(call, args(), frames());
  }
  // Those that sort their rows themselves would do it asynchronously.
  const sorted = isSortedCall({ ...call, distinct: false });
  if (isWholePartition(call) && !sorted) return new PartitionAggregateEvaluator(call, columns, context);
  const type = call.args[0]?.type;
  if (fn === "count_star" || fn === "count" || fn === "count_if") {
    return new FrameCountEvaluator(call, args(), frames());
  }
  if ((fn === "sum" || fn === "avg") && type) {
    if (isFloat(type)) return new FrameFloatSumEvaluator(memory, call, args(), frames());
    const wide = new FrameAggregateEvaluator(memory, call, args(), frames());
    return new FrameSumEvaluator(memory, call, args(), frames(), wide);
  }
  if (isExtreme(fn) && type?.kind !== "null" && !call.frame.exclude) {
    return new FrameExtremeEvaluator(memory, call, args(), frames());
  }
  return new FrameAggregateEvaluator(memory, call, args(), frames());
}
