/** What a query will read and cost, before it runs: from its plan and the statistics of its tables. Rough, and never low on bytes. */
import type { CatalogSnapshot } from "../catalog/table.ts";
import { scanNodes } from "../physical/scan-nodes.ts";
import type { StageGraph } from "../stages/graph.ts";
import { type Cost, costOf, noUsage, type PriceTable } from "./usage.ts";

export interface QueryEstimate {
  /** Of tables, before pruning. */
  readonly bytes: number;
  readonly tasks: number;
  readonly cost: Cost;
}

/** What one executor reads and works through in a second. */
const bytesPerSecond = 60e6;
const startSeconds = 0.2;
const requestBytes = 8 << 20;

export function estimateQuery(
  graph: StageGraph,
  snapshot: CatalogSnapshot,
  executorMemoryMb: number,
  prices?: PriceTable,
): QueryEstimate {
  let bytes = 0;
  for (const stage of graph.stages) {
    for (const [i, scan] of scanNodes(stage.plan).entries()) {
      const table = snapshot.get(scan.table);
      if (!table) continue;
      const share = table.format === "csv" ? 1 : scan.columns.length / Math.max(1, table.schema.fields.length);
      bytes += table.statistics.bytes * Math.min(1, share) * (stage.replicated[i] ? stage.tasks : 1);
    }
  }
  const tasks = graph.stages.reduce((sum, stage) => sum + stage.tasks, 0);
  const exchanges = graph.stages.reduce((sum, stage) => {
    const producers = stage.inputs.reduce((n, input) => n + graph.stages[input]!.tasks, 0);
    return sum + producers * stage.tasks;
  }, 0);
  const usage = {
    ...noUsage,
    lambdaInvocations: tasks + 1,
    lambdaGbSeconds: (executorMemoryMb / 1024) * (bytes / bytesPerSecond + tasks * startSeconds),
    s3Gets: Math.ceil(bytes / requestBytes) + tasks + exchanges,
    s3Puts: tasks + graph.stages.length,
    dynamoReadUnits: tasks + 20,
    dynamoWriteUnits: tasks * 2 + 10,
  };
  return { bytes: Math.ceil(bytes), tasks, cost: costOf(usage, prices) };
}
