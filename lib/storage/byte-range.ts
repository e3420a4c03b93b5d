/** Turns the range of a get into offsets, with the errors that every store gives alike. */
import { QueryError } from "../errors.ts";
import type { GetOptions } from "./object-store.ts";

/** [from, to) inside an object of `size` bytes. @throws QueryError corrupt_file when it is not inside. */
export function byteRange(key: string, size: number, range: GetOptions["range"]): { from: number; to: number } {
  if (range === undefined) return { from: 0, to: size };
  const from = range.from < 0 ? Math.max(0, size + range.from) : range.from;
  const to = range.to ?? size;
  if (from > to || to > size) {
    throw new QueryError("corrupt_file", `${key} has ${size} bytes, and bytes ${from} to ${to} were asked for`);
  }
  return { from, to };
}

export function notFound(key: string, cause?: unknown): QueryError {
  return new QueryError("not_found", `${key} does not exist`, { cause });
}

export function changed(key: string): QueryError {
  return new QueryError("corrupt_file", `${key} changed while it was read`, { hint: "Run the query again." });
}

export function duplicate(key: string): QueryError {
  return new QueryError("duplicate", `${key} exists already`);
}

const anotherDirectory = "name another temporary directory (TMPDIR, or the option `temporaryDirectory`).";

/** Refusals that somebody can do something about. */
const refusals: Readonly<Record<string, { readonly what: string; readonly hint: string }>> = {
  ENOSPC: { what: "the disk is full", hint: `Free some space, or ${anotherDirectory}` },
  EDQUOT: { what: "the disk quota is used up", hint: `Free some space, or ${anotherDirectory}` },
  EROFS: { what: "the file system is read-only", hint: `For temporary files, ${anotherDirectory}` },
  EMFILE: { what: "too many files are open", hint: "Allow more (ulimit -n), or use fewer threads." },
  ENFILE: { what: "too many files are open on this machine", hint: "Close some, or allow more." },
};

/** What a local file system refused. */
export function diskError(key: string, error: unknown): QueryError {
  if (error instanceof QueryError) return error;
  const refusal = refusals[(error as NodeJS.ErrnoException | undefined)?.code ?? ""];
  if (!refusal) return QueryError.from(error, "resource");
  return new QueryError("resource", `${refusal.what}: ${key}`, { cause: error, hint: refusal.hint });
}
