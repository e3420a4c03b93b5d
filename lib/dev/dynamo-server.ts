/** DynamoDB: dynalite, behind a front that checks who calls, counts what it consumes, and throttles when told to. */
import { randomUUID } from "node:crypto";
import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import dynalite from "dynalite";
import { capacityUnits } from "dynalite/db/index.js";
import { delay, type Faults, strikes } from "./faults.ts";
import { type Listening, listen, readBody } from "./http.ts";
import { arns } from "./permissions.ts";
import type { Asked } from "./policy.ts";
import { AccessDenied, type Authorize } from "./roles.ts";

/** As the bill would have them. */
export interface DynamoCounts {
  requests: number;
  readUnits: number;
  writeUnits: number;
  throttles: number;
}

interface Consumed {
  readonly CapacityUnits?: number;
}

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

const reads: ReadonlySet<string> = new Set(["GetItem", "BatchGetItem", "Query", "Scan"]);
const apiVersion = "DynamoDB_20120810";
const problemPrefix = "com.amazonaws.dynamodb.v20120810#";

export class DynamoServer {
  /** By role. */
  readonly counts = new Map<string, DynamoCounts>();
  readonly #faults: Readonly<Faults>;
  readonly #authorize: Authorize | undefined;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #store: Listening;
  #pending = 0;

  private constructor(store: Listening, faults: Readonly<Faults>, authorize: Authorize | undefined) {
    this.#store = store;
    this.#faults = faults;
    this.#authorize = authorize;
  }

  static async start(faults: Readonly<Faults>, authorize?: Authorize): Promise<DynamoServer> {
    return new DynamoServer(await listen(dynalite({ createTableMs: 0, deleteTableMs: 0 })), faults, authorize);
  }

  readonly handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request);
    try {
      await delay(this.#faults.latencyMs);
      const { status, headers, body: answer } = await this.#serve(request, body);
      for (const name of ["content-type", "x-amz-crc32", "x-amzn-requestid"]) {
        if (headers[name] !== undefined) response.setHeader(name, headers[name]);
      }
      response.statusCode = status;
      response.end(answer);
    } catch (error) {
      const denied = error instanceof AccessDenied;
      response.statusCode = denied ? 400 : 500;
      response.setHeader("content-type", "application/x-amz-json-1.0");
      const type = denied ? "com.amazon.coral.service#AccessDeniedException" : `${problemPrefix}InternalServerError`;
      response.end(JSON.stringify({ __type: type, message: String((error as Error).message) }));
    }
  };

  async close(): Promise<void> {
    // dynalite cannot bear to be closed while it works.
    while (this.#pending > 0) await delay(5);
    this.#agent.destroy();
    await this.#store.close();
  }

  async #serve(request: IncomingMessage, body: Buffer): Promise<Reply> {
    const operation = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
    const input = JSON.parse(body.toString() || "{}") as Record<string, unknown>;
    const role = this.#role(request, body, operation, input);
    const counts = this.counts.get(role) ?? { requests: 0, readUnits: 0, writeUnits: 0, throttles: 0 };
    this.counts.set(role, counts);
    counts.requests++;
    if (strikes(this.#faults.dynamoThrottle)) {
      counts.throttles++;
      return problem("ProvisionedThroughputExceededException", "The level of configured throughput was exceeded");
    }
    const counted = reads.has(operation) || /Item$/.test(operation);
    const asked = counted ? Buffer.from(JSON.stringify({ ...input, ReturnConsumedCapacity: "TOTAL" })) : body;
    this.#pending++;
    try {
      const reply = await this.#forward(request, asked);
      if (isFailedCondition(reply)) return await this.#failCondition(request, input, reply, counts);
      if (counted) count(counts, reads.has(operation), reply);
      return reply;
    } finally {
      this.#pending--;
    }
  }

  /**
   * A failed condition takes write units by the size of the item that is there, at least one (Developer Guide, "DynamoDB
   * item sizes and capacity unit consumption"); the answer has that item when asked for. dynalite does neither.
   */
  async #failCondition(
    request: IncomingMessage,
    input: Record<string, unknown>,
    reply: Reply,
    counts: DynamoCounts,
  ): Promise<Reply> {
    const { pk, sk } = (input.Key ?? input.Item) as Record<string, unknown>;
    const read = JSON.stringify({ TableName: input.TableName, Key: { pk, sk }, ConsistentRead: true });
    const found = await this.#forward(request, Buffer.from(read), `${apiVersion}.GetItem`);
    const { Item } = JSON.parse(found.body.toString()) as { Item?: object };
    counts.writeUnits += Item ? capacityUnits(Item, false, true) : 1;
    if (!Item || input.ReturnValuesOnConditionCheckFailure !== "ALL_OLD") return reply;
    const { "x-amz-crc32": _, ...headers } = reply.headers;
    return { ...reply, headers, body: Buffer.from(JSON.stringify({ ...JSON.parse(reply.body.toString()), Item })) };
  }

  #role(request: IncomingMessage, body: Buffer, operation: string, input: Record<string, unknown>): string {
    const requested = input.RequestItems as Record<string, unknown> | undefined;
    const resource = arns.table(String(input.TableName ?? Object.keys(requested ?? {})[0] ?? "*"));
    const keys = leadingKeys(operation, input);
    const context: Asked["context"] = {
      "dynamodb:Attributes": attributesOf(input),
      ...(keys && { "dynamodb:LeadingKeys": keys }),
    };
    return this.#authorize?.(request, body, { action: `dynamodb:${operation}`, resource, context }) ?? "anyone";
  }

  #forward(request: IncomingMessage, body: Buffer, target = request.headers["x-amz-target"]): Promise<Reply> {
    const host = `127.0.0.1:${this.#store.port}`;
    const headers = { ...request.headers, host, "x-amz-target": target, "content-length": body.length };
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest(this.#store.url, { method: "POST", agent: this.#agent, headers }, (reply) => {
        readBody(reply).then((answer) => {
          resolve({ status: reply.statusCode ?? 500, headers: reply.headers, body: answer });
        }, reject);
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }
}

type AttributeMap = Readonly<Record<string, { readonly S?: string }>>;

/** Values of the partition key that a request names; undefined for operations that name none. */
function leadingKeys(operation: string, input: Record<string, unknown>): string[] | undefined {
  const keyOf = (item: unknown) => (item as AttributeMap | undefined)?.pk?.S ?? "";
  const { Item, Key, RequestItems, KeyConditionExpression, ExpressionAttributeValues } = input;
  if (operation === "PutItem") return [keyOf(Item)];
  if (Key !== undefined) return [keyOf(Key)];
  if (operation === "BatchGetItem") {
    const requested = Object.values(RequestItems as Record<string, { readonly Keys: readonly unknown[] }>);
    return requested.flatMap(({ Keys }) => Keys.map(keyOf));
  }
  const named = /^\s*pk\s*=\s*(:\w+)/.exec(String(KeyConditionExpression ?? ""))?.[1];
  const value = named && (ExpressionAttributeValues as AttributeMap)[named]?.S;
  return value === undefined ? undefined : [value];
}

const expressionWords =
  /^(SET|REMOVE|ADD|DELETE|AND|OR|NOT|BETWEEN|IN|attribute_\w+|begins_with|contains|size|if_not_exists|list_append)$/i;

/** Top-level attributes that a request names: its keys, its item's, those of its expressions. */
function attributesOf(input: Record<string, unknown>): string[] {
  const { Item = {}, Key = {}, ExpressionAttributeNames: names = {}, ...others } = input;
  const expressions = Object.entries(others).filter(([name]) => name.endsWith("Expression"));
  const words = expressions.flatMap(([, text]) => String(text).match(/(?<![\w:.])#?[A-Za-z_]\w*/g) ?? []);
  const named = words
    .filter((word) => !expressionWords.test(word))
    .map((word) => (names as Record<string, string>)[word] ?? word);
  return [...new Set([...Object.keys(Item as object), ...Object.keys(Key as object), ...named])];
}

function isFailedCondition({ status, body }: Reply): boolean {
  return status === 400 && body.includes("#ConditionalCheckFailedException");
}

function count(counts: DynamoCounts, read: boolean, { status, body }: Reply): void {
  if (status >= 400) return;
  const { ConsumedCapacity: consumed } = JSON.parse(body.toString() || "{}") as {
    ConsumedCapacity?: Consumed | Consumed[];
  };
  const units = [consumed ?? []].flat().reduce((sum, each) => sum + (each.CapacityUnits ?? 0), 0);
  if (read) counts.readUnits += units;
  else counts.writeUnits += units;
}

function problem(type: string, message: string): Reply {
  return {
    status: 400,
    headers: { "content-type": "application/x-amz-json-1.0", "x-amzn-requestid": randomUUID() },
    body: Buffer.from(JSON.stringify({ __type: problemPrefix + type, message })),
  };
}
