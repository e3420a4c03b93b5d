/** Open files, kept for the next read of the same path and closed soon after their last use. */
import { type BigIntStats, fstatSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

const openMax = 64;
const idleMs = 1000;

interface OpenFile {
  readonly path: string;
  readonly handle: Promise<FileHandle>;
  /** Reads in flight; counted before the handle is there, so that nobody closes it under them. */
  users: number;
  usedAt: number;
  /** No longer in the map: closed by its last user. */
  dropped: boolean;
}

export class FileHandles {
  /** In order of last use. */
  readonly #files = new Map<string, OpenFile>();
  #sweeper: NodeJS.Timeout | undefined;

  /** Runs `use` with the open file and what it is now. @throws the error of open */
  async with<T>(path: string, use: (handle: FileHandle, stats: BigIntStats) => Promise<T>): Promise<T> {
    let file = this.#acquire(path);
    try {
      let stats = await statsOf(file);
      if (stats.nlink === 0n) {
        // The path was replaced or removed since it was opened: what is there now counts.
        await this.#release(file, true);
        file = this.#acquire(path);
        stats = await statsOf(file);
      }
      return await use(await file.handle, stats);
    } finally {
      await this.#release(file, false);
    }
  }

  #acquire(path: string): OpenFile {
    const file = this.#files.get(path) ?? {
      path,
      handle: open(path, "r"),
      users: 0,
      usedAt: 0,
      dropped: false,
    };
    file.handle.catch(() => this.#drop(file));
    file.users++;
    this.#files.delete(path);
    this.#files.set(path, file);
    for (const oldest of this.#files.values()) {
      if (this.#files.size <= openMax) break;
      this.#drop(oldest);
    }
    return file;
  }

  async #release(file: OpenFile, drop: boolean): Promise<void> {
    file.users--;
    file.usedAt = performance.now();
    if (drop) this.#drop(file);
    if (file.dropped) await close(file);
    else this.#schedule();
  }

  #drop(file: OpenFile): void {
    if (file.dropped) return;
    file.dropped = true;
    if (this.#files.get(file.path) === file) this.#files.delete(file.path);
    void close(file);
  }

  #schedule(): void {
    this.#sweeper ??= setTimeout(() => {
      this.#sweeper = undefined;
      const before = performance.now() - idleMs / 2;
      for (const file of this.#files.values()) if (file.users === 0 && file.usedAt <= before) this.#drop(file);
      if (this.#files.size > 0) this.#schedule();
    }, idleMs).unref();
  }
}

/** At once: of an open file it is one short system call. */
async function statsOf(file: OpenFile): Promise<BigIntStats> {
  return fstatSync((await file.handle).fd, { bigint: true });
}

/** Closes a dropped file once nobody reads from it. */
async function close(file: OpenFile): Promise<void> {
  if (file.users > 0) return;
  const handle = await file.handle.catch(() => undefined);
  await handle?.close();
}
