/** The temporary folder of an embedded cluster: removed when it closes, when the process exits, or by the next one. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { QueryError } from "../errors.ts";

const prefix = "volley-";

export class ScratchDirectory {
  readonly path: string;
  readonly #removeAtExit = () => this.remove();

  /** @throws QueryError resource when there can be no folder in `parent` */
  constructor(parent: string = tmpdir()) {
    try {
      mkdirSync(parent, { recursive: true });
      this.path = mkdtempSync(join(parent, `${prefix}${ownerOf(process.pid)}-`));
    } catch (error) {
      throw new QueryError("resource", `cannot make a temporary folder in ${parent}: ${(error as Error).message}`, {
        cause: error,
        hint: "Name another temporary directory (TMPDIR, or the option `temporaryDirectory`).",
      });
    }
    process.once("exit", this.#removeAtExit);
    sweep(parent);
  }

  remove(): void {
    process.off("exit", this.#removeAtExit);
    rmSync(this.path, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Removes what processes left that were killed before they could. */
function sweep(parent: string): void {
  for (const name of readdirSync(parent)) {
    const owner = new RegExp(`^${prefix}((\\d+)\\.[0-9a-z]+\\.[0-9a-f]+)-[A-Za-z0-9]{6}$`).exec(name);
    if (!owner || !isGone(owner[1]!, Number(owner[2]))) continue;
    try {
      rmSync(join(parent, name), { recursive: true, force: true });
    } catch {
      // Another user's, or another process sweeps too.
    }
  }
}

/** Whether the process that a folder is named after has ended. Of processes elsewhere nobody here can tell. */
function isGone(owner: string, pid: number): boolean {
  if (owner.split(".")[2] !== place()) return false;
  return !isAlive(pid) || ownerOf(pid) !== owner;
}

/** Its number, when it started, and where: numbers are used again, and each container has its own. */
function ownerOf(pid: number): string {
  return `${pid}.${startOf(pid)}.${place()}`;
}

/** Clock ticks from the machine's start to the process's, as the system tells it; 0 where it does not. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field, the command's name, is in parentheses and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(fields[19]).toString(36);
  } catch {
    return "0";
  }
}

function place(): string {
  let namespace = "";
  try {
    namespace = readlinkSync("/proc/self/ns/pid");
  } catch {
    // No Linux: one machine is one place.
  }
  return createHash("sha256").update(`${hostname()} ${namespace}`).digest("hex").slice(0, 8);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
