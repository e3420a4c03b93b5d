/**
 * A query's plan as it lies in the object store: whatever scheduler goes on with the query drives the same stages, and the
 * API shows it.
 */
import { gunzipSync, gzipSync } from "node:zlib";
import type { QueryEstimate } from "../bill/estimate.ts";
import type { CatalogSnapshot, Table } from "../catalog/table.ts";
import { QueryError } from "../errors.ts";
import { toDot } from "../explain/graph.ts";
import { formatStages } from "../explain/stages.ts";
import { formatLogical } from "../logical/format.ts";
import { formatPhysical } from "../physical/format.ts";
import type { PlannedQuery } from "../query.ts";
import type { StageState } from "../scheduler/state.ts";
import type { StageGraph } from "../stages/graph.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import type { StartedAttempt } from "./query-bill.ts";
import type { QueryPlanTexts, ResultColumnInfo } from "./query-service.ts";

export interface StoredPlan {
  readonly version: 1;
  readonly graph: StageGraph;
  readonly columns: readonly ResultColumnInfo[];
  readonly tables: readonly (readonly [string, Table])[];
  readonly texts: QueryPlanTexts;
  readonly analyze: boolean;
  /** The scheduler executes it by itself. */
  readonly inline: boolean;
}

export function storedPlan(
  planned: PlannedQuery,
  estimate: QueryEstimate,
  how: Pick<StoredPlan, "analyze" | "inline">,
): StoredPlan {
  const { graph, columns, names, snapshot } = planned;
  return {
    version: 1,
    graph,
    columns: columns.map(({ type, nullable }, i) => ({ name: names[i]!, type, nullable })),
    tables: [...snapshot].map(([name, table]) => [name, withoutStatistics(table)] as const),
    texts: {
      logical: formatLogical(planned.optimized),
      physical: formatPhysical(planned.physical),
      stages: formatStages(graph),
      dot: toDot(graph),
      estimate,
    },
    ...how,
  };
}

export function snapshotOf(plan: StoredPlan): CatalogSnapshot {
  return new Map(plan.tables);
}

/** What dealing slices to tasks needs, and no more: tables may have very many files. */
function withoutStatistics(table: Table): Table {
  const files = table.files.map(({ rowGroups, ...file }) => {
    const groups = rowGroups?.map((group) => ({ rows: group.rows, bytes: group.bytes }));
    return { ...file, ...(groups && { rowGroups: groups }) };
  });
  return { ...table, files, statistics: { ...table.statistics, columns: [] } };
}

const planKey = (queryId: string) => `q/${queryId}/plan.json.gz`;
const handOverKey = (queryId: string) => `q/${queryId}/handover.json.gz`;

/** Gives the plan that counts: the first that was written, since another scheduler may already have driven its stages. */
export async function writePlan(objects: ObjectStore, queryId: string, plan: StoredPlan): Promise<StoredPlan> {
  try {
    await objects.put(planKey(queryId), gzipSync(JSON.stringify(plan), { level: 3 }), { ifAbsent: true });
    return plan;
  } catch (thrown) {
    if (QueryError.from(thrown).code !== "duplicate") throw thrown;
    return (await readPlan(objects, queryId))!;
  }
}

/** Undefined when the query has not been planned. */
export function readPlan(objects: ObjectStore, queryId: string): Promise<StoredPlan | undefined> {
  return readJson<StoredPlan>(objects, planKey(queryId));
}

/** What a scheduler knows of attempts under way: nothing of it is needed, but without it they are all started again. */
export interface HandOver {
  readonly stages: readonly StageState[];
  /** Attempts that have not reported what they used. */
  readonly open: readonly StartedAttempt[];
}

export function writeHandOver(objects: ObjectStore, queryId: string, { stages, open }: HandOver): Promise<unknown> {
  const bare = stages.map(({ tasks, ...stage }) => ({ ...stage, tasks: tasks.map(({ win: _, ...task }) => task) }));
  return objects.put(handOverKey(queryId), gzipSync(JSON.stringify({ stages: bare, open }), { level: 3 }));
}

export function readHandOver(objects: ObjectStore, queryId: string): Promise<HandOver | undefined> {
  return readJson<HandOver>(objects, handOverKey(queryId));
}

async function readJson<T>(objects: ObjectStore, key: string): Promise<T | undefined> {
  try {
    return JSON.parse(gunzipSync(await objects.get(key)).toString()) as T;
  } catch (thrown) {
    const error = QueryError.from(thrown);
    // Without the permission to list a bucket, S3 does not say that an object is not there.
    if (error.code === "not_found" || error.code === "unauthorized") return undefined;
    throw error;
  }
}
