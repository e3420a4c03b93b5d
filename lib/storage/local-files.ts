/** Files of the local disk as objects: keys are absolute paths. Where tables are read from. */
import {
  type BigIntStats,
  closeSync,
  existsSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { type FileHandle, mkdir, open, readdir, rm } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { QueryError } from "../errors.ts";
import { byteRange, changed, diskError, duplicate, notFound } from "./byte-range.ts";
import { FileHandles } from "./file-handles.ts";
import type { GetOptions, ObjectBytes, ObjectInfo, ObjectStore } from "./object-store.ts";

const temporaryPrefix = ".put-";
/**
 * Up to these sizes bytes are read and written at once: the system calls take some microseconds, the way to the thread
 * pool and back takes more, and on a busy machine milliseconds. Every stage of a query waits for such small objects.
 * What is written goes to the page cache; what is read may have to come from the disk.
 */
const readAtOnceMax = 64 << 10;
const writtenAtOnceMax = 1 << 20;
/** Folders of at most so many entries are removed at once: every query ends with that. */
const removedAtOnceMax = 64;
let temporaries = 0;

export class LocalFiles implements ObjectStore {
  readonly #handles = new FileHandles();
  /** Reads of at most so many bytes block. */
  protected readonly readAtOnceMax: number = readAtOnceMax;

  /** The path of a key. @throws QueryError invalid_argument when the key cannot be one of this store */
  protected path(key: string): string {
    if (!isAbsolute(key) || key.includes("\0")) throw invalidKey(key);
    return key;
  }

  protected key(path: string): string {
    return path;
  }

  async get(key: string, options: GetOptions = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    try {
      return await this.#handles.with(this.path(key), (handle, stats) =>
        read(handle, stats, key, options, this.readAtOnceMax),
      );
    } catch (error) {
      throw fileError(key, error);
    }
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    try {
      // At once, as a look at a file takes microseconds; planning looks at every file of a query.
      const stats = statSync(this.path(key), { bigint: true });
      return stats.isFile() ? { key, bytes: Number(stats.size), etag: etagOf(stats) } : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw fileError(key, error);
    }
  }

  async put(key: string, bytes: ObjectBytes, options: { readonly ifAbsent?: boolean } = {}): Promise<ObjectInfo> {
    const path = this.path(key);
    const temporary = join(dirname(path), `${temporaryPrefix}${process.pid}-${Date.now()}-${++temporaries}`);
    try {
      const parts = bytes instanceof Uint8Array ? [bytes] : bytes;
      const small = Array.isArray(parts) && parts.reduce((sum, part) => sum + part.length, 0) <= writtenAtOnceMax;
      const info = small ? writeAtOnce(temporary, key, parts) : await write(temporary, key, parts);
      // A hard link refuses to replace an existing file, a rename replaces it; both are atomic.
      if (options.ifAbsent) linkSync(temporary, path);
      else renameSync(temporary, path);
      return info;
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === "EEXIST" ? duplicate(key) : fileError(key, error);
    } finally {
      rmSync(temporary, { force: true });
    }
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    const start = this.path(prefix);
    const folder = prefix === "" || prefix.endsWith("/") ? start : dirname(start);
    yield* this.#walk(folder, prefix);
  }

  async deletePrefix(prefix: string): Promise<void> {
    if (prefix.endsWith("/")) {
      const folder = this.path(prefix);
      const few = existsSync(folder) && readdirSync(folder, { recursive: true }).length <= removedAtOnceMax;
      if (few) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
      else await rm(folder, { recursive: true, force: true, maxRetries: 3 });
      return;
    }
    for await (const { key } of this.list(prefix)) await rm(this.path(key), { force: true });
  }

  /** Files below a folder whose key starts with the prefix, in key order. */
  async *#walk(folder: string, prefix: string): AsyncIterable<ObjectInfo> {
    const entries = await readdir(folder, { withFileTypes: true }).catch((error) => {
      if (isMissing(error)) return [];
      throw fileError(folder, error);
    });
    const sortKey = (entry: (typeof entries)[number]) => (entry.isDirectory() ? `${entry.name}/` : entry.name);
    entries.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
    for (const entry of entries) {
      if (entry.name.startsWith(temporaryPrefix)) continue;
      const path = join(folder, entry.name);
      const key = this.key(path);
      if (entry.isDirectory()) {
        if (`${key}/`.startsWith(prefix) || prefix.startsWith(`${key}/`)) yield* this.#walk(path, prefix);
      } else if (key.startsWith(prefix)) {
        const info = await this.head(key);
        if (info !== undefined) yield info;
      }
    }
  }
}

async function read(
  handle: FileHandle,
  stats: BigIntStats,
  key: string,
  options: GetOptions,
  atOnceMax: number,
): Promise<Uint8Array> {
  if (!stats.isFile()) throw notFound(key);
  if (options.etag !== undefined && options.etag !== etagOf(stats)) throw changed(key);
  const { from, to } = byteRange(key, Number(stats.size), options.range);
  const bytes = options.into?.(to - from).subarray(0, to - from) ?? new Uint8Array(to - from);
  for (let done = 0; done < bytes.length; ) {
    const length = Math.min(bytes.length - done, 1 << 30);
    const bytesRead =
      length <= atOnceMax
        ? readSync(handle.fd, bytes, done, length, from + done)
        : (await handle.read(bytes, done, length, from + done)).bytesRead;
    if (bytesRead === 0) throw changed(key);
    done += bytesRead;
  }
  return bytes;
}

/** Writes a new file, making its folder when it is missing. */
async function write(
  path: string,
  key: string,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<ObjectInfo> {
  const handle = await open(path, "wx").catch(async (error) => {
    if (!isMissing(error)) throw error;
    await mkdir(dirname(path), { recursive: true });
    return open(path, "wx");
  });
  try {
    for await (const part of parts) {
      for (let done = 0; done < part.length; ) {
        done += (await handle.write(part, done, Math.min(part.length - done, 1 << 30))).bytesWritten;
      }
    }
    const stats = await handle.stat({ bigint: true });
    return { key, bytes: Number(stats.size), etag: etagOf(stats) };
  } finally {
    await handle.close();
  }
}

/** Like `write`, at once. */
function writeAtOnce(path: string, key: string, parts: readonly Uint8Array[]): ObjectInfo {
  const file = openNew(path);
  try {
    const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done);
    const stats = fstatSync(file, { bigint: true });
    return { key, bytes: Number(stats.size), etag: etagOf(stats) };
  } finally {
    closeSync(file);
  }
}

function openNew(path: string): number {
  try {
    return openSync(path, "wx");
  } catch (error) {
    if (!isMissing(error)) throw error;
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, "wx");
  }
}

function etagOf(stats: { readonly mtimeNs: bigint; readonly size: bigint }): string {
  return `${stats.mtimeNs.toString(36)}-${stats.size.toString(36)}`;
}

export function invalidKey(key: string): QueryError {
  return new QueryError("invalid_argument", `${JSON.stringify(key)} is no object key`);
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ENOTDIR";
}

function fileError(key: string, error: unknown): QueryError {
  if (error instanceof QueryError) return error;
  if (isMissing(error) || (error as NodeJS.ErrnoException).code === "EISDIR") return notFound(key, error);
  return diskError(key, error);
}
