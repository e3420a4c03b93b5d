/** The bundles that functions run: the same files that the development cloud and the tests run. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Code } from "aws-cdk-lib/aws-lambda";

export type FunctionKind = "api" | "scheduler" | "executor";

const root = join(import.meta.dirname, "../..");

/** @throws Error when there is no such bundle and it cannot be built here */
export function functionCode(kind: FunctionKind, directory?: string): Code {
  const folder = join(directory ?? join(root, "dist/functions"), kind);
  if (!isBuilt(folder) && directory === undefined) buildFunctions();
  if (!isBuilt(folder)) throw new Error(`no bundle of the ${kind} function: there is no ${join(folder, "index.mjs")}`);
  return Code.fromAsset(folder);
}

function isBuilt(folder: string): boolean {
  return existsSync(join(folder, "index.mjs"));
}

/** All three at once. Its output goes to stderr: that of `cdk synth` is the template. */
function buildFunctions(): void {
  const script = join(root, "bin/build-functions.ts");
  if (!existsSync(script)) throw new Error("the functions are not built, and their sources are not here");
  execFileSync(process.execPath, [script], { cwd: root, stdio: ["ignore", 2, 2] });
}
