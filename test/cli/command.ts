/** Runs the command in a process of its own. */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { join } from "node:path";

export const volley: readonly string[] = [process.execPath, join(import.meta.dirname, "../../bin/volley.ts")];

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

export function run(
  args: readonly string[],
  options: { readonly input?: string; readonly cwd?: string } = {},
): Outcome {
  const { input = "", cwd } = options;
  const done: SpawnSyncReturns<string> = spawnSync(volley[0]!, [volley[1]!, ...args], {
    encoding: "utf8",
    input,
    ...(cwd && { cwd }),
  });
  return { code: done.status, out: done.stdout, error: done.stderr };
}
