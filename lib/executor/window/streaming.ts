/** Which window functions can be evaluated over a partition that is never in memory as a whole, and how. */
import { decimal64PrecisionMax } from "../../arrow/types.ts";
import type { Column, FrameBound, WindowCall } from "../../expr/expr.ts";
import type { WindowNode } from "../../physical/plan.ts";
import type { TaskContext } from "../operator/operator.ts";
import { ArgumentVectors } from "./arguments.ts";
import { windowEvaluator } from "./evaluators.ts";
import { FrameAggregateEvaluator } from "./frame-aggregates.ts";
import { Frames, isRunning, isWholePartition } from "./frames.ts";
import { TotalEvaluator } from "./partition-aggregates.ts";
import { isRanking } from "./ranking.ts";
import type { WindowEvaluator } from "./window-block.ts";

/** What a function must see besides the rows it is asked for, in a partition that comes in blocks. */
export interface StreamNeeds {
  /** So many rows before and after. */
  readonly before: number;
  readonly after: number;
  /** Blocks must end with a group of peers, of rows that agree on so many sort keys. */
  readonly peers?: number;
  /** Something of the whole partition must be known first. */
  readonly total: boolean;
}

const nothing: StreamNeeds = { before: 0, after: 0, total: false };
/** Beyond so many rows around a row a function rather holds the partition. */
const aroundMax = 100_000;

/** Undefined: the function needs the partition in memory. */
export function streamNeeds(call: WindowCall): StreamNeeds | undefined {
  const { fn } = call;
  const needs = isRanking(fn)
    ? rankingNeeds(call)
    : fn === "lag" || fn === "lead"
      ? neighbourNeeds(call)
      : framedNeeds(call);
  return needs && needs.before + needs.after <= aroundMax && needs.peers !== 0 ? needs : undefined;
}

function rankingNeeds({ fn, orderKeys }: WindowCall): StreamNeeds {
  if (fn === "row_number") return nothing;
  if (fn === "ntile") return { ...nothing, total: true };
  return { ...nothing, peers: orderKeys, total: fn === "percent_rank" || fn === "cume_dist" };
}

function neighbourNeeds({ fn, args, ignoreNulls }: WindowCall): StreamNeeds | undefined {
  const offset = args[1];
  if (ignoreNulls || (offset && offset.kind !== "literal")) return undefined;
  const rows = Number(offset?.value ?? (offset ? 0 : 1)) * (fn === "lag" ? -1 : 1);
  return { ...nothing, before: Math.max(0, -rows), after: Math.max(0, rows) };
}

function framedNeeds(call: WindowCall): StreamNeeds | undefined {
  const { fn, frame, ignoreNulls, orderKeys } = call;
  const { unit, start, end, exclude } = frame;
  if (isWholePartition(call)) {
    return fn === "nth_value" || (fn === "last_value" && ignoreNulls) ? undefined : { ...nothing, total: true };
  }
  const running = isRunning(call);
  if (running && (fn === "nth_value" || (fn === "last_value" && ignoreNulls))) return undefined;
  if (unit !== "rows") {
    return running && end.kind === "current_row" ? { ...nothing, peers: orderKeys } : undefined;
  }
  const [from, to] = [running ? 0 : distance(start), distance(end)];
  if (from === undefined || to === undefined || (exclude && exclude !== "current row")) return undefined;
  // What is carried on is put before a row that it includes: there must be one.
  const carried = running ? 1 : 0;
  return { ...nothing, before: Math.max(0, -from, -to) + carried, after: Math.max(0, from, to) };
}

function distance(bound: FrameBound): number | undefined {
  if (bound.kind === "current_row") return 0;
  if (bound.kind === "preceding") return -bound.offset;
  return bound.kind === "following" ? bound.offset : undefined;
}

/** As windowEvaluator, for blocks of one partition after the other. */
export function streamEvaluator(
  call: WindowCall,
  node: WindowNode,
  columns: readonly Column[],
  context: TaskContext,
): WindowEvaluator {
  const framed = !isRanking(call.fn) && call.fn !== "lag" && call.fn !== "lead";
  if (framed && isWholePartition(call)) return new TotalEvaluator(asAggregate(call), columns, context);
  if (!framed || !isRunning(call) || call.fn === "last_value" || hasCarriedSums(call)) {
    return windowEvaluator(call, node, columns, context);
  }
  const args = new ArgumentVectors(call, columns, context);
  const frames = new Frames(context.memory, call, node.orderBy, columns);
  return new FrameAggregateEvaluator(context.memory, asAggregate(call), args, frames);
}

function hasCarriedSums({ fn, args }: WindowCall): boolean {
  if (fn === "count" || fn === "count_star" || fn === "count_if") return true;
  const type = args[0]?.type;
  return (fn === "sum" || fn === "avg") && !(type?.kind === "decimal" && type.precision > decimal64PrecisionMax);
}

/** first_value and last_value as the aggregates that they are over a frame that starts (or ends) with its partition. */
function asAggregate(call: WindowCall): WindowCall {
  if (call.fn === "first_value") return { ...call, fn: call.ignoreNulls ? "any_value" : "first" };
  return call.fn === "last_value" ? { ...call, fn: "last" } : call;
}
