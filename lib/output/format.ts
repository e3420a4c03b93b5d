/** Writes an answer in the form that was asked for, to standard output or a file. */
import { open, rename, rm } from "node:fs/promises";
import { extname } from "node:path";
import type { Writable } from "node:stream";
import { QueryError } from "../errors.ts";
import type { QueryAnswer } from "./query-answer.ts";
import { csvText, jsonLinesText, jsonText, markdownText, uniqueNames } from "./text.ts";

export const outputFormats = ["table", "csv", "json", "jsonl", "markdown", "arrow", "parquet"] as const;
export type OutputFormat = (typeof outputFormats)[number];

export function isOutputFormat(text: string): text is OutputFormat {
  return (outputFormats as readonly string[]).includes(text);
}

const endings: Readonly<Record<string, OutputFormat>> = {
  ".csv": "csv",
  ".json": "json",
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
  ".md": "markdown",
  ".arrow": "arrow",
  ".arrows": "arrow",
  ".parquet": "parquet",
  ".txt": "table",
};

/** @throws QueryError invalid_argument when the ending says nothing */
export function formatOfFile(path: string): OutputFormat {
  const format = endings[extname(path).toLowerCase()];
  if (format) return format;
  throw new QueryError("invalid_argument", `the ending of ${path} is no known format`, {
    hint: `Give --format, or end it in ${Object.keys(endings).join(", ")}.`,
  });
}

export interface WriteOptions {
  readonly format: OutputFormat;
  /** A file, which appears only when it is complete; standard output if absent. */
  readonly output?: string;
  readonly rowsMax?: number;
}

export async function writeAnswer(handle: QueryAnswer, options: WriteOptions): Promise<void> {
  const { output } = options;
  if (!output) return writeChunks(handle, options, (chunk) => writeTo(process.stdout, chunk));
  const partial = `${output}.${process.pid}.tmp`;
  try {
    const file = await open(partial, "w");
    try {
      await writeChunks(handle, options, async (chunk) => void (await file.writeFile(chunk)));
    } finally {
      await file.close();
    }
    await rename(partial, output);
  } catch (error) {
    await rm(partial, { force: true });
    if (error instanceof QueryError) throw error;
    throw new QueryError("resource", `cannot write ${output}: ${(error as Error).message}`, { cause: error });
  }
}

type Write = (chunk: string | Uint8Array) => Promise<void>;

async function writeChunks(handle: QueryAnswer, options: WriteOptions, write: Write): Promise<void> {
  for await (const chunk of chunks(handle, options)) await write(chunk);
}

/** Whether the reader of standard output went away, as `head` does: no failure. */
export function isBrokenPipe(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === "EPIPE";
}

/** Resolves when the chunk is handed on, so that what is not read does not pile up. */
function writeTo(stream: Writable, chunk: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once("error", reject);
    stream.write(chunk, (error) => {
      stream.off("error", reject);
      if (error) reject(error);
      else resolve();
    });
  });
}

async function* chunks(handle: QueryAnswer, options: WriteOptions): AsyncGenerator<string | Uint8Array> {
  switch (options.format) {
    case "table": {
      const { formatTable, planText } = await import("./table.ts");
      if (handle.answer === "plans") return yield await planText(handle);
      yield `${await formatTable(handle, options.rowsMax ? { rowsMax: options.rowsMax } : {})}\n`;
      return;
    }
    case "csv":
      return yield* csvText(handle);
    case "json":
      return yield* jsonText(handle);
    case "jsonl":
      return yield* jsonLinesText(handle);
    case "markdown":
      return yield* markdownText(handle);
    case "arrow":
      return yield* handle.ipc();
    case "parquet":
      return yield* parquetChunks(handle);
  }
}

/** Row group by row group; columns of one name are told apart, since Parquet wants distinct names. */
async function* parquetChunks(handle: QueryAnswer): AsyncGenerator<Uint8Array> {
  const { ParquetStreamWriter } = await import("../parquet/write/stream-writer.ts");
  const pieces: Uint8Array[] = [];
  const names = uniqueNames(handle.columns.map((column) => column.name));
  const fields = handle.schema().fields.map((field, i) => ({ ...field, name: names[i]! }));
  const writer = new ParquetStreamWriter({ fields }, (bytes) => void pieces.push(bytes));
  for await (const part of handle.messages()) {
    await writer.write(part.slice());
    yield* pieces.splice(0);
  }
  await writer.finish();
  yield* pieces.splice(0);
}
