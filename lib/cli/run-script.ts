/** Runs statements one after the other and prints their answers. */
import { writeFile } from "node:fs/promises";
import { extname } from "node:path";
import { formatMs } from "../bill/quantities.ts";
import { QueryError } from "../errors.ts";
import type { ParameterValues } from "../expr/parameters.ts";
import { formatOfFile, isBrokenPipe, type OutputFormat, writeAnswer } from "../output/format.ts";
import type { QueryAnswer } from "../output/query-answer.ts";
import type { QuerySession } from "../output/query-session.ts";
import { renderError } from "../sql/caret.ts";
import { exit } from "./exit.ts";
import { catchInterrupts } from "./interrupts.ts";
import { showProgress } from "./progress.ts";

export interface ScriptOptions {
  readonly format?: OutputFormat;
  readonly output?: string;
  /** A file for the stage graph of the queries: .svg or .dot. */
  readonly graph?: string;
  readonly param: readonly string[];
  /** Print what each query did, on standard error. */
  readonly timer?: boolean;
  readonly progress: boolean;
  /** Rows of a table beyond this are left out of its middle. */
  readonly rows?: number;
  /** In the shell, statements without an answer say "ok". */
  readonly interactive?: boolean;
  /** Stops what runs; without it, SIGINT and SIGTERM do. */
  readonly signal?: AbortSignal;
}

export type ScriptSession = Pick<QuerySession, "script">;

/** Resolves with the exit code; stops at the first statement that fails. */
export async function runScript(session: ScriptSession, text: string, options: ScriptOptions): Promise<number> {
  const interrupts = catchInterrupts(options.signal);
  let answers = 0;
  try {
    const parameters = parseParameters(options.param);
    const planOnly = options.graph !== undefined;
    const sqlOptions = { signal: interrupts.signal, planOnly, ...(parameters && { parameters }) };
    for await (const handle of session.script(text, sqlOptions)) {
      if (handle.answer !== "status" && ++answers > 1) refuseSecondAnswer(options);
      await print(handle, options);
    }
    return exit.ok;
  } catch (thrown) {
    if (isBrokenPipe(thrown)) return exit.ok;
    const error = QueryError.from(thrown);
    if (interrupts.signal.aborted && error.code === "cancelled") {
      process.stderr.write("cancelled\n");
      return options.interactive ? exit.queryFailed : interrupts.exitCode;
    }
    if (error.code === "internal") process.stderr.write(`${(thrown as Error).stack ?? error.message}\n`);
    else process.stderr.write(`${renderError(error, text)}\n`);
    return exit.queryFailed;
  } finally {
    interrupts.release();
  }
}

/** One file holds one answer. */
function refuseSecondAnswer({ output, graph }: ScriptOptions): void {
  const option = output ? "--output" : graph ? "--graph" : undefined;
  if (option === undefined) return;
  throw new QueryError("invalid_argument", `${option} takes one query, and the statements give more than one answer`);
}

async function print(handle: QueryAnswer, options: ScriptOptions): Promise<void> {
  if (handle.answer === "status") {
    if (options.interactive) process.stdout.write("ok\n");
    return;
  }
  if (options.graph) return writeGraph(handle, options.graph);
  const start = performance.now();
  const stopProgress = options.progress ? showProgress(handle, process.stderr) : () => {};
  try {
    await handle.run();
  } finally {
    stopProgress();
  }
  const { output, rows } = options;
  const format = options.format ?? (output ? formatOfFile(output) : "table");
  await writeAnswer(handle, { format, ...(output && { output }), ...(rows && { rowsMax: rows }) });
  if (!options.timer) return;
  const whole = formatMs(performance.now() - start);
  process.stderr.write(handle.answer === "rows" ? `${await handle.summary()}\n` : `${whole}\n`);
}

/** Draws the stages; the query is planned, not run. */
async function writeGraph(handle: QueryAnswer, path: string): Promise<void> {
  const format = extname(path).toLowerCase() === ".svg" ? "svg" : "dot";
  await writeFile(path, await handle.graph(format));
}

/** `1`, `text` in order become $1, $2; `name=value` become $name. Values are text or numbers: SQL casts them. */
export function parseParameters(values: readonly string[]): ParameterValues | undefined {
  if (values.length === 0) return undefined;
  const named = values.map((value) => /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(value));
  if (named.every((match) => match !== null)) {
    return Object.fromEntries(named.map((match) => [match[1]!, numberOrText(match[2]!)]));
  }
  return values.map(numberOrText);
}

function numberOrText(value: string): string | number | null {
  if (value.toUpperCase() === "NULL") return null;
  return /^-?(0|[1-9]\d{0,14})(\.\d+)?$/.test(value) ? Number(value) : value;
}
