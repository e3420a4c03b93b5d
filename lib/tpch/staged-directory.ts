import { rmSync } from "node:fs";
import { access, mkdir, mkdtemp, readdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * A hidden directory inside the output directory in which files are written before they move to their places, all of them
 * or none. It is on the same file system, so that moving is renaming.
 */
export class StagedDirectory {
  readonly path: string;
  private readonly out: string;
  private readonly createdOut: boolean;
  private readonly removeAtExit = () => rmSync(this.path, { recursive: true, force: true });

  private constructor(out: string, path: string, createdOut: boolean) {
    this.out = out;
    this.path = path;
    this.createdOut = createdOut;
    process.once("exit", this.removeAtExit);
  }

  static async create(out: string): Promise<StagedDirectory> {
    const createdOut = !(await exists(out));
    await mkdir(out, { recursive: true });
    return new StagedDirectory(out, await mkdtemp(join(out, ".tpch-")), createdOut);
  }

  /** Moves what was staged, top-level entry by entry, to the output directory: all of it, or on an error nothing. */
  async commit(): Promise<void> {
    const moved: string[] = [];
    try {
      for (const entry of await readdir(this.path)) {
        const target = join(this.out, entry);
        await rename(join(this.path, entry), target);
        moved.push(target);
      }
    } catch (error) {
      for (const target of moved) await rm(target, { recursive: true, force: true });
      throw error;
    }
    await this.discard();
  }

  /** Removes what is staged, and the output directory if it came with it and is empty. */
  async discard(): Promise<void> {
    process.off("exit", this.removeAtExit);
    await rm(this.path, { recursive: true, force: true });
    if (this.createdOut) await rmdir(this.out).catch(() => {});
  }

  /** The path of a staged file, whose directory exists. */
  async place(relativePath: string): Promise<string> {
    const path = join(this.path, relativePath);
    await mkdir(dirname(path), { recursive: true });
    return path;
  }
}

/** Whether a file or directory is there. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
