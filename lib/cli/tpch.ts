/** `volley tpch`: the TPC-H generator with a progress bar. */
import { Presets, SingleBar } from "cli-progress";
import { formatBytes, formatCount, formatMs } from "../bill/quantities.ts";
import { QueryError } from "../errors.ts";
import { generateTpch, type TpchProgress } from "../tpch/generate.ts";
import { exit } from "./exit.ts";
import { catchInterrupts } from "./interrupts.ts";

export interface TpchArguments {
  readonly sf: number;
  readonly out: string;
  readonly parts: number;
  readonly threads?: number;
  readonly progress: boolean;
}

/** Resolves with the exit code. */
export async function generateCommand(options: TpchArguments): Promise<number> {
  const { sf, out, parts, threads } = options;
  const start = performance.now();
  const interrupts = catchInterrupts();
  const progress = showProgress(options.progress && process.stderr.isTTY);
  try {
    const { signal } = interrupts;
    const { tables } = await generateTpch({
      scale: sf,
      out,
      parts,
      ...(threads && { threads }),
      signal,
      onProgress: progress.update,
    });
    progress.stop();
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    const bytes = tables.reduce((sum, table) => sum + table.bytes, 0);
    const elapsed = formatMs(performance.now() - start);
    process.stdout.write(`${formatCount(rows)} rows, ${formatBytes(bytes)} in ${out}, ${elapsed}\n`);
    return exit.ok;
  } catch (thrown) {
    progress.stop();
    const error = QueryError.from(thrown);
    process.stderr.write(`error: ${error.message}\n${error.hint ? `hint: ${error.hint}\n` : ""}`);
    if (interrupts.signal.aborted) return interrupts.exitCode;
    return error.code === "invalid_argument" || error.code === "duplicate" ? exit.usage : exit.queryFailed;
  } finally {
    interrupts.release();
  }
}

interface Progress {
  update(progress: TpchProgress): void;
  stop(): void;
}

function showProgress(shown: boolean): Progress {
  if (!shown) return { update() {}, stop() {} };
  const format = " {bar} {percentage}% | {rows} rows | {duration_formatted}";
  const bar = new SingleBar(
    { stream: process.stderr, clearOnComplete: true, hideCursor: true, format },
    Presets.shades_classic,
  );
  bar.start(100, 0, { rows: "0" });
  return {
    update({ rows, rowsExpected }) {
      bar.update(Math.floor((100 * rows) / rowsExpected), { rows: formatCount(rows) });
    },
    stop: () => bar.stop(),
  };
}
