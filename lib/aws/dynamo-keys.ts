/**
 * The one table, by key:
 *
 * | pk | sk | what |
 * |---|---|---|
 * | `Q#query` | `META` | progress (JSON), status, cancel mark; lease: owner, until, epoch |
 * | `Q#query` | `REQUEST` | what was asked for (JSON); use that came late or from elsewhere |
 * | `Q#query#S#stage.generation#shard` | `T#task` | the winning attempt: written once |
 * | the same | `F#task#attempt#delivery` | a failed attempt, and what it used |
 * | the same | `B#task#attempt` | when a long attempt last said that it is alive, and what it had used |
 * | the same | `H#task#invocation` | what handing tasks on to other executors used; the task is the first of them |
 * | `IDEM#tenant#key` | `-` | the query of an idempotency key |
 * | `TENANT#tenant` | `time#query` | the queries of a tenant, by the time of their submission |
 * | `CATALOG` | `TABLE#schema.name` | a table's location and format |
 * | `CATALOG` | `VIEW#schema.name` | a view's text |
 *
 * Everything but the catalog carries `ttl`. A shard holds at most 250 tasks: a partition of DynamoDB takes 1,000 writes a
 * second.
 */
export const shardTasksMax = 250;

/** Records of queries are kept so long, in seconds. */
export const recordSeconds = 7 * 86_400;
/** The idempotency of a request lasts so long. */
export const idempotencySeconds = 86_400;

export const meta = "META";
export const request = "REQUEST";

export function queryKey(queryId: string): string {
  return `Q#${queryId}`;
}

export function shardOf(task: number): number {
  return Math.floor(task / shardTasksMax);
}

export function shardKey(queryId: string, stage: number, generation: number, shard: number): string {
  return `Q#${queryId}#S#${stage}.${generation}#${shard}`;
}

/** Sorts by task. */
export function winKey(task: number): string {
  return `T#${padded(task)}`;
}

export function failureKey(task: number, attemptId: string, delivery?: string): string {
  return `F#${padded(task)}#${attemptId}${delivery === undefined ? "" : `#${delivery}`}`;
}

export function handOnKey(task: number, invocation: string): string {
  return `H#${padded(task)}#${invocation}`;
}

export function isHandOn(sortKey: string): boolean {
  return sortKey.startsWith("H#");
}

export function beatKey(task: number, attemptId: string): string {
  return `B#${padded(task)}#${attemptId}`;
}

/** The attempt of the sort key of a beat. */
export function attemptOf(sortKey: string): string {
  return sortKey.slice(11);
}

/** The task of a record's sort key. */
export function taskOf(sortKey: string): number {
  return Number(sortKey.slice(2, 10));
}

function padded(task: number): string {
  return String(task).padStart(8, "0");
}

export function idempotencyKeyOf(tenant: string, key: string): string {
  return `IDEM#${encodeURIComponent(tenant)}#${key}`;
}

export function tenantKey(tenant: string): string {
  return `TENANT#${tenant}`;
}

export function submissionKey(submittedMs: number, queryId: string): string {
  return `${String(submittedMs).padStart(15, "0")}#${queryId}`;
}

export function expiry(nowMs: number, seconds: number): number {
  return Math.floor(nowMs / 1000) + seconds;
}
