/** The shell's history: one statement a line, kept from session to session. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

export const historyMax = 1000;

/** VOLLEY_HISTORY names another file. */
function historyFile(): string {
  return process.env.VOLLEY_HISTORY ?? join(homedir(), ".volley", "history");
}

/** Newest first, as readline wants it. */
export function loadHistory(): string[] {
  const file = historyFile();
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  if (lines.length > 2 * historyMax) quietly(() => writeFileSync(file, `${lines.slice(-historyMax).join("\n")}\n`));
  return lines.slice(-historyMax).reverse();
}

export function saveHistory(line: string): void {
  const file = historyFile();
  quietly(() => {
    mkdirSync(dirname(file), { recursive: true });
    appendFileSync(file, `${line}\n`, { mode: 0o600 });
  });
}

/** A home that cannot be written is no reason to stop. */
function quietly(write: () => void): void {
  try {
    write();
  } catch {}
}
