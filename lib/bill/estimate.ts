/** What a query will read and cost, before it runs: from its plan and the statistics of its tables. */
import type { CatalogSnapshot } from "../catalog/table.ts";
import { children } from "../physical/children.ts";
import type { PhysicalPlan, ScanNode } from "../physical/plan.ts";
import { scanNodes } from "../physical/scan-nodes.ts";
import type { Stage, StageGraph } from "../stages/graph.ts";
import { pruneFiles } from "../stages/prune-files.ts";
import { type ScanBytes, scanBytes } from "./scan-bytes.ts";
import { type Cost, costOf, defaultPrices, noUsage, type PriceTable, type Usage } from "./usage.ts";

export interface QueryEstimate {
  /** Of tables: what is read unless rows that are seen meanwhile spare some of it. */
  readonly bytes: number;
  /** What is read in any case. */
  readonly bytesLeast: number;
  readonly files: number;
  readonly stages: number;
  readonly tasks: number;
  /** On functions, if no attempt has to be repeated. */
  readonly usage: Usage;
  readonly cost: Cost;
  /** The part of the cost that is sure. */
  readonly costLeast: number;
  /** Whose prices, and of what day. */
  readonly prices: { readonly region: string; readonly date: string };
}

/** The functions that a query is to run on. */
export interface Deployment {
  readonly executorMemoryMb: number;
  readonly schedulerMemoryMb: number;
  /** Queries that read no more run in the scheduler. */
  readonly inlineBytesMax: number;
}

export const defaultDeployment: Deployment = {
  executorMemoryMb: 1769,
  schedulerMemoryMb: 1769,
  inlineBytesMax: 4 << 20,
};

/** What one executor reads and works through in a second; and what it never exceeds. */
const bytesPerSecond = 60e6;
const bytesPerSecondMost = 2e9;
/** Of each invocation, beside its work. */
const taskSeconds = 0.15;
const plannerSeconds = 0.4;

export function estimateQuery(
  graph: StageGraph,
  snapshot: CatalogSnapshot,
  deployment: Deployment = defaultDeployment,
  prices: PriceTable = defaultPrices,
): QueryEstimate {
  const scans = graph.stages.flatMap((stage) => scansOf(stage, snapshot));
  const sum = (of: (scan: (typeof scans)[number]) => number) => scans.reduce((n, scan) => n + of(scan), 0);
  const bytes = sum(({ read, times }) => read.most * times);
  const bytesLeast = sum(({ read, sure }) => (sure ? read.least : 0));
  const stages = graph.stages.length;
  const tasks = graph.stages.reduce((n, stage) => n + stage.tasks, 0);
  const work = {
    bytes,
    tasks,
    stages,
    requests: sum(({ read, times }) => read.requests + read.files * (times - 1)),
    slices: graph.stages.reduce((n, stage) => n + slicesRead(stage, graph), 0),
  };
  const usage = bytes <= deployment.inlineBytesMax ? inlineUsage(work, deployment) : usageOf(work, deployment);
  const cost = costOf(usage, prices);
  const leastSeconds = bytesLeast / bytesPerSecondMost;
  return {
    bytes,
    bytesLeast,
    files: sum(({ read }) => read.files),
    stages,
    tasks,
    usage,
    cost,
    costLeast: costOf({ ...noUsage, lambdaInvocations: 1, lambdaGbSeconds: leastSeconds }, prices).total,
    prices: { region: prices.region, date: prices.date },
  };
}

interface Work {
  readonly bytes: number;
  readonly tasks: number;
  readonly stages: number;
  /** For tables. */
  readonly requests: number;
  /** Pieces of exchanges that tasks fetch. */
  readonly slices: number;
}

function usageOf({ bytes, tasks, stages, requests, slices }: Work, deployment: Deployment): Usage {
  const { executorMemoryMb, schedulerMemoryMb } = deployment;
  const executorSeconds = bytes / bytesPerSecond + tasks * taskSeconds;
  const schedulerSeconds = plannerSeconds + (executorSeconds / tasks) * stages;
  return {
    ...noUsage,
    lambdaInvocations: tasks + 1,
    lambdaGbSeconds: (executorMemoryMb / 1024) * executorSeconds + (schedulerMemoryMb / 1024) * schedulerSeconds,
    s3Gets: requests + slices,
    // Objects of tasks, the plan, manifests, listings of tables.
    s3Puts: tasks + stages + 2,
    s3BytesRead: bytes,
    dynamoReadUnits: 8 + stages * 6 + tasks,
    dynamoWriteUnits: 8 + tasks * 2,
  };
}

/** Nothing is handed from function to function. */
function inlineUsage({ bytes, stages, requests, slices }: Work, { schedulerMemoryMb }: Deployment): Usage {
  return {
    ...noUsage,
    lambdaInvocations: 1,
    lambdaGbSeconds: (schedulerMemoryMb / 1024) * (plannerSeconds + bytes / bytesPerSecond),
    s3Gets: requests + slices,
    s3Puts: stages * 2 + 2,
    s3BytesRead: bytes,
    dynamoReadUnits: 8 + stages,
    dynamoWriteUnits: 8,
  };
}

/** Each scan of a stage: what it reads of the table, how often, and whether it does so whatever other operators find. */
function scansOf(
  stage: Stage,
  snapshot: CatalogSnapshot,
): readonly { readonly read: ScanBytes; readonly times: number; readonly sure: boolean }[] {
  const sure = new Set(sureScans(stage.plan));
  return scanNodes(stage.plan).flatMap((scan, i) => {
    const table = snapshot.get(scan.table);
    if (!table) return [];
    return [
      {
        read: scanBytes(scan, pruneFiles(table, scan)),
        times: stage.replicated[i] ? stage.tasks : 1,
        sure: sure.has(scan),
      },
    ];
  });
}

/** Scans that are read to their end: below a LIMIT they may not be, and the probe side of a join may find nothing to join. */
function sureScans(plan: PhysicalPlan): readonly ScanNode[] {
  if (plan.kind === "scan") return [plan];
  if (plan.kind === "limit") return [];
  if (plan.kind === "hash_join" || plan.kind === "nested_loop_join") return sureScans(plan.build);
  return children(plan).flatMap(sureScans);
}

function slicesRead(stage: Stage, graph: StageGraph): number {
  return stage.inputs.reduce((n, input) => n + graph.stages[input]!.tasks * stage.tasks, 0);
}
