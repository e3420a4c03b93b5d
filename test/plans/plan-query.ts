/** SQL to the plans of each step, for tests that look at plans. */
import type { Catalog } from "../../lib/catalog/table.ts";
import { bind } from "../../lib/logical/bind.ts";
import type { LogicalPlan } from "../../lib/logical/plan.ts";
import { lower } from "../../lib/lower/lower.ts";
import { optimize } from "../../lib/optimizer/optimize.ts";
import type { PhysicalPlan } from "../../lib/physical/plan.ts";
import { parse } from "../../lib/sql/parse.ts";

export interface PlannedQuery {
  readonly bound: LogicalPlan;
  readonly optimized: LogicalPlan;
  readonly physical: PhysicalPlan;
}

export async function planQuery(
  sql: string,
  catalog: Catalog,
  options: { slots?: number; trace?: (rule: string, plan: LogicalPlan) => void } = {},
): Promise<PlannedQuery> {
  const [statement] = await parse(sql);
  if (statement?.kind !== "query") throw new Error("not a query");
  const { plan, snapshot, columnIds } = await bind(statement.query, catalog);
  const { slots = 2, trace } = options;
  const optimized = optimize(plan, { snapshot, columnIds, slots, ...(trace && { trace }) });
  return { bound: plan, optimized, physical: lower(optimized, { snapshot, columnIds, slots }) };
}
