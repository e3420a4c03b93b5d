/** The answer of one query in many forms, wherever it was computed. */
import type { RecordBatch, Table } from "apache-arrow";
import { joinedStream, type ResultBatch, ResultDecoder } from "../arrow/result.ts";
import type { DataType, Schema } from "../arrow/types.ts";
import type { Value } from "../arrow/value.ts";
import { type JsValue, jsValue } from "./js-values.ts";

/** A column of an answer. */
export interface ResultColumn {
  readonly name: string;
  readonly type: DataType;
  /** The SQL spelling of the type. */
  readonly typeName: string;
}

/** What the rows are: a query's own, plans as (plan_type, plan), or the word that a statement succeeded. */
export type AnswerKind = "rows" | "plans" | "status";

/** How far a query is. */
export interface AnswerProgress {
  readonly stages: number;
  readonly stagesDone: number;
  readonly tasks: number;
  readonly tasksDone: number;
  /** Read from tables, as far as it is known. */
  readonly rows: number;
  readonly bytes: number;
}

/** Everything is made of two things: the schema, and the Arrow IPC streams of the rows. */
export abstract class QueryAnswer implements AsyncIterable<RecordBatch> {
  abstract readonly columns: readonly ResultColumn[];
  /** @internal */
  abstract readonly answer: AnswerKind;

  /** Names, types and nullability of the answer's columns. */
  abstract schema(): Schema;

  /** Arrow IPC streams in order, in parts of whole messages; each valid until the next. @internal */
  abstract messages(): AsyncGenerator<Uint8Array>;

  /** Resolves when the query is done. @throws the QueryError that ended it @internal */
  abstract run(): Promise<unknown>;

  /** Calls back while the query runs. @internal */
  abstract onProgress(listener: (progress: AnswerProgress) => void): void;

  /** The plan, as EXPLAIN prints it. */
  abstract explain(): Promise<string>;

  /** The stages as a graph: DOT text, or SVG that Graphviz drew (in WebAssembly; nothing to install). */
  abstract graph(format: "dot" | "svg"): Promise<string>;

  /** What the query did, in a line; runs it if it has not run. @internal */
  abstract summary(): Promise<string>;

  /** Stops the query; whoever waits for its answer gets a QueryError `cancelled`. */
  abstract cancel(): void;

  /** Rows as arrays of values, so that columns of one name survive. */
  async toRows(): Promise<JsValue[][]> {
    const rows: JsValue[][] = [];
    for await (const values of this.values())
      rows.push(values.map((value, i) => jsValue(value, this.columns[i]!.type)));
    return rows;
  }

  /** Rows as objects. Of columns with one name the last one counts. */
  async toArray(): Promise<Record<string, JsValue>[]> {
    const rows = await this.toRows();
    return rows.map((row) => Object.fromEntries(row.map((value, i) => [this.columns[i]!.name, value])));
  }

  /** The answer as an apache-arrow Table. */
  async toArrow(): Promise<Table> {
    const ipc = await this.toIpc();
    return (await arrow()).tableFromIPC(ipc);
  }

  /** The answer as one Arrow IPC stream. */
  async toIpc(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.ipc()) pieces.push(piece.slice());
    return Buffer.concat(pieces);
  }

  /** The same in pieces, each valid until the next is asked for. */
  ipc(): AsyncGenerator<Uint8Array> {
    return joinedStream(this.schema(), this.messages());
  }

  /** Rows of engine values (see lib/expr/value.ts), for formatters. @internal */
  async *values(): AsyncGenerator<readonly Value[]> {
    for await (const { rows, columns } of this.batches()) {
      for (let row = 0; row < rows; row++) yield columns.map((column) => column[row]!);
    }
  }

  /** The same column by column, some thousand rows at a time. @internal */
  async *batches(): AsyncGenerator<ResultBatch> {
    const decoder = new ResultDecoder();
    for await (const part of this.messages()) yield* decoder.batches(part);
  }

  /** Arrow record batches, read as they are asked for when the answer is large. */
  async *[Symbol.asyncIterator](): AsyncIterator<RecordBatch> {
    const { RecordBatchReader } = await arrow();
    yield* await RecordBatchReader.from(copies(this.ipc()));
  }

  /** Prints the answer as a table. */
  async show(): Promise<void> {
    const { formatTable } = await import("./table.ts");
    process.stdout.write(`${await formatTable(this)}\n`);
  }
}

/** Loaded when first wanted: it is large, and most commands never need it. */
function arrow() {
  return import("apache-arrow");
}

/** For readers that keep what they get. */
async function* copies(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield piece.slice();
}
