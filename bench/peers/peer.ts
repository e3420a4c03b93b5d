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

const commands: Readonly<Record<string, readonly string[]>> = {
  volley: [process.execPath, join(import.meta.dirname, "volley.ts")],
  duckdb: [process.execPath, join(import.meta.dirname, "duckdb.ts")],
  polars: [process.execPath, join(import.meta.dirname, "polars.ts")],
  datafusion: ["python3", join(import.meta.dirname, "python-peer.py"), "datafusion"],
  ballista: ["python3", join(import.meta.dirname, "python-peer.py"), "ballista"],
  spark: ["python3", join(import.meta.dirname, "python-peer.py"), "spark"],
};

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

  /** Undefined when the engine is not installed here. */
  static async start(name: string, setup: PeerSetup): Promise<Peer | undefined> {
    const command = commands[name];
    if (!command) throw new Error(`unknown peer ${name}; known: ${Object.keys(commands).join(", ")}`);
    const child = spawn(command[0]!, [...command.slice(1), JSON.stringify(setup)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    child.on("error", () => {});
    const peer = new Peer(name, child);
    const ready = await peer.#lines.next();
    return ready.done || ready.value !== "ready" ? undefined : peer;
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

  /** The kernel's own account (Linux); 0 elsewhere. */
  #residentPeak(): number {
    try {
      const status = readFileSync(`/proc/${this.#process.pid}/status`, "utf8");
      return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
    } catch {
      return 0;
    }
  }
}
