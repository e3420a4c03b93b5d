/** `volley tpch`: the TPC-H generator with a progress bar. */
import { Presets, SingleBar } from "cli-progress";
import { QueryError } from "../errors.ts";
import { formatCount, formatMs } from "../explain/quantities.ts";
import { generateTpch } from "../tpch/generate.ts";

export interface TpchArguments {
  readonly sf: number;
  readonly out: string;
  readonly parts: number;
  readonly threads?: number;
  readonly progress: boolean;
}

/** Resolves with the exit code. */
export async function generateCommand(options: TpchArguments): Promise<number> {
  const start = performance.now();
  const abort = new AbortController();
  const interrupt = () => abort.abort(new QueryError("cancelled", "interrupted"));
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  const bar = new SingleBar(
    {
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
      format: " {bar} {percentage}% | {rows} rows | {duration_formatted}",
    },
    Presets.shades_classic,
  );
  const shown = options.progress && process.stderr.isTTY;
  if (shown) bar.start(100, 0, { rows: "0" });
  let rows = 0;
  try {
    await generateTpch({
      scale: options.sf,
      out: options.out,
      parts: options.parts,
      ...(options.threads && { threads: options.threads }),
      signal: abort.signal,
      onProgress: (progress) => {
        rows = progress.rows;
        if (shown) bar.update(Math.floor((100 * progress.rows) / progress.rowsExpected), { rows: formatCount(rows) });
      },
    });
    if (shown) bar.stop();
    process.stdout.write(`${formatCount(rows)} rows in ${options.out}, ${formatMs(performance.now() - start)}\n`);
    return 0;
  } catch (thrown) {
    if (shown) bar.stop();
    process.stderr.write(`error: ${QueryError.from(thrown).message}\n`);
    return 1;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}
