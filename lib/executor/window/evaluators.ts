/** Chooses how a window function is evaluated. */
import { unsupported } from "../../errors.ts";
import type { Column, WindowCall } from "../../expr/expr.ts";
import type { WindowNode } from "../../physical/plan.ts";
import type { TaskContext } from "../operator/operator.ts";
import { ArgumentVectors } from "./arguments.ts";
import { isRanking, RankingEvaluator } from "./ranking.ts";
import type { WindowEvaluator } from "./window-block.ts";

export function windowEvaluator(
  call: WindowCall,
  _node: WindowNode,
  columns: readonly Column[],
  context: TaskContext,
): WindowEvaluator {
  const args = new ArgumentVectors(call, columns, context);
  if (isRanking(call.fn)) return new RankingEvaluator(call, args);
  throw unsupported(`the window function ${call.fn}`, call.span);
}
