import { readFileSync } from "node:fs";

/** A script's text (0: standard input), without the byte order mark that some editors write. */
export function readText(file: string | number): string {
  return readFileSync(file, "utf8").replace(/^\uFEFF/, "");
}
