/** QueryService over a deployment: it accepts, looks up and fetches; planning and running is the schedulers' work. */
import { addUsage, costOf, type PriceTable } from "../bill/usage.ts";
import type { CloudCatalog } from "../catalog/cloud-catalog.ts";
import { QueryError } from "../errors.ts";
import { type Manifest, manifestKey } from "../scheduler/make-task.ts";
import type { Win } from "../scheduler/ports.ts";
import { readSlice, readSlicePart } from "../shuffle/reader.ts";
import { parse } from "../sql/parse.ts";
import type { PartitionSlice } from "../stages/graph.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { newQueryId } from "./query-id.ts";
import type {
  QueryInfo,
  QueryPlanTexts,
  QueryService,
  QueryStatus,
  ResultColumnInfo,
  ResultSlice,
  SegmentService,
  SubmitRequest,
  TableInfo,
  TaskInfo,
} from "./query-service.ts";
import { hasEnded, type QueryRecord, type QueryStore, queuedProgress } from "./query-store.ts";
import { SegmentStore } from "./segment-store.ts";
import { readPlan } from "./stored-plan.ts";

export interface CloudServicePorts {
  readonly queries: QueryStore;
  readonly objects: ObjectStore;
  readonly catalog: () => Promise<CloudCatalog>;
  readonly startScheduler: (queryId: string) => Promise<void>;
  /** A link to a whole object that works for a while; absent where there is none. */
  readonly link?: (key: string, seconds: number) => Promise<string>;
  readonly now?: () => number;
  /** A query that nobody drives is given to a scheduler again after so long. */
  readonly graceMs?: number;
  readonly prices?: PriceTable;
}

const graceMsDefault = 5000;
const pollMsMin = 20;
const pollMsMax = 500;

export class CloudQueryService implements QueryService {
  readonly segments: SegmentService;
  readonly #ports: CloudServicePorts;
  readonly #now: () => number;
  /** When this process last started a scheduler for a query, that it should not do it at every look. */
  readonly #started = new Map<string, number>();

  constructor(ports: CloudServicePorts) {
    this.#ports = ports;
    this.#now = ports.now ?? Date.now;
    this.segments = new SegmentStore(ports);
  }

  async submit(request: SubmitRequest): Promise<QueryInfo> {
    const statements = await parse(request.sql);
    if (statements.length === 0) throw new QueryError("syntax", "there is no statement");
    if (statements.length > 1) {
      throw new QueryError("unsupported", "more than one statement in a query is not supported");
    }
    const { idempotencyKey, ...asked } = request;
    const { record, created } = await this.#ports.queries.create(
      { ...asked, id: newQueryId(), submittedMs: this.#now() },
      queuedProgress,
      idempotencyKey,
    );
    if (created) await this.#start(record.request.id);
    else await this.#revive(record);
    return this.#infoOf(record);
  }

  async get(tenant: string, id: string, options: { readonly waitMs?: number } = {}): Promise<QueryInfo | undefined> {
    const until = this.#now() + (options.waitMs ?? 0);
    for (let pause = pollMsMin; ; pause = Math.min(pollMsMax, pause * 1.5)) {
      const record = await this.#record(tenant, id);
      if (!record) return undefined;
      const left = until - this.#now();
      if (hasEnded(record.progress) || left <= 0) return this.#infoOf(record);
      await this.#revive(record);
      await new Promise((resolve) => setTimeout(resolve, Math.min(left, pause)));
    }
  }

  async list(
    tenant: string,
    options: { readonly limit?: number; readonly status?: QueryStatus } = {},
  ): Promise<readonly QueryInfo[]> {
    const { limit = 100, status } = options;
    const records = await this.#ports.queries.list(tenant, { limit, ...(status && { status }) });
    return records.map((record) => this.#infoOf(record));
  }

  async cancel(tenant: string, id: string): Promise<QueryInfo | undefined> {
    const record = await this.#record(tenant, id);
    if (!record) return undefined;
    if (hasEnded(record.progress)) return this.#infoOf(record);
    await this.#ports.queries.requestCancel(id);
    await this.#revive(record);
    return this.get(tenant, id, { waitMs: 3000 });
  }

  async plan(tenant: string, id: string): Promise<QueryPlanTexts | undefined> {
    const record = await this.#record(tenant, id);
    return record && (await readPlan(this.#ports.objects, id))?.texts;
  }

  async tasks(tenant: string, id: string): Promise<readonly TaskInfo[] | undefined> {
    const record = await this.#record(tenant, id);
    if (!record) return undefined;
    const { progress } = record;
    // The manifest of a stage has the records of its winners.
    const done = progress.stages.filter((stage) => stage.tasks > 0 && stage.done === stage.tasks);
    const manifests = await Promise.all(done.map(({ stage }) => this.#manifest(manifestKey(id, stage, 0))));
    return manifests.flatMap((manifest) =>
      (manifest?.winners ?? []).map((win, task) => taskInfo(manifest!.stage, task, win, this.#ports.prices)),
    );
  }

  async results(tenant: string, id: string): Promise<readonly ResultSlice[]> {
    const record = await this.#record(tenant, id);
    if (!record) throw new QueryError("not_found", `there is no query ${id}`);
    const { status, error, resultKey } = record.progress;
    if (error) throw QueryError.fromJSON(error);
    if (!resultKey) throw new QueryError("not_found", `the query ${id} is still ${status}`);
    const bytes = await this.#ports.objects.get(resultKey).catch((thrown) => {
      throw expired(id, thrown);
    });
    const { winners } = JSON.parse(new TextDecoder().decode(bytes)) as Manifest;
    const slices = winners.flatMap(({ result }) => result.partitions.map((slice) => ({ ...slice, key: result.key })));
    return slices.filter(({ rows }) => rows > 0).map((slice) => this.#sliceOf(id, slice));
  }

  async tables(_tenant: string): Promise<readonly TableInfo[]> {
    const catalog = await this.#ports.catalog();
    const tables = catalog.definitions.tables.map(async ({ schema, name, columns }): Promise<TableInfo> => {
      if (columns) return { schema, name, columns };
      // Not known since its registration: its files tell, where the API may read them.
      const table = await catalog.table([schema, name]).catch(() => undefined);
      return { schema, name, columns: columnsOf(table?.schema.fields ?? []) };
    });
    const views = catalog.definitions.views.map(
      ({ schema, name, columns = [] }): TableInfo => ({ schema, name, columns }),
    );
    return [...(await Promise.all(tables)), ...views];
  }

  async #manifest(key: string): Promise<Manifest | undefined> {
    try {
      return JSON.parse(new TextDecoder().decode(await this.#ports.objects.get(key))) as Manifest;
    } catch (thrown) {
      // All tasks are done, and the manifest comes next; or it is not kept any more.
      if (QueryError.from(thrown).code === "not_found") return undefined;
      throw thrown;
    }
  }

  #sliceOf(id: string, slice: PartitionSlice): ResultSlice {
    const { objects, link } = this.#ports;
    return {
      rows: slice.rows,
      bytes: slice.length,
      read: (range) =>
        (range ? readSlicePart(objects, slice, range) : readSlice(objects, slice)).catch((thrown) => {
          throw expired(id, thrown);
        }),
      // The last stage's tasks write one partition: it is all of their object, unless it lies in the record.
      link: async (seconds) => (slice.inline === undefined ? link?.(slice.key, seconds) : undefined),
    };
  }

  async #record(tenant: string, id: string): Promise<QueryRecord | undefined> {
    const record = await this.#ports.queries.get(id);
    return record?.request.tenant === tenant ? record : undefined;
  }

  /** A query whose scheduler died, or was never started, gets another one as soon as somebody asks for it. */
  async #revive({ request, progress, lease }: QueryRecord): Promise<void> {
    if (hasEnded(progress)) return;
    const aliveUntil = lease?.untilMs ?? request.submittedMs;
    const { graceMs = graceMsDefault } = this.#ports;
    const last = Math.max(aliveUntil, this.#started.get(request.id) ?? 0);
    // It may just wait for its turn: each further attempt comes twice as late, or waiting queries would fill the queue.
    if (this.#now() < last + Math.max(graceMs, last - aliveUntil)) return;
    await this.#start(request.id);
  }

  async #start(id: string): Promise<void> {
    if (this.#started.size > 10_000) this.#started.clear();
    this.#started.set(id, this.#now());
    try {
      await this.#ports.startScheduler(id);
    } catch (thrown) {
      // The query is accepted all the same: it waits, and whoever asks for it starts it anew.
      if (QueryError.from(thrown).code !== "throttled") throw thrown;
    }
  }

  #infoOf({ request, progress, strayUsage }: QueryRecord): QueryInfo {
    const { prices } = this.#ports;
    const { id, tenant, sql, tags, submittedMs } = request;
    const { status, startedMs, finishedMs, columns, rows, resultBytes, error } = progress;
    const { estimated, unreported, billed = false } = progress;
    const usage = addUsage(progress.usage, strayUsage);
    return {
      ...{ id, tenant, sql, submittedMs, status },
      ...(tags && { tags }),
      ...(startedMs !== undefined && { startedMs }),
      ...(finishedMs !== undefined && { finishedMs }),
      ...(columns && { columns }),
      ...(rows !== undefined && { rows }),
      ...(resultBytes !== undefined && { resultBytes }),
      ...(error && { error }),
      stages: progress.stages.map((stage) => (stage.usage ? { ...stage, cost: costOf(stage.usage, prices) } : stage)),
      usage,
      cost: costOf(usage, prices),
      bill: { final: billed, unreported, estimated },
    };
  }
}

function taskInfo(stage: number, task: number, { attempt, result }: Win, prices: PriceTable | undefined): TaskInfo {
  const { rows, bytes, elapsedMs, memoryPeakBytes, usage } = result;
  const cost = usage && { usage, cost: costOf(usage, prices) };
  return { stage, task, attempt, rows, bytes, elapsedMs, memoryPeakBytes, ...cost };
}

function columnsOf(fields: readonly ResultColumnInfo[]): readonly ResultColumnInfo[] {
  return fields.map(({ name, type, nullable }) => ({ name, type, nullable }));
}

function expired(id: string, thrown: unknown): QueryError {
  const error = QueryError.from(thrown);
  if (error.code !== "not_found") return error;
  return new QueryError("not_found", `the answer of query ${id} is not kept any more`, { cause: thrown });
}
