/**
 * The scheduler's state on DynamoDB (lib/aws/dynamo-keys.ts has the keys). Each write is one conditional write; a win is
 * a record that can only be written once, so the first commit wins whoever else commits. A failed condition comes with
 * the item that is there (else it is read), which also tells a lost answer from a lost race.
 */
import {
  BatchWriteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { Usage } from "../bill/usage.ts";
import { QueryError } from "../errors.ts";
import type { Beat, Lease, Outcome, StateStore, TaskFailure, TaskKey, TaskRecord, Win } from "../scheduler/ports.ts";
import { TakenOverError } from "../scheduler/taken-over.ts";
import { dynamoError } from "./dynamo-error.ts";
import {
  conditionFailed,
  type Item,
  itemOfFailure,
  number,
  numberOf,
  packed,
  text,
  textOf,
  unpacked,
  withOwnWrite,
} from "./dynamo-item.ts";
import {
  attemptOf,
  beatKey,
  expiry,
  failureKey,
  handOnKey,
  isHandOn,
  meta,
  queryKey,
  recordSeconds,
  request,
  shardKey,
  shardOf,
  shardTasksMax,
  taskOf,
  winKey,
} from "./dynamo-keys.ts";
import { addStray } from "./dynamo-strays.ts";

export class DynamoStateStore implements StateStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #now: () => number;
  /** By stage, the number of its tasks. */
  readonly #opened = new Map<string, number>();
  /** Shards whose tasks have all won never change again. */
  readonly #complete = new Map<string, readonly TaskRecord[]>();
  /** By shard and task: a win is written once, so it is unpacked once. */
  readonly #wins = new Map<string, Map<number, Win>>();

  constructor(client: DynamoDBClient, table: string, now: () => number = Date.now) {
    this.#client = client;
    this.#table = table;
    this.#now = now;
  }

  async createQuery(queryId: string): Promise<void> {
    const Item = { pk: text(queryKey(queryId)), sk: text(meta), epoch: number(0), ttl: this.#ttl() };
    const { done } = await this.#put(Item, "attribute_not_exists(pk)");
    if (!done) throw new QueryError("duplicate", `query ${queryId} exists already`);
  }

  async acquire(queryId: string, owner: string, nowMs: number, durationMs: number): Promise<Lease | undefined> {
    return this.#updateLease(queryId, {
      set: "#owner = :owner, #until = :until, epoch = epoch + :one",
      condition: "attribute_exists(pk) AND (attribute_not_exists(#until) OR #until <= :now OR #owner = :owner)",
      values: { ":owner": text(owner), ":until": number(nowMs + durationMs), ":now": number(nowMs), ":one": number(1) },
      names: { "#owner": "owner", "#until": "until" },
    });
  }

  async renew(queryId: string, lease: Lease, nowMs: number, durationMs: number): Promise<Lease | undefined> {
    return this.#updateLease(queryId, {
      set: "#until = :until",
      condition: "epoch = :epoch",
      values: { ":until": number(nowMs + durationMs), ":epoch": number(lease.epoch) },
      names: { "#until": "until" },
    });
  }

  /** Nothing is written for a stage: its records come into being with their outcomes. Only the lease is checked. */
  async openStage(queryId: string, lease: Lease, stage: number, generation: number, tasks: number): Promise<void> {
    await this.#checkHeld(queryId, lease);
    this.#opened.set(stageName(queryId, stage, generation), tasks);
  }

  async commitTask(key: TaskKey, win: Win): Promise<boolean> {
    const item = withOwnWrite(win.result.usage, (usage) => {
      const result = usage ? { ...win.result, usage } : win.result;
      return { ...this.#recordKey(key, winKey(key.task)), win: packed({ ...win, result }), ttl: this.#ttl() };
    });
    const { done, there } = await this.#put(item, "attribute_not_exists(pk)");
    if (done) return true;
    const stored = there ?? (await this.#get(textOf(item, "pk")!, textOf(item, "sk")!));
    const stands = stored && unpacked<Win>(stored, "win");
    // An invocation may be delivered twice: then two executors run one attempt, and write different objects.
    return stands?.attemptId === win.attemptId && stands.result.key === win.result.key;
  }

  async isWanted(key: TaskKey): Promise<boolean> {
    const state = await this.#get(queryKey(key.queryId), meta);
    if (!state || state.ended?.BOOL) return false;
    const { pk, sk } = this.#recordKey(key, winKey(key.task));
    return (await this.#get(pk.S!, sk.S!)) === undefined;
  }

  async beat(key: TaskKey, attemptId: string, { atMs, usage }: Beat): Promise<void> {
    const item = withOwnWrite(usage, (used) => ({
      ...this.#recordKey(key, beatKey(key.task, attemptId)),
      at: number(atMs),
      ...(used && { usage: packed(used) }),
      ttl: this.#ttl(),
    }));
    await this.#put(item, undefined);
  }

  async reportLate(key: TaskKey, attemptId: string, usage: Usage): Promise<boolean> {
    const query = await this.#get(queryKey(key.queryId), meta);
    if (!query) return false;
    const { pk, sk } = this.#recordKey(key, winKey(key.task));
    const won = await this.#get(pk.S!, sk.S!);
    const isTwin = won !== undefined && unpacked<Win>(won, "win").attemptId === attemptId;
    if (!query.billed?.BOOL && !isTwin) return false;
    const asked = await this.#get(queryKey(key.queryId), request);
    // Whoever started the attempt counted one invocation.
    const all = { ...usage, lambdaInvocations: usage.lambdaInvocations + (isTwin ? 1 : 0) };
    return asked !== undefined && addStray(this.#client, this.#table, asked, all, [query, won]);
  }

  async recordHandOn(key: TaskKey, invocation: string, usage: Usage): Promise<void> {
    const item = withOwnWrite(usage, (used) => ({
      ...this.#recordKey(key, handOnKey(key.task, invocation)),
      usage: packed(used),
      ttl: this.#ttl(),
    }));
    await this.#put(item, undefined);
  }

  async failTask(key: TaskKey, failure: TaskFailure): Promise<void> {
    const sortKey = failureKey(key.task, failure.attemptId, failure.delivery);
    const item = withOwnWrite(failure.usage, (usage) => {
      const record = usage ? { ...failure, usage } : failure;
      return { ...this.#recordKey(key, sortKey), failure: packed(record), ttl: this.#ttl() };
    });
    await this.#put(item, undefined);
  }

  async listTasks(
    queryId: string,
    stage: number,
    generation: number,
    { late = false }: { readonly late?: boolean } = {},
  ): Promise<readonly TaskRecord[]> {
    const tasks = this.#opened.get(stageName(queryId, stage, generation));
    if (tasks === undefined) return [];
    const shards = Array.from({ length: shardOf(tasks - 1) + 1 }, (_, shard) => {
      const first = shard * shardTasksMax;
      return this.#listShard(
        shardKey(queryId, stage, generation, shard),
        first,
        Math.min(tasks, first + shardTasksMax),
        late,
      );
    });
    return (await Promise.all(shards)).flat();
  }

  /** The outcome is written with the query's progress, by the query store: here only the lease is checked. */
  async finishQuery(queryId: string, lease: Lease, _outcome: Outcome): Promise<void> {
    await this.#checkHeld(queryId, lease);
  }

  /** Removes the records of the stages that this scheduler opened, and META; what others opened goes with its ttl. */
  async removeQuery(queryId: string): Promise<void> {
    const keys: Item[] = [{ pk: text(queryKey(queryId)), sk: text(meta) }];
    for (const [name, tasks] of this.#opened) {
      const [id, stage, generation] = JSON.parse(name) as [string, number, number];
      if (id !== queryId) continue;
      for (let shard = 0; shard <= shardOf(tasks - 1); shard++) {
        const items = await this.#query(shardKey(queryId, stage, generation, shard));
        keys.push(...items.map(({ pk, sk }) => ({ pk: pk!, sk: sk! })));
      }
    }
    this.forget(queryId);
    for (let i = 0; i < keys.length; i += 25) {
      const requests = keys.slice(i, i + 25).map((Key) => ({ DeleteRequest: { Key } }));
      const command = new BatchWriteItemCommand({ RequestItems: { [this.#table]: requests } });
      await this.#try("remove records", () => this.#client.send(command));
    }
  }

  forget(queryId: string): void {
    for (const name of this.#opened.keys()) if (JSON.parse(name)[0] === queryId) this.#opened.delete(name);
    const prefix = `${queryKey(queryId)}#`;
    for (const shards of [this.#complete, this.#wins]) {
      for (const pk of shards.keys()) if (pk.startsWith(prefix)) shards.delete(pk);
    }
  }

  async #listShard(pk: string, first: number, end: number, late: boolean): Promise<readonly TaskRecord[]> {
    const known = late ? undefined : this.#complete.get(pk);
    if (known) return known;
    const wins = this.#wins.get(pk) ?? new Map<number, Win>();
    this.#wins.set(pk, wins);
    const failures = Array.from({ length: end - first }, (): TaskFailure[] => []);
    const beats = failures.map(() => new Map<string, Beat>());
    const handedOn = failures.map((): Usage[] => []);
    for (const item of await this.#query(pk)) {
      const sortKey = textOf(item, "sk")!;
      const task = taskOf(sortKey);
      if (item.win) wins.set(task, wins.get(task) ?? unpacked<Win>(item, "win"));
      else if (item.failure) failures[task - first]?.push(unpacked<TaskFailure>(item, "failure"));
      else if (isHandOn(sortKey)) handedOn[task - first]?.push(unpacked<Usage>(item, "usage"));
      else beats[task - first]?.set(attemptOf(sortKey), beatOf(item));
    }
    const records = failures.map((failed, i) => {
      const win = wins.get(first + i);
      return { task: first + i, ...(win && { win }), failures: failed, beats: beats[i]!, handedOn: handedOn[i]! };
    });
    if (wins.size === end - first) this.#complete.set(pk, records);
    return records;
  }

  async #query(pk: string): Promise<Item[]> {
    const items: Item[] = [];
    let ExclusiveStartKey: Item | undefined;
    do {
      const command = new QueryCommand({
        TableName: this.#table,
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": text(pk) },
        ConsistentRead: true,
        ...(ExclusiveStartKey && { ExclusiveStartKey }),
      });
      const page = await this.#try("read task records", () => this.#client.send(command));
      items.push(...(page.Items ?? []));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
    return items;
  }

  /** Undefined when the condition did not hold. */
  async #updateLease(
    queryId: string,
    update: {
      readonly set: string;
      readonly condition: string;
      readonly values: Item;
      readonly names: Record<string, string>;
    },
  ): Promise<Lease | undefined> {
    const command = new UpdateItemCommand({
      TableName: this.#table,
      Key: { pk: text(queryKey(queryId)), sk: text(meta) },
      UpdateExpression: `SET ${update.set}`,
      ConditionExpression: update.condition,
      ExpressionAttributeValues: update.values,
      ...(Object.keys(update.names).length > 0 && { ExpressionAttributeNames: update.names }),
      ReturnValues: "ALL_NEW",
    });
    try {
      return leaseOf((await this.#client.send(command)).Attributes!);
    } catch (thrown) {
      if (!conditionFailed(thrown)) throw dynamoError("write the lease", thrown);
      if (itemOfFailure(thrown)) return undefined;
    }
    const stored = await this.#get(queryKey(queryId), meta);
    if (!stored) throw new QueryError("not_found", `there is no query ${queryId}`);
    return undefined;
  }

  async #checkHeld(queryId: string, lease: Lease): Promise<void> {
    const stored = await this.#get(queryKey(queryId), meta);
    if (!stored) throw new QueryError("not_found", `there is no query ${queryId}`);
    if (numberOf(stored, "epoch") !== lease.epoch) throw new TakenOverError();
  }

  /** Not done when the condition did not hold; then with the item that is there, if the service tells. */
  async #put(
    Item: Item,
    condition: string | undefined,
  ): Promise<{ readonly done: boolean; readonly there?: Item | undefined }> {
    const command = new PutItemCommand({
      TableName: this.#table,
      Item,
      ...(condition && { ConditionExpression: condition }),
    });
    try {
      await this.#client.send(command);
      return { done: true };
    } catch (thrown) {
      if (conditionFailed(thrown)) return { done: false, there: itemOfFailure(thrown) };
      throw dynamoError("write a record", thrown);
    }
  }

  async #get(pk: string, sk: string): Promise<Item | undefined> {
    const Key = { pk: text(pk), sk: text(sk) };
    const command = new GetItemCommand({ TableName: this.#table, Key, ConsistentRead: true });
    return (await this.#try("read a record", () => this.#client.send(command))).Item;
  }

  #recordKey({ queryId, stage, generation, task }: TaskKey, sk: string) {
    return { pk: text(shardKey(queryId, stage, generation, shardOf(task))), sk: text(sk) };
  }

  #ttl() {
    return number(expiry(this.#now(), recordSeconds));
  }

  async #try<T>(what: string, send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (thrown) {
      throw dynamoError(what, thrown);
    }
  }
}

export function leaseOf(item: Item): Lease | undefined {
  const owner = textOf(item, "owner");
  if (owner === undefined) return undefined;
  return { owner, epoch: numberOf(item, "epoch") ?? 0, untilMs: numberOf(item, "until") ?? 0 };
}

function beatOf(item: Item): Beat {
  return { atMs: numberOf(item, "at")!, ...(item.usage && { usage: unpacked<Usage>(item, "usage") }) };
}

function stageName(queryId: string, stage: number, generation: number): string {
  return JSON.stringify([queryId, stage, generation]);
}
