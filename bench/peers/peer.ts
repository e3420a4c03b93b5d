/** An engine under measurement: a child process that answers one JSON line for each JSON line it is sent. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface PeerSetup {
  /** Holds <table>.parquet for each TPC-H table. */
  readonly directory: string;
  readonly threads: number;
  readonly memory: string;
}

export interface PeerAnswer {
  readonly ms: number;
  readonly rows: number;
  readonly error?: string;
}

/** Engines that are tried through their Python packages. */
const pythonEngines: readonly string[] = ["polars", "datafusion", "ballista", "spark"];

function commandOf(name: string, python: string): readonly string[] {
  if (pythonEngines.includes(name)) return [python, join(import.meta.dirname, "python-peer.py"), name];
  if (name === "volley" || name === "duckdb") return [process.execPath, join(import.meta.dirname, `${name}.ts`)];
  throw new Error(`unknown peer ${name}; known: volley, duckdb, ${pythonEngines.join(", ")}`);
}

export class Peer {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #peakBytes = 0;

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#process = child;
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  /**
   * Starts an engine, or gives the reason why it cannot be measured here.
   * @param python runs the engines that are Python packages
   */
  static async start(name: string, setup: PeerSetup, python: string): Promise<Peer | string> {
    const command = commandOf(name, python);
    const child = spawn(command[0]!, [...command.slice(1), JSON.stringify(setup)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    let failure: string | undefined;
    child.on("error", (error) => {
      failure = error.message;
    });
    const peer = new Peer(name, child);
    const ready = await peer.#lines.next();
    if (!ready.done && ready.value === "ready") return peer;
    return failure ?? (ready.done ? "it ended before it was ready" : ready.value.replace(/^left out: /, ""));
  }

  async run(sql: string): Promise<PeerAnswer> {
    this.#process.stdin!.write(`${JSON.stringify({ sql })}\n`);
    const line = await this.#lines.next();
    if (line.done) throw new Error(`${this.name} died`);
    this.#peakBytes = Math.max(this.#peakBytes, this.#residentPeak());
    return JSON.parse(line.value) as PeerAnswer;
  }

  /** Ends the process; gives the largest resident size it had, in bytes. */
  async stop(): Promise<number> {
    const peak = Math.max(this.#peakBytes, this.#residentPeak());
    this.#process.kill();
    return peak;
  }

  /** The kernel's own account (Linux) of the process and of those it started; 0 elsewhere. */
  #residentPeak(): number {
    return family(this.#process.pid!).reduce((sum, pid) => sum + residentPeakOf(pid), 0);
  }
}

/** A process and its descendants. */
function family(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
    return [pid, ...children.flatMap((child) => family(Number(child)))];
  } catch {
    return [pid];
  }
}

function residentPeakOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
