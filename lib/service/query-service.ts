/**
 * The port between the HTTP protocols and whatever answers queries: the cloud (functions over DynamoDB and S3) or an
 * embedded session. lib/api serves the native API and the Trino protocol over it and knows nothing else.
 */
import type { DataType } from "../arrow/types.ts";
import type { QueryEstimate } from "../bill/estimate.ts";
import type { Cost, Usage } from "../bill/usage.ts";
import type { QueryErrorJson } from "../errors.ts";
import type { LiteralExpr } from "../expr/expr.ts";

export interface SubmitRequest {
  readonly sql: string;
  /** Values of $1, $2, … or of named parameters. */
  readonly parameters?: readonly LiteralExpr[] | Readonly<Record<string, LiteralExpr>>;
  /** The query fails with code `limit_exceeded` before it reads more than so many bytes of tables … */
  readonly maxBytes?: number;
  /** … or when its estimate or its cost so far passes so many US dollars. */
  readonly maxCost?: number;
  /** The same key from the same tenant within a day gives the same query. */
  readonly idempotencyKey?: string;
  /** The caller's own words for what the query belongs to. */
  readonly tags?: readonly string[];
  /** Who asks, from the authorizer; queries of other tenants do not exist for it. */
  readonly tenant: string;
}

export type QueryStatus = "queued" | "planning" | "running" | "finished" | "failed" | "cancelled";

export interface StageProgress {
  readonly stage: number;
  readonly tasks: number;
  readonly running: number;
  readonly done: number;
  /** Attempts beyond one a task. */
  readonly retries: number;
  readonly rows: number;
  readonly bytes: number;
  /** Of its attempts so far; absent where nothing is billed. */
  readonly usage?: Usage;
  readonly cost?: Cost;
}

/** A task that is done, by the attempt that won. */
export interface TaskInfo {
  readonly stage: number;
  readonly task: number;
  readonly attempt: number;
  readonly rows: number;
  readonly bytes: number;
  readonly elapsedMs: number;
  readonly memoryPeakBytes: number;
  readonly usage?: Usage;
  readonly cost?: Cost;
}

/** How far a query's use is known. */
export interface BillInfo {
  /** Whether nothing can be added any more. */
  readonly final: boolean;
  /** Attempts and schedulers that died without a report … */
  readonly unreported: number;
  /** … and what was put into the query's use for them: at most what they can have used. */
  readonly estimated: Usage;
}

export interface ResultColumnInfo {
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
}

export interface QueryInfo {
  readonly id: string;
  readonly tenant: string;
  readonly sql: string;
  readonly tags?: readonly string[];
  readonly status: QueryStatus;
  readonly submittedMs: number;
  readonly startedMs?: number;
  readonly finishedMs?: number;
  /** Once planned. */
  readonly columns?: readonly ResultColumnInfo[];
  readonly stages: readonly StageProgress[];
  /** Once finished: rows of the answer. */
  readonly rows?: number;
  /** Bytes of the answer as Arrow. */
  readonly resultBytes?: number;
  readonly usage: Usage;
  readonly cost: Cost;
  readonly bill: BillInfo;
  readonly error?: QueryErrorJson;
}

/** [from, to) */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** One Arrow IPC stream of the answer; the answer is their rows in order. */
export interface ResultSlice {
  readonly rows: number;
  readonly bytes: number;
  /** All of it, checked against its checksum, or some bytes. */
  read(range?: ByteRange): Promise<Uint8Array>;
  /** A link that anyone holding it can fetch for a while; undefined where there are no such links. */
  link(expiresSeconds: number): Promise<string | undefined>;
}

export interface QueryPlanTexts {
  readonly logical: string;
  readonly physical: string;
  readonly stages: string;
  readonly dot: string;
  readonly estimate: QueryEstimate;
}

export interface TableInfo {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly ResultColumnInfo[];
}

/** A piece of an answer in a form that a protocol gives it, kept for a while for whoever holds its link. */
export interface Segment {
  /** Nobody guesses it. */
  readonly token: string;
  /** Where it can be fetched without asking the API; absent where there are no such links. */
  readonly url?: string;
  readonly expiresMs: number;
}

export interface SegmentService {
  put(queryId: string, bytes: Uint8Array): Promise<Segment>;
  /** One without a link. @throws QueryError not_found when it is not kept (any more) */
  get(token: string): Promise<Uint8Array>;
  /** Its client has it; nothing happens when it is not there. */
  drop(token: string): Promise<void>;
}

export interface QueryService {
  readonly segments: SegmentService;
  /** Accepts a query. @throws QueryError for what can be told at once (syntax, limits, a reused idempotency key) */
  submit(request: SubmitRequest): Promise<QueryInfo>;
  /** Undefined when there is no such query. Waits up to waitMs for the query to end. */
  get(tenant: string, id: string, options?: { readonly waitMs?: number }): Promise<QueryInfo | undefined>;
  /** Newest first. */
  list(
    tenant: string,
    options?: { readonly limit?: number; readonly status?: QueryStatus },
  ): Promise<readonly QueryInfo[]>;
  /** Asks a query to stop; one that has ended stays as it is. Undefined when there is none. */
  cancel(tenant: string, id: string): Promise<QueryInfo | undefined>;
  plan(tenant: string, id: string): Promise<QueryPlanTexts | undefined>;
  /** What the tasks of finished stages did, in order. Undefined when there is no such query. */
  tasks(tenant: string, id: string): Promise<readonly TaskInfo[] | undefined>;
  /** The slices of a finished query's answer. @throws QueryError the query's own error, or not_found */
  results(tenant: string, id: string): Promise<readonly ResultSlice[]>;
  tables(tenant: string): Promise<readonly TableInfo[]>;
}
