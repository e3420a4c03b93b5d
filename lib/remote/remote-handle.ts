/** A query that runs behind a Volley API: the same answers as a QueryHandle, fetched when they are asked for. */
import { setTimeout as sleep } from "node:timers/promises";
import { messagesOf, wholeMessagesBytes } from "../arrow/ipc-message.ts";
import { decodeSchema } from "../arrow/ipc-schema.ts";
import { type Field, type Schema, typeName, typeNamed } from "../arrow/types.ts";
import type { QueryEstimate } from "../bill/estimate.ts";
import { formatPrice, formatReading } from "../bill/format-estimate.ts";
import { formatAmounts, formatDollars } from "../bill/format-usage.ts";
import { formatMs } from "../bill/quantities.ts";
import type { Cost, Usage } from "../bill/usage.ts";
import { QueryError, type QueryErrorJson } from "../errors.ts";
import { type AnswerKind, type AnswerProgress, QueryAnswer, type ResultColumn } from "../output/query-answer.ts";
import type { RemoteClient } from "./remote-client.ts";

interface RemotePlan {
  readonly logical: string;
  readonly stages: string;
  readonly estimate: QueryEstimate;
}

interface RemoteStage {
  readonly tasks: number;
  readonly done: number;
  readonly retries: number;
  readonly rows: number;
  readonly bytes: number;
}

/** A query as the API shows it (lib/api/wire.ts), as far as it is used here. */
interface RemoteQuery {
  readonly id: string;
  readonly status: string;
  readonly submittedAt: string;
  readonly finishedAt?: string;
  readonly columns?: readonly { readonly name: string; readonly type: string; readonly nullable: boolean }[];
  readonly stages: readonly RemoteStage[];
  readonly usage: Usage;
  readonly cost: Cost;
  readonly bill: { readonly final: boolean };
  readonly error?: QueryErrorJson;
}

const arrowType = "application/vnd.apache.arrow.stream";
/** Seconds: what quick queries need, and the longest that the API lets one wait. */
const quickSeconds = 2;
const waitSecondsMax = 25;
const progressSeconds = 1;

export interface SubmitOptions {
  readonly body: Readonly<Record<string, unknown>>;
  readonly answer: AnswerKind;
  /** The statement is an EXPLAIN (GRAPH) of a query that is to be drawn. */
  readonly drawn?: boolean;
  readonly signal?: AbortSignal;
}

/** A query that runs on the remote side: its answer in the same forms as an embedded one. */
export class RemoteHandle extends QueryAnswer {
  readonly id: string;
  override readonly columns: readonly ResultColumn[];
  override readonly answer: AnswerKind;
  readonly #client: RemoteClient;
  readonly #fields: readonly Field[];
  /** The whole answer, when it came at once. */
  readonly #inline: Uint8Array | undefined;
  readonly #abort = new AbortController();
  readonly #listeners = new Set<(progress: AnswerProgress) => void>();
  #drawn = false;
  #done: boolean;
  #stopped: Promise<void> = Promise.resolve();

  private constructor(
    client: RemoteClient,
    id: string,
    fields: readonly Field[],
    answer: AnswerKind,
    inline?: Uint8Array,
  ) {
    super();
    this.#client = client;
    this.id = id;
    this.#fields = fields;
    this.#inline = inline;
    this.#done = inline !== undefined;
    this.answer = answer;
    this.columns = fields.map(({ name, type }) => ({ name, type, typeName: typeName(type) }));
  }

  /** Starts a query; resolves when it is planned, or done. @throws QueryError what the planning says */
  static async submit(client: RemoteClient, { body, answer, drawn, signal }: SubmitOptions): Promise<RemoteHandle> {
    signal?.throwIfAborted();
    const stop = signal ? { signal } : {};
    const request = { ...body, format: "arrow", wait: quickSeconds };
    const response = await client
      .send({ method: "POST", path: "/v1/queries", body: request, ...stop })
      .catch(async (thrown) => {
        if (signal?.aborted) await cancelSubmitted(client, body);
        throw thrown;
      });
    const id = response.headers.get("x-volley-query-id")!;
    let handle: RemoteHandle;
    if (isArrow(response)) {
      const bytes = new Uint8Array(await response.arrayBuffer());
      handle = new RemoteHandle(client, id, fieldsOf(bytes), answer, bytes);
    } else {
      const query = await planned(client, (await response.json()) as RemoteQuery, signal);
      handle = new RemoteHandle(client, id, query.columns!.map(fieldOf), answer);
    }
    handle.#drawn = drawn ?? false;
    signal?.addEventListener("abort", () => handle.cancel(), { once: true });
    return handle;
  }

  /** Whether the query is known to have ended. @internal */
  get done(): boolean {
    return this.#done;
  }

  override schema(): Schema {
    return { fields: this.#fields };
  }

  /** Resolves when the query is done. @throws the QueryError that ended it @internal */
  override async run(): Promise<void> {
    if (!this.#inline) await this.#ended();
  }

  override async *messages(): AsyncGenerator<Uint8Array> {
    if (this.#inline) return yield this.#inline;
    await this.run();
    for (let page: string | null = "0.0"; page !== null; ) {
      const response = await this.#get(`/results?format=arrow&page=${page}`);
      if (isArrow(response)) yield* wholeMessages(response.body!);
      else yield* this.#linked((await response.json()) as { links: readonly { url: string }[] });
      page = response.headers.get("x-volley-next");
    }
  }

  async *#linked({ links }: { readonly links: readonly { readonly url: string }[] }): AsyncGenerator<Uint8Array> {
    for (const { url } of links) {
      // The link is a permission by itself; whoever holds it needs no other.
      const response = await fetch(url, { signal: this.#abort.signal });
      if (!response.ok) throw new QueryError("not_found", `a part of the answer is gone: ${response.status}`);
      yield* wholeMessages(response.body!);
    }
  }

  override async explain(): Promise<string> {
    const plan = (await (await this.#get("/plan?format=json")).json()) as RemotePlan;
    const estimate = `${formatReading(plan.estimate)}\n${formatPrice(plan.estimate)}`;
    return `optimized_plan:\n${plan.logical}\n\nstages:\n${plan.stages}\n\nestimate:\n${estimate}`;
  }

  override async graph(format: "dot" | "svg"): Promise<string> {
    if (this.#drawn) {
      const [[, dot] = []] = await this.toRows();
      if (format === "dot") return dot as string;
      const { drawDot } = await import("../explain/draw-dot.ts");
      return drawDot(dot as string);
    }
    return (await this.#get(`/plan?format=${format}`)).text();
  }

  /** What the query did, in a line. @internal */
  override async summary(): Promise<string> {
    const { stages, submittedAt, finishedAt, usage, cost, bill } = await this.#ended();
    const sum = (of: (stage: RemoteQuery["stages"][number]) => number) =>
      stages.reduce((all, stage) => all + of(stage), 0);
    const elapsed = formatMs(Date.parse(finishedAt ?? submittedAt) - Date.parse(submittedAt));
    const retries = sum(({ retries }) => retries);
    const parts = [`${stages.length} stages, ${sum(({ tasks }) => tasks)} tasks, ${elapsed}`];
    if (retries > 0) parts.push(`${retries} retries`);
    if (cost.total > 0) {
      const doubt = bill.final ? "" : " so far, late attempts may add to it";
      parts.push(`${formatDollars(cost.total)} (${formatAmounts(usage)})${doubt}`);
    }
    return parts.join("; ");
  }

  override cancel(): void {
    if (this.#done || this.#abort.signal.aborted) return;
    this.#abort.abort(new QueryError("cancelled", "the query was cancelled"));
    // Who waits is told by the signal; a query that ended already is not stopped any more.
    const deleted = this.#client.send({ method: "DELETE", path: `/v1/queries/${this.id}` });
    this.#stopped = deleted.then(
      () => {},
      () => {},
    );
  }

  /** Resolves when the remote side knows of a cancel. @internal */
  get stopped(): Promise<void> {
    return this.#stopped;
  }

  /** Calls back each second or so while the query runs and somebody waits for it. @internal */
  override onProgress(listener: (progress: AnswerProgress) => void): void {
    this.#listeners.add(listener);
  }

  async #ended(): Promise<RemoteQuery> {
    for (;;) {
      const wait = this.#listeners.size > 0 ? progressSeconds : waitSecondsMax;
      const query = (await (await this.#get(`?wait=${wait}`)).json()) as RemoteQuery;
      for (const listener of this.#listeners) listener(progressOf(query));
      this.#done = query.finishedAt !== undefined;
      if (query.error) throw QueryError.fromJSON(query.error);
      if (this.#done) return query;
    }
  }

  async #get(path: string): Promise<Response> {
    const { signal } = this.#abort;
    signal.throwIfAborted();
    return this.#client.send({ method: "GET", path: `/v1/queries/${this.id}${path}`, signal });
  }
}

/** A request that was given up may have arrived: asked again with its key, the API says which query it became. */
async function cancelSubmitted(client: RemoteClient, body: SubmitOptions["body"]): Promise<void> {
  try {
    const { id } = await client.json<RemoteQuery>({
      method: "POST",
      path: "/v1/queries",
      body: { ...body, wait: 0 },
    });
    await client.send({ method: "DELETE", path: `/v1/queries/${id}` });
  } catch {
    // It was not accepted, or failed by itself.
  }
}

function progressOf({ stages }: RemoteQuery): AnswerProgress {
  const sum = (of: (stage: RemoteQuery["stages"][number]) => number) =>
    stages.reduce((all, stage) => all + of(stage), 0);
  return {
    stages: stages.length,
    stagesDone: stages.filter(({ tasks, done }) => tasks > 0 && done === tasks).length,
    tasks: sum(({ tasks }) => tasks),
    tasksDone: sum(({ done }) => done),
    rows: sum(({ rows }) => rows),
    bytes: sum(({ bytes }) => bytes),
  };
}

/** Polls until the query has columns. */
async function planned(client: RemoteClient, submitted: RemoteQuery, signal?: AbortSignal): Promise<RemoteQuery> {
  let query = submitted;
  for (let ms = 100; !query.columns && !query.error; ms = Math.min(ms * 1.5, 1000)) {
    await sleep(ms);
    if (signal?.aborted) {
      await client.send({ method: "DELETE", path: `/v1/queries/${query.id}` });
      throw new QueryError("cancelled", "the query was cancelled");
    }
    query = await client.json<RemoteQuery>({ method: "GET", path: `/v1/queries/${query.id}` });
  }
  if (query.error) throw QueryError.fromJSON(query.error);
  return query;
}

function fieldOf({ name, type, nullable }: NonNullable<RemoteQuery["columns"]>[number]): Field {
  const known = typeNamed(type);
  if (known) return { name, type: known, nullable };
  throw new QueryError("version", `the server has a type that this version does not know: ${type}`);
}

function fieldsOf(stream: Uint8Array): readonly Field[] {
  const [first] = messagesOf(stream);
  return decodeSchema(first!.header).map(({ name, type, nullable }) => ({ name, type, nullable }));
}

function isArrow(response: Response): boolean {
  return response.headers.get("content-type") === arrowType;
}

/** A stream of IPC messages cut between messages. */
async function* wholeMessages(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0);
  for await (const chunk of body) {
    const joined = rest.length === 0 ? chunk : new Uint8Array(Buffer.concat([rest, chunk]));
    const end = wholeMessagesBytes(joined);
    if (end > 0) yield joined.subarray(0, end);
    rest = joined.slice(end);
  }
}
