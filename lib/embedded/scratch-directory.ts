/** The temporary folder of an embedded cluster: removed when it closes, when the process exits, or by the next one. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const prefix = "volley-";

export class ScratchDirectory {
  readonly path: string;
  readonly #removeAtExit = () => this.remove();

  constructor(parent: string = tmpdir()) {
    mkdirSync(parent, { recursive: true });
    sweep(parent);
    this.path = mkdtempSync(join(parent, `${prefix}${process.pid}-`));
    process.once("exit", this.#removeAtExit);
  }

  remove(): void {
    process.off("exit", this.#removeAtExit);
    rmSync(this.path, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Removes what processes left that were killed before they could. */
function sweep(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = new RegExp(`^${prefix}(\\d+)-[A-Za-z0-9]{6}$`).exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
