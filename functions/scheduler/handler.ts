/** The scheduler function: plans one query and drives it to its end, or to the next scheduler. */
import { tmpdir } from "node:os";
import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import type { Context } from "aws-lambda";
import { makeClients } from "../../lib/aws/clients.ts";
import { readEnvironment } from "../../lib/aws/environment.ts";
import { makeScheduler } from "../../lib/aws/make-scheduler.ts";
import { runQuery } from "../../lib/service/run-query.ts";

const environment = readEnvironment();
const clients = makeClients();
const scheduler = makeScheduler(environment, clients, tmpdir());
const logger = new Logger({ serviceName: "volley-scheduler" });
const metrics = new Metrics({ namespace: "Volley", serviceName: "scheduler" });

export async function handler({ queryId }: { readonly queryId: string }, context: Context): Promise<void> {
  scheduler.clock.start();
  const start = performance.now();
  const remainingMs = () => context.getRemainingTimeInMillis();
  const options = { ...scheduler.options, owner: context.awsRequestId, remainingMs };
  try {
    const outcome = await runQuery(queryId, scheduler.ports, options);
    const elapsedMs = performance.now() - start;
    logger.info("query", { queryId, outcome, elapsedMs });
    metrics.addMetric(`Queries_${outcome}`, MetricUnit.Count, 1);
    if (outcome === "ended") metrics.addMetric("QueryDuration", MetricUnit.Milliseconds, elapsedMs);
  } catch (error) {
    // Lambda starts another one; which query it was stands here only.
    logger.error("scheduler failed", { queryId, error: error as Error });
    throw error;
  } finally {
    metrics.publishStoredMetrics();
  }
}
