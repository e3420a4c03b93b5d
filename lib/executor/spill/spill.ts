/** A task's scratch files: made when first written to, gone when the task ends. */
import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { QueryError } from "../../errors.ts";
import { diskError } from "../../storage/byte-range.ts";
import type { SpillStore } from "../operator/operator.ts";

interface SpillFile {
  readonly handle: FileHandle;
  bytes: number;
}

export class SpillFiles implements SpillStore {
  readonly #directory: string;
  readonly #files = new Map<string, Promise<SpillFile>>();
  #names = 0;
  #made: Promise<unknown> | undefined;
  bytesWritten = 0;

  /** Files go to a directory of this task's own below `directory`. */
  constructor(directory: string) {
    this.#directory = join(directory, `task-${randomUUID()}`);
  }

  name(prefix: string): string {
    return `${prefix}-${++this.#names}`;
  }

  async append(name: string, bytes: Uint8Array): Promise<number> {
    try {
      const file = await this.#file(name);
      const offset = file.bytes;
      file.bytes += bytes.length;
      this.bytesWritten += bytes.length;
      for (let done = 0; done < bytes.length; ) {
        done += (await file.handle.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
      }
      return offset;
    } catch (error) {
      throw diskError(`the spill file ${name}`, error);
    }
  }

  async read(name: string, offset: number, length: number): Promise<Uint8Array> {
    try {
      const file = await this.#file(name);
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.handle.read(bytes, done, length - done, offset + done);
        if (bytesRead === 0)
          throw new QueryError("internal", `the spill file ${name} ends before byte ${offset + length}`);
        done += bytesRead;
      }
      return bytes;
    } catch (error) {
      throw diskError(`the spill file ${name}`, error);
    }
  }

  async remove(name: string): Promise<void> {
    const opening = this.#files.get(name);
    if (opening === undefined) return;
    this.#files.delete(name);
    // One that could not be opened has nothing to close.
    await (await opening.catch(() => undefined))?.handle.close();
    await rm(join(this.#directory, name), { force: true });
  }

  /** Removes everything. */
  async close(): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    for (const opening of files) await (await opening.catch(() => undefined))?.handle.close();
    if (this.#made) await rm(this.#directory, { recursive: true, force: true });
  }

  #file(name: string): Promise<SpillFile> {
    const known = this.#files.get(name);
    if (known !== undefined) return known;
    const opening = this.#open(name);
    this.#files.set(name, opening);
    return opening;
  }

  async #open(name: string): Promise<SpillFile> {
    this.#made ??= mkdir(this.#directory, { recursive: true });
    await this.#made;
    return { handle: await open(join(this.#directory, name), "wx+"), bytes: 0 };
  }
}
