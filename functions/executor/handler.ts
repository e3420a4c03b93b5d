/** The executor function: runs one task of a query, or hands many on. */
import { tmpdir } from "node:os";
import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import type { Context } from "aws-lambda";
import { makeClients } from "../../lib/aws/clients.ts";
import { DynamoStateStore } from "../../lib/aws/dynamo-state-store.ts";
import { readEnvironment } from "../../lib/aws/environment.ts";
import { executorMemoryBytes } from "../../lib/aws/executor-memory.ts";
import { LambdaInvoker } from "../../lib/aws/lambda-invoker.ts";
import { S3Store } from "../../lib/aws/s3-store.ts";
import { UsageClock } from "../../lib/aws/usage-clock.ts";
import { LinearMemory } from "../../lib/kernels/memory.ts";
import type { ExecutorEvent } from "../../lib/service/executor-event.ts";
import { runTasks, type TaskOutcome } from "../../lib/service/run-tasks.ts";

const environment = readEnvironment();
const clients = makeClients();
const logger = new Logger({ serviceName: "volley-executor" });
const metrics = new Metrics({ namespace: "Volley", serviceName: "executor" });
const clock = new UsageClock(clients.meter, environment.memoryMb);
const objects = new S3Store(clients.s3, { bucket: environment.bucket });
const { dataBuckets } = environment;
const ports = {
  state: new DynamoStateStore(clients.dynamo, environment.table),
  objects,
  tables: new S3Store(clients.s3, { ...(dataBuckets && { allowedBuckets: dataBuckets }) }),
  invoker: new LambdaInvoker(clients.lambda, { executors: environment.executors.map(({ name }) => name), objects }),
  memory: new LinearMemory({ limitBytes: executorMemoryBytes(environment.memoryMb) }),
  spillDirectory: tmpdir(),
  usage: () => clock.usage(),
};

export async function handler(event: ExecutorEvent, context: Context): Promise<void> {
  clock.start();
  const remainingMs = () => context.getRemainingTimeInMillis();
  try {
    for (const outcome of await runTasks(event, ports, { remainingMs, watchMs: environment.heartbeatMs }))
      report(outcome);
  } finally {
    metrics.publishStoredMetrics();
  }
}

function report({ result, error, ...task }: TaskOutcome): void {
  const { elapsedMs, rows, bytes, memoryPeakBytes } = result ?? {};
  logger.info("task", { ...task, elapsedMs, rows, bytes, memoryPeakBytes, ...(error && { error: error.toJSON() }) });
  metrics.addMetric(`Tasks_${task.outcome}`, MetricUnit.Count, 1);
  if (elapsedMs !== undefined) metrics.addMetric("TaskDuration", MetricUnit.Milliseconds, elapsedMs);
  if (memoryPeakBytes !== undefined) metrics.addMetric("TaskMemoryPeak", MetricUnit.Bytes, memoryPeakBytes);
}
