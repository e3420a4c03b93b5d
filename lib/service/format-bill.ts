/** Use and price as text, for EXPLAIN ANALYZE. */
import { formatUsage } from "../bill/format-usage.ts";
import { costOf, type PriceTable, type Usage } from "../bill/usage.ts";
import type { BillTotals, QueryBill } from "./query-bill.ts";

/** So many tasks of a stage are listed: those that cost most. */
const tasksListed = 8;

/** Lines for one stage: what it cost, and its dearest tasks. */
export function stageBillLines(stage: number, bill: QueryBill, prices: PriceTable): readonly string[] {
  const tasks = [...bill.tasks(stage)].map(([task, usage]) => ({ task, usage, dollars: costOf(usage, prices).total }));
  if (tasks.length === 0) return [];
  const whole = `cost ${formatUsage(bill.stage(stage), prices)}`;
  if (tasks.length === 1) return [whole];
  const dearest = tasks.sort((a, b) => b.dollars - a.dollars || a.task - b.task).slice(0, tasksListed);
  const listed = dearest.map(({ task, usage }) => `  task ${task}: ${formatUsage(usage, prices)}`);
  const more = tasks.length - dearest.length;
  return [whole, ...listed, ...(more > 0 ? [`  ${more} more tasks cost less each`] : [])];
}

/** Of the whole query; `own` is the schedulers' and the API's part. */
export function billLines(usage: Usage, own: Usage, totals: BillTotals, prices: PriceTable): readonly string[] {
  const lines = [
    `Cost: ${formatUsage(usage, prices)}`,
    `  of it outside of stages: ${formatUsage(own, prices)}`,
    `  prices of ${prices.region} on ${prices.date}`,
  ];
  const { unreported, estimated } = totals;
  if (unreported === 0) return lines;
  const dollars = costOf(estimated, prices).total;
  return [
    ...lines,
    `  ${unreported} attempts died without a report: up to $${dollars.toPrecision(3)} of it is an estimate`,
  ];
}
