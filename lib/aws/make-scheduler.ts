/** Everything a scheduler function works with, made once for all its invocations. */
import { CloudCatalog } from "../catalog/cloud-catalog.ts";
import { ParquetTables } from "../catalog/parquet-table.ts";
import { LinearMemory } from "../kernels/memory.ts";
import type { SchedulerOptions, SchedulerPorts } from "../service/run-query.ts";
import type { Clients } from "./clients.ts";
import { DynamoQueryStore } from "./dynamo-query-store.ts";
import { DynamoStateStore } from "./dynamo-state-store.ts";
import type { CloudEnvironment } from "./environment.ts";
import { executorMemoryBytes, taskMemoryBytes } from "./executor-memory.ts";
import { invokeScheduler, LambdaInvoker } from "./lambda-invoker.ts";
import { makeCatalogStore } from "./make-catalog-store.ts";
import { S3Store } from "./s3-store.ts";
import { UsageClock } from "./usage-clock.ts";

export interface Scheduler {
  readonly ports: SchedulerPorts;
  readonly options: Omit<SchedulerOptions, "owner" | "remainingMs">;
  readonly clock: UsageClock;
}

/** A function reads from S3 what a local disk would give in no time: smaller pieces of work do not pay. */
const cloudSizing = {
  taskBytesMin: 8 << 20,
  taskBytesMax: 256 << 20,
  partitionRowsMin: 200_000,
  // Each task is an invocation, and asks each of its producers once.
  partitionRows: 50_000,
};

export function makeScheduler(environment: CloudEnvironment, clients: Clients, spillDirectory: string): Scheduler {
  const { table, bucket, executors, dataBuckets, memoryMb, maxBytes, maxCost } = environment;
  const objects = new S3Store(clients.s3, { bucket });
  const tables = new S3Store(clients.s3, { ...(dataBuckets && { allowedBuckets: dataBuckets }) });
  const parquet = new ParquetTables(tables);
  const names = makeCatalogStore(environment, clients);
  const clock = new UsageClock(clients.meter, memoryMb);
  let memory: LinearMemory | undefined;
  const ownMemory = () => {
    memory ??= new LinearMemory({ limitBytes: executorMemoryBytes(memoryMb) });
    return memory;
  };
  return {
    clock,
    ports: {
      clock: { now: () => Date.now() },
      rng: { next: () => Math.random() },
      queries: new DynamoQueryStore(clients.dynamo, table),
      state: new DynamoStateStore(clients.dynamo, table),
      objects,
      invoker: new LambdaInvoker(clients.lambda, { executors: executors.map(({ name }) => name), objects }),
      catalog: () => CloudCatalog.load(names, tables, parquet),
      inline: { memory: ownMemory, tables, shuffle: objects, spillDirectory },
      handOver: (queryId) => invokeScheduler(clients.lambda, environment.schedulerFunction, queryId),
      usage: () => clock.usage(),
    },
    options: {
      slots: environment.slots,
      batchRows: 8192,
      executors: executors.map((tier) => ({
        memoryMb: tier.memoryMb,
        taskMemoryBytes: taskMemoryBytes(tier.memoryMb),
      })),
      executorTimeoutMs: environment.executorTimeoutMs,
      silentMsMax: environment.heartbeatMs * 6,
      heartbeatMs: environment.heartbeatMs,
      memoryMb,
      leaseMs: environment.leaseMs,
      inlineBytesMax: environment.inlineBytesMax,
      sizing: { ...cloudSizing, ...environment.sizing },
      ...(maxBytes !== undefined && { maxBytes }),
      ...(maxCost !== undefined && { maxCost }),
    },
  };
}
