/** QueryService over a session of this process: what `volley serve` and the tests of the HTTP API run on. */
import { createHash } from "node:crypto";
import type { Field } from "../arrow/types.ts";
import { estimateQuery } from "../bill/estimate.ts";
import { costOf, noUsage } from "../bill/usage.ts";
import { QueryError } from "../errors.ts";
import { sum } from "../explain/account.ts";
import { toDot } from "../explain/graph.ts";
import { formatStages } from "../explain/stages.ts";
import { formatLogical } from "../logical/format.ts";
import { formatPhysical } from "../physical/format.ts";
import type { QueryState, StageState } from "../scheduler/state.ts";
import { describeTables } from "../session/describe-tables.ts";
import type { QueryHandle } from "../session/query-handle.ts";
import type { SessionContext } from "../session/session.ts";
import { parse } from "../sql/parse.ts";
import { bytesReadSoFar, tooManyBytes } from "./limits.ts";
import { newQueryId } from "./query-id.ts";
import type {
  QueryInfo,
  QueryPlanTexts,
  QueryService,
  QueryStatus,
  ResultColumnInfo,
  ResultSlice,
  SubmitRequest,
  TableInfo,
  TaskInfo,
} from "./query-service.ts";
import { hasEnded } from "./query-store.ts";
import { refuseLocal } from "./refuse-local.ts";
import { SegmentStore } from "./segment-store.ts";
import { stageProgress } from "./stage-progress.ts";

export interface EmbeddedServiceOptions {
  /** Queries that have ended are forgotten, their answers with them, when so many newer ones have ended. */
  readonly keptMax?: number;
  /** … or after so long. */
  readonly keptMs?: number;
  /** Queries that run at once; further ones wait. */
  readonly runningMax?: number;
}

/** A query and what is known of it. */
interface Entry {
  info: QueryInfo;
  handle?: QueryHandle;
  /** The scheduler's last. */
  state?: QueryState;
  readonly request: SubmitRequest;
  readonly abort: AbortController;
  /** Resolves when the query has ended, well or not. */
  readonly ended: Promise<void>;
}

export class EmbeddedQueryService implements QueryService {
  readonly segments: SegmentStore;
  readonly #session: SessionContext;
  readonly #keptMax: number;
  readonly #keptMs: number;
  readonly #runningMax: number;
  /** In the order of submission. */
  readonly #entries = new Map<string, Entry>();
  readonly #keys = new Map<string, { readonly id: string; readonly digest: string }>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(session: SessionContext, options: EmbeddedServiceOptions = {}) {
    this.#session = session;
    this.segments = new SegmentStore({ objects: session.cluster.objects });
    this.#keptMax = options.keptMax ?? 1000;
    this.#keptMs = options.keptMs ?? 3_600_000;
    this.#runningMax = options.runningMax ?? 16;
  }

  async submit(request: SubmitRequest): Promise<QueryInfo> {
    const statements = await parse(request.sql);
    if (statements.length === 0) throw new QueryError("syntax", "there is no statement");
    if (statements.length > 1)
      throw new QueryError("unsupported", "more than one statement in a query is not supported");
    refuseLocal(statements[0]!);
    const { tenant, idempotencyKey } = request;
    const key = idempotencyKey && JSON.stringify([tenant, idempotencyKey]);
    const digest = digestOf(request);
    const known = key ? this.#keys.get(key) : undefined;
    if (known) {
      const entry = this.#entries.get(known.id);
      if (entry && known.digest !== digest) throw reusedKey(idempotencyKey!);
      if (entry) return entry.info;
    }
    this.#forget();
    const id = newQueryId();
    const start = Promise.withResolvers<void>();
    const entry: Entry = {
      request,
      abort: new AbortController(),
      ended: start.promise.then(() => this.#run(entry)),
      info: {
        id,
        tenant,
        sql: request.sql,
        ...(request.tags && { tags: request.tags }),
        status: "queued",
        submittedMs: Date.now(),
        stages: [],
        usage: noUsage,
        cost: costOf(noUsage),
        bill: { final: true, unreported: 0, estimated: noUsage },
      },
    };
    this.#entries.set(id, entry);
    if (key) this.#keys.set(key, { id, digest });
    start.resolve();
    return entry.info;
  }

  async get(tenant: string, id: string, options: { readonly waitMs?: number } = {}): Promise<QueryInfo | undefined> {
    const entry = this.#entry(tenant, id);
    if (!entry) return undefined;
    const { waitMs = 0 } = options;
    if (waitMs > 0 && !hasEnded(entry.info)) await endedWithin(entry, waitMs);
    return entry.info;
  }

  async list(
    tenant: string,
    options: { readonly limit?: number; readonly status?: QueryStatus } = {},
  ): Promise<readonly QueryInfo[]> {
    const { limit = 100, status } = options;
    return [...this.#entries.values()]
      .reverse()
      .map(({ info }) => info)
      .filter((info) => info.tenant === tenant && (!status || info.status === status))
      .slice(0, limit);
  }

  async cancel(tenant: string, id: string): Promise<QueryInfo | undefined> {
    const entry = this.#entry(tenant, id);
    if (!entry) return undefined;
    if (!hasEnded(entry.info)) {
      entry.abort.abort(new QueryError("cancelled", "the query was cancelled"));
      await entry.ended;
    }
    return entry.info;
  }

  async plan(tenant: string, id: string): Promise<QueryPlanTexts | undefined> {
    const planned = this.#entry(tenant, id)?.handle?.planned;
    return (
      planned && {
        logical: formatLogical(planned.optimized),
        physical: formatPhysical(planned.physical),
        stages: formatStages(planned.graph),
        dot: toDot(planned.graph),
        estimate: estimateQuery(planned.graph, planned.snapshot),
      }
    );
  }

  async tasks(tenant: string, id: string): Promise<readonly TaskInfo[] | undefined> {
    const entry = this.#entry(tenant, id);
    return entry && (entry.state?.stages ?? []).flatMap(tasksOf);
  }

  async results(tenant: string, id: string): Promise<readonly ResultSlice[]> {
    const entry = this.#entry(tenant, id);
    if (!entry) throw new QueryError("not_found", `there is no query ${id}`);
    const { error, status } = entry.info;
    if (error) throw QueryError.fromJSON(error);
    if (status !== "finished") throw new QueryError("not_found", `the query ${id} is still ${status}`);
    const slices = await entry.handle!.slices();
    return slices.map((slice) => ({
      rows: slice.rows,
      bytes: slice.bytes,
      read: (range) => slice.read(range),
      link: async () => undefined,
    }));
  }

  async tables(_tenant: string): Promise<readonly TableInfo[]> {
    const tables = await describeTables(this.#session);
    return tables.map(({ schema, name, fields }) => ({ schema, name, columns: columnsOf(fields) }));
  }

  #entry(tenant: string, id: string): Entry | undefined {
    const entry = this.#entries.get(id);
    return entry?.info.tenant === tenant ? entry : undefined;
  }

  /** Never rejects: how it went is in the entry. */
  async #run(entry: Entry): Promise<void> {
    const { signal } = entry.abort;
    try {
      await this.#turn();
      try {
        signal.throwIfAborted();
        await this.#execute(entry);
      } finally {
        this.#running--;
        this.#waiting.shift()?.();
      }
    } catch (thrown) {
      const error = signal.aborted ? QueryError.from(signal.reason) : QueryError.from(thrown);
      const status = error.code === "cancelled" ? "cancelled" : "failed";
      this.#update(entry, { status, error: error.toJSON(), finishedMs: Date.now() });
    }
  }

  async #turn(): Promise<void> {
    while (this.#running >= this.#runningMax) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
  }

  async #execute(entry: Entry): Promise<void> {
    const { sql, parameters, maxBytes } = entry.request;
    const { signal } = entry.abort;
    this.#update(entry, { status: "planning", startedMs: Date.now() });
    const handle = await this.#session.sql(sql, { signal, ...(parameters && { parameters }) });
    entry.handle = handle;
    const { bytesLeast } = estimateQuery(handle.planned.graph, handle.planned.snapshot);
    if (maxBytes !== undefined && bytesLeast > maxBytes) throw tooManyBytes(maxBytes, bytesLeast);
    this.#update(entry, { status: "running", columns: columnsOf(handle.schema().fields) });
    handle.onState((state) => {
      if (hasEnded(entry.info)) return;
      entry.state = state;
      this.#update(entry, { stages: state.stages.map((stage, i) => stageProgress(stage, i)) });
      if (maxBytes !== undefined && bytesReadSoFar(state) > maxBytes) entry.abort.abort(tooManyBytes(maxBytes));
    });
    const state = await handle.run();
    entry.state = state;
    if (maxBytes !== undefined && bytesReadSoFar(state) > maxBytes) throw tooManyBytes(maxBytes);
    const slices = await handle.slices();
    this.#update(entry, {
      status: "finished",
      finishedMs: Date.now(),
      stages: state.stages.map((stage, i) => stageProgress(stage, i)),
      rows: sum(slices, ({ rows }) => rows),
      resultBytes: sum(slices, ({ bytes }) => bytes),
    });
  }

  #update(entry: Entry, change: Partial<QueryInfo>): void {
    entry.info = { ...entry.info, ...change };
  }

  /** Makes room: drops what ended long ago, or before the newest keptMax. */
  #forget(): void {
    const ended = [...this.#entries.values()].filter(({ info }) => hasEnded(info));
    const oldest = Date.now() - this.#keptMs;
    for (const [i, { info }] of ended.entries()) {
      if (ended.length - i <= this.#keptMax && info.finishedMs! >= oldest) continue;
      this.#entries.delete(info.id);
      // Nobody waits for it; what is left goes with the session.
      this.segments.dropAll(info.id).catch(() => {});
    }
    for (const [key, { id }] of this.#keys) if (!this.#entries.has(id)) this.#keys.delete(key);
  }
}

/** Two requests under one idempotency key must ask the same. */
export function digestOf({ sql, parameters, maxBytes, maxCost }: SubmitRequest): string {
  const asked = JSON.stringify([sql, parameters ?? null, maxBytes ?? null, maxCost ?? null]);
  return createHash("sha256").update(asked).digest("hex");
}

function reusedKey(key: string): QueryError {
  return new QueryError("duplicate", `the idempotency key ${key} belongs to a different query`, {
    hint: "Use a new key for every new query.",
  });
}

async function endedWithin({ ended }: Entry, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([ended, promise]);
  clearTimeout(timer);
}

function tasksOf({ tasks }: StageState, stage: number): readonly TaskInfo[] {
  return tasks.flatMap(({ win }, task) => {
    if (!win) return [];
    const { rows, bytes, elapsedMs, memoryPeakBytes } = win.result;
    return [{ stage, task, attempt: win.attempt, rows, bytes, elapsedMs, memoryPeakBytes }];
  });
}

function columnsOf(fields: readonly Field[]): readonly ResultColumnInfo[] {
  return fields.map(({ name, type, nullable }) => ({ name, type, nullable }));
}
