/** A command under a pseudo terminal, driven as a person would: type, wait for what appears. Uses `script` of util-linux. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";

const timeoutMs = 20_000;

/** Whether this machine has a `script` that takes -c. */
export const hasTerminal = spawnSync("script", ["-qec", "true", "/dev/null"]).status === 0;

export class Terminal {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #exited: Promise<number>;
  #output = "";
  #seen = 0;
  #ended = false;

  constructor(command: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    const line = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    const env = { ...process.env, TERM: "xterm", COLUMNS: "100", ...environment };
    this.#child = spawn("script", ["-qfec", line, "/dev/null"], { env });
    this.#child.stdout.on("data", (data: Buffer) => {
      this.#output += data.toString();
    });
    this.#exited = new Promise((resolve) => this.#child.on("exit", (code) => resolve(code ?? -1)));
    void this.#exited.then(() => {
      this.#ended = true;
    });
  }

  type(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Resolves with what appeared since the last call, up to and with the pattern. */
  async waitFor(pattern: RegExp): Promise<string> {
    const start = performance.now();
    for (;;) {
      const fresh = this.#output.slice(this.#seen);
      const match = pattern.exec(fresh);
      if (match) {
        const end = match.index + match[0].length;
        this.#seen += end;
        return fresh.slice(0, end);
      }
      if (this.#ended || performance.now() - start > timeoutMs) throw new Error(`no ${pattern} in:\n${fresh}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The exit code. */
  exited(): Promise<number> {
    return this.#exited;
  }

  close(): void {
    this.#child.kill("SIGKILL");
  }
}
