/** Query records on DynamoDB (lib/aws/dynamo-keys.ts has the keys). What was asked and what became of it are two items. */
import {
  BatchGetItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { addUsage, noUsage, type Usage } from "../bill/usage.ts";
import { QueryError } from "../errors.ts";
import type { Lease } from "../scheduler/ports.ts";
import { TakenOverError } from "../scheduler/taken-over.ts";
import { keyReused } from "../service/memory-query-store.ts";
import type { QueryStatus } from "../service/query-service.ts";
import {
  hasEnded,
  type QueryProgress,
  type QueryRecord,
  type QueryRequest,
  type QueryStore,
  requestFingerprint,
} from "../service/query-store.ts";
import { dynamoError } from "./dynamo-error.ts";
import {
  conditionFailed,
  type Item,
  itemBytes,
  itemOfFailure,
  number,
  numberOf,
  packed,
  text,
  textOf,
  unpacked,
  withOwnWrite,
  writeUnits,
} from "./dynamo-item.ts";
import {
  expiry,
  idempotencyKeyOf,
  idempotencySeconds,
  meta,
  queryKey,
  recordSeconds,
  request as requestSortKey,
  submissionKey,
  tenantKey,
} from "./dynamo-keys.ts";
import { leaseOf } from "./dynamo-state-store.ts";
import { addStray, straysOf } from "./dynamo-strays.ts";

/** An item may have 400 KB. */
const requestBytesMax = 300 << 10;
const getAtOnce = 50;

export class DynamoQueryStore implements QueryStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /**
   * The key first, then the records: whoever finds a key without records (its writer died in between) writes them.
   */
  async create(request: QueryRequest, progress: QueryProgress, idempotencyKey?: string) {
    let id = request.id;
    if (idempotencyKey !== undefined) {
      id = await this.#claim(request, idempotencyKey);
      const known = id === request.id ? undefined : await this.get(id);
      if (known) {
        if (requestFingerprint(known.request) !== requestFingerprint(request)) throw keyReused(idempotencyKey);
        return { record: known, created: false };
      }
    }
    const record: QueryRecord = { request: { ...request, id }, progress, cancelRequested: false, strayUsage: noUsage };
    await this.#write(record, idempotencyKey !== undefined);
    return { record, created: true };
  }

  async get(id: string): Promise<QueryRecord | undefined> {
    const command = new QueryCommand({
      TableName: this.#table,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": text(queryKey(id)) },
      ConsistentRead: true,
    });
    const { Items = [] } = await this.#try("read a query", () => this.#client.send(command));
    return recordOf(Items);
  }

  async list(tenant: string, options: { readonly limit: number; readonly status?: QueryStatus }) {
    const found: QueryRecord[] = [];
    let ExclusiveStartKey: Item | undefined;
    do {
      const command = new QueryCommand({
        TableName: this.#table,
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": text(tenantKey(tenant)) },
        ScanIndexForward: false,
        Limit: getAtOnce,
        ...(ExclusiveStartKey && { ExclusiveStartKey }),
      });
      const page = await this.#try("list queries", () => this.#client.send(command));
      const ids = (page.Items ?? []).map((item) => textOf(item, "sk")!.split("#")[1]!);
      const records = await this.#getAll(ids);
      found.push(...records.filter(({ progress }) => !options.status || progress.status === options.status));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey && found.length < options.limit);
    return found.slice(0, options.limit);
  }

  async requestCancel(id: string): Promise<void> {
    await this.#update(id, {
      UpdateExpression: "SET cancelRequested = :true",
      ConditionExpression: "attribute_exists(pk) AND ended = :false",
      ExpressionAttributeValues: { ":true": { BOOL: true }, ":false": { BOOL: false } },
    });
  }

  async update(id: string, lease: Lease, progress: QueryProgress) {
    const item = metaItem(id, progress, lease);
    const updated = await this.#update(id, {
      UpdateExpression: "SET progress = :progress, ended = :ended, billed = :billed",
      ConditionExpression: "epoch = :epoch",
      ExpressionAttributeValues: {
        ":progress": item.progress!,
        ":ended": { BOOL: hasEnded(progress) },
        ":billed": { BOOL: progress.billed ?? false },
        ":epoch": number(lease.epoch),
      },
    });
    if (!updated) throw new TakenOverError();
    return { cancelRequested: updated.cancelRequested?.BOOL ?? false };
  }

  async addStrayUsage(id: string, usage: Usage): Promise<void> {
    const Key = { pk: text(queryKey(id)), sk: text(requestSortKey) };
    const command = new GetItemCommand({ TableName: this.#table, Key, ConsistentRead: true });
    const { Item } = await this.#try("read a query", () => this.#client.send(command));
    if (Item) await addStray(this.#client, this.#table, Item, usage);
  }

  /** The id that the key stands for: this request's, unless the key was used before. */
  async #claim({ tenant, id, submittedMs }: QueryRequest, idempotencyKey: string): Promise<string> {
    const pk = text(idempotencyKeyOf(tenant, idempotencyKey));
    const Item = { pk, sk: text("-"), query: text(id), ttl: number(expiry(submittedMs, idempotencySeconds)) };
    const command = new PutItemCommand({
      TableName: this.#table,
      Item,
      // Expired items may stay for days before DynamoDB removes them.
      ConditionExpression: "attribute_not_exists(pk) OR #ttl < :now",
      ExpressionAttributeNames: { "#ttl": "ttl" },
      ExpressionAttributeValues: { ":now": number(expiry(submittedMs, 0)) },
    });
    try {
      await this.#client.send(command);
      return id;
    } catch (thrown) {
      if (!conditionFailed(thrown)) throw dynamoError("write an idempotency key", thrown);
      const there = itemOfFailure(thrown);
      if (there) return textOf(there, "query") ?? id;
    }
    const read = new QueryCommand({
      TableName: this.#table,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": pk },
      ConsistentRead: true,
    });
    const { Items = [] } = await this.#try("read an idempotency key", () => this.#client.send(read));
    return textOf(Items[0] ?? {}, "query") ?? id;
  }

  async #write({ request, progress }: QueryRecord, keyed: boolean): Promise<void> {
    const ttl = number(expiry(request.submittedMs, recordSeconds));
    const sk = submissionKey(request.submittedMs, request.id);
    const listed = { pk: text(tenantKey(request.tenant)), sk: text(sk), ttl };
    const asked = { pk: text(queryKey(request.id)), sk: text(requestSortKey), request: packed(request), ttl };
    if (itemBytes(asked) > requestBytesMax) {
      throw new QueryError("invalid_argument", "the query's text and parameters are too long");
    }
    const units = writeUnits(listed) + writeUnits(asked) + (keyed ? 1 : 0);
    await this.#put(listed);
    await this.#put(asked);
    const state = { ...metaItem(request.id, withUnits(progress, units)), epoch: number(0), ttl };
    await this.#put(state, "attribute_not_exists(pk)");
  }

  async #getAll(ids: readonly string[]): Promise<QueryRecord[]> {
    const wanted = ids.flatMap((id) => [meta, requestSortKey].map((sk) => ({ pk: text(queryKey(id)), sk: text(sk) })));
    const items = new Map<string, Item[]>(ids.map((id) => [queryKey(id), []]));
    let keys: Item[] = wanted;
    while (keys.length > 0) {
      const command = new BatchGetItemCommand({ RequestItems: { [this.#table]: { Keys: keys } } });
      const { Responses, UnprocessedKeys } = await this.#try("read queries", () => this.#client.send(command));
      for (const item of Responses?.[this.#table] ?? []) items.get(textOf(item, "pk")!)!.push(item);
      keys = (UnprocessedKeys?.[this.#table]?.Keys as Item[] | undefined) ?? [];
    }
    return [...items.values()].flatMap((found) => recordOf(found) ?? []);
  }

  /** The whole item after the change; undefined when the condition did not hold. */
  async #update(
    id: string,
    change: {
      readonly UpdateExpression: string;
      readonly ConditionExpression: string;
      readonly ExpressionAttributeValues: Item;
    },
  ): Promise<Item | undefined> {
    const Key = { pk: text(queryKey(id)), sk: text(meta) };
    const command = new UpdateItemCommand({ TableName: this.#table, Key, ...change, ReturnValues: "ALL_NEW" });
    try {
      return (await this.#client.send(command)).Attributes;
    } catch (thrown) {
      if (conditionFailed(thrown)) return undefined;
      throw dynamoError("update a query", thrown);
    }
  }

  async #put(Item: Item, condition?: string): Promise<void> {
    const command = new PutItemCommand({
      TableName: this.#table,
      Item,
      ...(condition && { ConditionExpression: condition }),
    });
    try {
      await this.#client.send(command);
    } catch (thrown) {
      // Somebody else wrote the records of this id, from the same request.
      if (!conditionFailed(thrown)) throw dynamoError("write a query", thrown);
    }
  }

  async #try<T>(what: string, send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (thrown) {
      throw dynamoError(what, thrown);
    }
  }
}

function recordOf(items: readonly Item[]): QueryRecord | undefined {
  const state = items.find((item) => textOf(item, "sk") === meta);
  const asked = items.find((item) => textOf(item, "sk") === requestSortKey);
  if (!state || !asked) return undefined;
  const lease = leaseOf(state);
  return {
    request: unpacked<QueryRequest>(asked, "request"),
    progress: unpacked<QueryProgress>(state, "progress"),
    cancelRequested: state.cancelRequested?.BOOL ?? false,
    strayUsage: straysOf(asked),
    ...(lease && numberOf(state, "epoch") !== 0 && { lease }),
  };
}

/** META with usage that includes its own writing; lease and marks are there to make its size right. */
function metaItem(id: string, progress: QueryProgress, lease?: Lease): Item {
  return withOwnWrite(noUsage, (usage) => ({
    pk: text(queryKey(id)),
    sk: text(meta),
    progress: packed(withUnits(progress, usage?.dynamoWriteUnits ?? 0)),
    ended: { BOOL: hasEnded(progress) },
    billed: { BOOL: progress.billed ?? false },
    epoch: number(lease?.epoch ?? 0),
    ttl: number(expiry(Date.now(), recordSeconds)),
    ...(lease && { owner: text(lease.owner), until: number(lease.untilMs), cancelRequested: { BOOL: false } }),
  }));
}

function withUnits(progress: QueryProgress, dynamoWriteUnits: number): QueryProgress {
  const more = { ...noUsage, dynamoWriteUnits };
  return { ...progress, usage: addUsage(progress.usage, more), ownUsage: addUsage(progress.ownUsage, more) };
}
