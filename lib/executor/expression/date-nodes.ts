/** Functions of dates and timestamps through kernels. Undefined: not one of them. */
import { types } from "../../arrow/types.ts";
import type { CallExpr } from "../../expr/expr.ts";
import type { LinearMemory } from "../../kernels/memory.ts";
import { giveUp } from "./first-that-works.ts";
import { type Kernel, KernelNode } from "./kernel-node.ts";
import type { ExpressionNode } from "./node.ts";

/** Numbers of the calendar kernels' parts. */
const parts: Readonly<Record<string, number>> = {
  year: 0,
  quarter: 1,
  month: 2,
  day: 3,
  dayofweek: 4,
  isodow: 5,
  dayofyear: 6,
  week: 7,
  isoyear: 8,
};

/** Parts of a time: (microseconds of the day / unit) % modulus. */
const timeParts: Readonly<Record<string, readonly [unit: number, modulus: number]>> = {
  hour: [3_600_000_000, 24],
  minute: [60_000_000, 60],
  second: [1_000_000, 60],
  millisecond: [1000, 60_000],
  microsecond: [1, 60_000_000],
};

/** date_trunc by the calendar, and by a fixed number of microseconds. */
const calendarUnits: Readonly<Record<string, number>> = { year: 0, quarter: 1, month: 2, week: 3, day: 4 };
const clockUnits: Readonly<Record<string, number>> = {
  hour: 3_600_000_000,
  minute: 60_000_000,
  second: 1_000_000,
  millisecond: 1000,
};

/** A node that gives up where a result may be out of range. */
export function dateNode(
  memory: LinearMemory,
  expr: CallExpr,
  args: readonly ExpressionNode[],
): ExpressionNode | undefined {
  const { kernels } = memory;
  const make = (kernel: Kernel, inputs = args) => new KernelNode(memory, expr.type, inputs, kernel, giveUp);
  const kinds = args.map(({ type }) => type.kind).join();
  switch (expr.fn) {
    case "date_add_days":
    case "date_subtract_days": {
      const sign = expr.fn === "date_add_days" ? 1 : -1;
      return make(([date, days], n, out) => kernels.addDays(date!.data, days!.data, sign, n, out));
    }
    case "date_difference":
      return make(([a, b], n, out) => kernels.dateDifference(a!.data, b!.data, n, out));
    case "timestamp_add_interval":
    case "timestamp_subtract_interval": {
      const sign = expr.fn === "timestamp_add_interval" ? 1 : -1;
      return make(([at, by], n, out) => kernels.addInterval(at!.data, by!.data, sign, n, out));
    }
    case "date_trunc":
      return kinds === "varchar,timestamp" ? truncationNode(memory, expr, args, make) : undefined;
  }
  const part = parts[expr.fn];
  const time = timeParts[expr.fn];
  if ((part === undefined && time === undefined) || (kinds !== "date" && kinds !== "timestamp")) return undefined;
  if (expr.type.kind !== types.int64.kind) return undefined;
  if (part !== undefined) {
    const run = kinds === "date" ? kernels.partOfDates : kernels.partOfTimestamps;
    return make(([a], n, out) => run(part, a!.data, n, out));
  }
  const [unit, modulus] = time!;
  if (kinds === "date") return undefined;
  return make(([a], n, out) => kernels.timeOfTimestamps(a!.data, n, unit, modulus, out));
}

function truncationNode(
  { kernels }: LinearMemory,
  { args: [unitExpr] }: CallExpr,
  args: readonly ExpressionNode[],
  make: (kernel: Kernel, inputs: readonly ExpressionNode[]) => ExpressionNode,
): ExpressionNode | undefined {
  const name = unitExpr?.kind === "literal" && typeof unitExpr.value === "string" ? unitExpr.value.toLowerCase() : "";
  const inputs = [args[1]!];
  const calendar = calendarUnits[name];
  if (calendar !== undefined)
    return make(([a], n, out) => kernels.truncateTimestamps(calendar, a!.data, n, out), inputs);
  const clock = clockUnits[name];
  return clock === undefined
    ? undefined
    : make(([a], n, out) => kernels.floorTimestamps(clock, a!.data, n, out), inputs);
}
