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

  /** Moves what was staged, top-level entry by entry, to the output directory. */
  async commit(): Promise<void> {
    for (const entry of await readdir(this.path)) await rename(join(this.path, entry), join(this.out, entry));
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

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
