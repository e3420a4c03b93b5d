/** Runs statements one after the other and prints their answers. */
import { QueryError } from "../errors.ts";
import { formatMs } from "../explain/quantities.ts";
import { formatOfFile, type OutputFormat, writeAnswer } from "../output/format.ts";
import type { ParameterValues } from "../parameters.ts";
import type { QueryHandle } from "../query-handle.ts";
import type { SessionContext } from "../session.ts";
import { renderError } from "../sql/caret.ts";
import { showProgress } from "./progress.ts";

export interface ScriptOptions {
  readonly format?: OutputFormat;
  readonly output?: string;
  readonly param: readonly string[];
  readonly timer?: boolean;
  readonly progress: boolean;
  /** Rows of a table beyond this are left out (interactive shell only). */
  readonly rowsMax?: number;
}

/** Resolves with the exit code: 1 as soon as a statement fails. */
export async function runScript(session: SessionContext, text: string, options: ScriptOptions): Promise<number> {
  const abort = new AbortController();
  const interrupt = () => {
    if (abort.signal.aborted) process.exit(130);
    abort.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    const parameters = parseParameters(options.param);
    const sqlOptions = { signal: abort.signal, ...(parameters && { parameters }) };
    for await (const handle of session.script(text, sqlOptions)) await print(handle, options);
    return 0;
  } catch (thrown) {
    const error = QueryError.from(thrown);
    if (error.code === "internal") process.stderr.write(`${(thrown as Error).stack ?? error.message}\n`);
    else process.stderr.write(`${renderError(error, text)}\n`);
    return 1;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

async function print(handle: QueryHandle, options: ScriptOptions): Promise<void> {
  const start = performance.now();
  const stopProgress = options.progress ? showProgress(handle, process.stderr) : () => {};
  try {
    await handle.run();
  } finally {
    stopProgress();
  }
  const { output, rowsMax } = options;
  const format = options.format ?? (output ? formatOfFile(output) : "table");
  await writeAnswer(handle, { format, ...(output && { output }), ...(rowsMax && { rowsMax }) });
  if (options.timer) process.stderr.write(`Time: ${formatMs(performance.now() - start)}\n`);
}

/** `1`, `text` in order become $1, $2; `name=value` become $name. Values are text: SQL casts them. */
export function parseParameters(values: readonly string[]): ParameterValues | undefined {
  if (values.length === 0) return undefined;
  const named = values.map((value) => /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(value));
  if (named.every((match) => match !== null)) {
    return Object.fromEntries(named.map((match) => [match[1]!, match[2]!]));
  }
  return values.map(numberOrText);
}

function numberOrText(value: string): string | number | null {
  if (value.toUpperCase() === "NULL") return null;
  return /^-?(0|[1-9]\d{0,14})(\.\d+)?$/.test(value) ? Number(value) : value;
}
