/**
 * The port under the cloud's query service: one record per query, written by the API when it is accepted and by the
 * scheduler that holds its lease while it runs.
 */

import { noUsage, type Usage } from "../bill/usage.ts";
import type { QueryErrorJson } from "../errors.ts";
import type { Lease } from "../scheduler/ports.ts";
import type { QueryStatus, ResultColumnInfo, StageProgress, SubmitRequest } from "./query-service.ts";

/** What was asked for: never changes. */
export interface QueryRequest extends Omit<SubmitRequest, "idempotencyKey"> {
  readonly id: string;
  readonly submittedMs: number;
}

/** What became of it so far: replaced as a whole by the holder of the lease. */
export interface QueryProgress {
  readonly status: QueryStatus;
  readonly startedMs?: number;
  readonly finishedMs?: number;
  readonly columns?: readonly ResultColumnInfo[];
  readonly stages: readonly StageProgress[];
  readonly rows?: number;
  readonly resultBytes?: number;
  readonly usage: Usage;
  /** The part of it that is an estimate: of attempts and schedulers that died. */
  readonly estimated: Usage;
  /** How many did not report. */
  readonly unreported: number;
  /** What the API and the schedulers used, their invocations aside: attempts report theirs with their records. */
  readonly ownUsage: Usage;
  /** Schedulers that died, and what they can have used since they last wrote: estimated, at most. */
  readonly died?: { readonly schedulers: number; readonly usage: Usage };
  /** Absent while attempts may still report. */
  readonly billed?: boolean;
  /** When it was written last, by the scheduler's clock. */
  readonly writtenMs?: number;
  /** Its last scheduler left it on purpose, to another. */
  readonly handedOver?: boolean;
  readonly error?: QueryErrorJson;
  /** Key of the manifest of the last stage, once finished. */
  readonly resultKey?: string;
}

export interface QueryRecord {
  readonly request: QueryRequest;
  readonly progress: QueryProgress;
  readonly cancelRequested: boolean;
  /** Who drives it, or drove it last. */
  readonly lease?: Lease;
  /** What schedulers used that found it in other hands; no part of `progress`. */
  readonly strayUsage: Usage;
}

/** Before anything was done for it. */
export const queuedProgress: QueryProgress = {
  status: "queued",
  stages: [],
  usage: noUsage,
  ownUsage: noUsage,
  estimated: noUsage,
  unreported: 0,
};

export interface QueryStore {
  /**
   * Accepts a query. With an idempotency key that its tenant used within the last day, gives that query instead.
   * @throws QueryError duplicate when the key was used for another text or other parameters
   */
  create(
    request: QueryRequest,
    progress: QueryProgress,
    idempotencyKey?: string,
  ): Promise<{ readonly record: QueryRecord; readonly created: boolean }>;
  /** A consistent read. */
  get(id: string): Promise<QueryRecord | undefined>;
  /** A tenant's queries, newest first. */
  list(
    tenant: string,
    options: { readonly limit: number; readonly status?: QueryStatus },
  ): Promise<readonly QueryRecord[]>;
  /** Marks a query that has not ended; its scheduler sees the mark when it next writes. */
  requestCancel(id: string): Promise<void>;
  /**
   * Writes progress under the lease; its usage then includes this write.
   * @throws QueryError cancelled when another scheduler took the query over
   */
  update(id: string, lease: Lease, progress: QueryProgress): Promise<{ readonly cancelRequested: boolean }>;
  /** By a scheduler that does not hold the lease; `usage` then includes this write. */
  addStrayUsage(id: string, usage: Usage): Promise<void>;
}

const endStates: ReadonlySet<QueryStatus> = new Set(["finished", "failed", "cancelled"]);

export function hasEnded({ status }: { readonly status: QueryStatus }): boolean {
  return endStates.has(status);
}

/** What an idempotency key stands for: the same key with anything else is a mistake of the caller. */
export function requestFingerprint({ sql, parameters, maxBytes, maxCost }: QueryRequest): string {
  return JSON.stringify([sql, parameters ?? null, maxBytes ?? null, maxCost ?? null]);
}
