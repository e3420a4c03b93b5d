/** Query records in this process's memory: the tests' model of the real store. Leases come from the state store beside it. */
import { addUsage, noUsage, type Usage } from "../bill/usage.ts";
import { QueryError } from "../errors.ts";
import type { Lease } from "../scheduler/ports.ts";
import { TakenOverError } from "../scheduler/taken-over.ts";
import type { QueryStatus } from "./query-service.ts";
import {
  hasEnded,
  type QueryProgress,
  type QueryRecord,
  type QueryRequest,
  type QueryStore,
  requestFingerprint,
} from "./query-store.ts";

export class MemoryQueryStore implements QueryStore {
  readonly #records = new Map<string, QueryRecord>();
  readonly #keys = new Map<string, string>();

  async create(request: QueryRequest, progress: QueryProgress, idempotencyKey?: string) {
    const key = idempotencyKey === undefined ? undefined : JSON.stringify([request.tenant, idempotencyKey]);
    const known = key === undefined ? undefined : this.#records.get(this.#keys.get(key) ?? "");
    if (known) {
      if (requestFingerprint(known.request) !== requestFingerprint(request)) throw keyReused(idempotencyKey!);
      return { record: known, created: false };
    }
    if (this.#records.has(request.id)) throw new QueryError("duplicate", `query ${request.id} exists already`);
    const record: QueryRecord = { request, progress, cancelRequested: false, strayUsage: noUsage };
    this.#records.set(request.id, record);
    if (key !== undefined) this.#keys.set(key, request.id);
    return { record, created: true };
  }

  async get(id: string): Promise<QueryRecord | undefined> {
    return this.#records.get(id);
  }

  async list(tenant: string, options: { readonly limit: number; readonly status?: QueryStatus }) {
    const own = [...this.#records.values()].filter(({ request }) => request.tenant === tenant).reverse();
    const wanted = own.filter(({ progress }) => !options.status || progress.status === options.status);
    return wanted.slice(0, options.limit);
  }

  async requestCancel(id: string): Promise<void> {
    const record = this.#records.get(id);
    if (record && !hasEnded(record.progress)) this.#records.set(id, { ...record, cancelRequested: true });
  }

  async update(id: string, lease: Lease, progress: QueryProgress) {
    const record = this.#records.get(id);
    if (!record) throw new QueryError("not_found", `there is no query ${id}`);
    if (record.lease && record.lease.epoch > lease.epoch) {
      throw new TakenOverError();
    }
    this.#records.set(id, { ...record, progress, lease });
    return { cancelRequested: record.cancelRequested };
  }

  async addStrayUsage(id: string, usage: Usage): Promise<void> {
    const record = this.#records.get(id);
    if (record) this.#records.set(id, { ...record, strayUsage: addUsage(record.strayUsage, usage) });
  }
}

export function keyReused(idempotencyKey: string): QueryError {
  return new QueryError("duplicate", `the idempotency key ${idempotencyKey} belongs to a different query`, {
    hint: "Use a new key for every new query.",
  });
}
