/** The interactive shell: statements over several lines, history, completion, dot commands. */
import { createInterface, type Interface } from "node:readline/promises";
import { QueryError } from "../errors.ts";
import type { QuerySession } from "../output/query-session.ts";
import { version } from "../version.ts";
import { complete } from "./completion.ts";
import { runDotCommand, type ShellState } from "./dot-commands.ts";
import { exit } from "./exit.ts";
import { historyMax, loadHistory, saveHistory } from "./history.ts";
import { type KnownTables, knownTables } from "./known-tables.ts";
import { runScript, type ScriptOptions } from "./run-script.ts";
import { isComplete, oneLine } from "./statement-text.ts";

export interface ShellSession extends QuerySession {
  warm?(): void;
}

/** Resolves with the exit code when the user leaves. */
export async function runShell(session: ShellSession, options: ScriptOptions): Promise<number> {
  process.stdout.write(`Volley ${version}. .help for help.\n`);
  // Threads start while the first statement is being typed.
  session.warm?.();
  await new Shell(session, options).run();
  process.stdout.write("\n");
  return exit.ok;
}

class Shell {
  readonly #session: ShellSession;
  readonly #options: ScriptOptions;
  readonly #state: ShellState;
  readonly #terminal: Interface;
  #history: string[] = [];
  #tables: KnownTables = new Map();
  /** The lines so far of a statement that has not ended. */
  #lines: string[] = [];
  #running: AbortController | undefined;

  constructor(session: ShellSession, options: ScriptOptions) {
    this.#session = session;
    this.#options = options;
    this.#state = { format: options.format ?? "table", timer: options.timer ?? true, rows: options.rows ?? 0 };
    this.#terminal = createInterface({
      input: process.stdin,
      output: process.stdout,
      history: loadHistory(),
      historySize: historyMax,
      removeHistoryDuplicates: true,
      completer: (line: string) => complete(line, this.#tables),
    });
    this.#terminal.on("history", (history) => {
      this.#history = history;
    });
    // The terminal is in raw mode: Ctrl-C comes as a key, also while a query runs.
    this.#terminal.on("SIGINT", () => this.#interrupt());
  }

  async run(): Promise<void> {
    this.#tables = await knownTables(this.#session);
    this.#prompt();
    for await (const line of this.#terminal) {
      if (!(await this.#accept(line))) break;
      this.#prompt();
    }
    this.#terminal.close();
  }

  /** False to leave. */
  async #accept(line: string): Promise<boolean> {
    if (this.#lines.length === 0 && /^\s*\./.test(line)) return this.#dotCommand(line);
    if (this.#lines.length === 0 && line.trim() === "") return true;
    this.#lines.push(line);
    const text = this.#lines.join("\n");
    if (!isComplete(text)) return true;
    this.#remember(text, this.#lines.length);
    this.#lines = [];
    await this.#execute(text);
    if (/\b(create|drop)\b/i.test(text)) this.#tables = await knownTables(this.#session);
    return true;
  }

  async #dotCommand(line: string): Promise<boolean> {
    try {
      return await runDotCommand(line, {
        session: this.#session,
        state: this.#state,
        run: (sql) => this.#execute(sql),
        write: (text) => void process.stdout.write(text),
      });
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      process.stderr.write(`error: ${error.message}\n`);
      return true;
    }
  }

  async #execute(sql: string): Promise<void> {
    const { output: _output, graph: _graph, ...rest } = this.#options;
    this.#running = new AbortController();
    const { signal } = this.#running;
    try {
      await runScript(this.#session, sql, { ...rest, ...this.#state, interactive: true, signal });
    } finally {
      this.#running = undefined;
    }
  }

  /** In the history a statement is one entry, however many lines it took to type. */
  #remember(text: string, lines: number): void {
    const line = oneLine(text);
    if (line === undefined) return;
    saveHistory(line);
    if (lines > 1) this.#history.splice(0, lines, line);
  }

  #interrupt(): void {
    if (this.#running) return this.#running.abort();
    this.#lines = [];
    process.stdout.write("^C\n");
    this.#terminal.write(null, { ctrl: true, name: "e" });
    this.#terminal.write(null, { ctrl: true, name: "u" });
    this.#prompt();
  }

  #prompt(): void {
    this.#terminal.setPrompt(this.#lines.length === 0 ? "volley> " : "   ...> ");
    this.#terminal.prompt();
  }
}
