/** The interactive shell: statements over several lines, history, completion, dot commands. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface, type Interface } from "node:readline/promises";
import { QueryError } from "../errors.ts";
import { type OutputFormat, outputFormats } from "../output/format.ts";
import type { SessionContext } from "../session.ts";
import { version } from "../version.ts";
import { runScript, type ScriptOptions } from "./run-script.ts";

const historyMax = 1000;

const help = `Statements end with a semicolon and may span lines. Ctrl-C drops the line or stops a running query, Ctrl-D leaves.
  .tables              the tables and views
  .schema NAME         a table's columns
  .format FORMAT       ${outputFormats.join(", ")}
  .timer on|off        print how long each statement takes
  .read FILE           run the statements in a file
  .help                this
  .quit                leave
`;

interface ShellState {
  format: OutputFormat | undefined;
  timer: boolean;
}

export async function runShell(session: SessionContext, options: ScriptOptions): Promise<number> {
  const state: ShellState = { format: options.format, timer: options.timer ?? true };
  process.stdout.write(`Volley ${version}. .help for help.\n`);
  session.cluster.warm();
  const words = await completionWords(session);
  const terminal = createInterface({
    input: process.stdin,
    output: process.stdout,
    history: loadHistory(),
    historySize: historyMax,
    removeHistoryDuplicates: true,
    completer: (line: string) => complete(line, words),
  });
  let pending = "";
  terminal.on("SIGINT", () => {
    pending = "";
    terminal.write(null, { ctrl: true, name: "u" });
    process.stdout.write("^C\n");
    prompt(terminal, pending);
  });
  prompt(terminal, pending);
  for await (const line of terminal) {
    if (pending === "" && line.trim().startsWith(".")) {
      if (!(await dotCommand(session, line.trim(), state, options))) break;
    } else {
      pending = pending === "" ? line : `${pending}\n${line}`;
      if (pending.trim() === "") pending = "";
      else if (isComplete(pending)) {
        saveHistory(pending);
        const statement = pending;
        pending = "";
        terminal.pause();
        await runScript(session, statement, shellOptions(state, options));
        terminal.resume();
        for (const word of await completionWords(session)) words.add(word);
      }
    }
    prompt(terminal, pending);
  }
  process.stdout.write("\n");
  return 0;
}

function shellOptions(state: ShellState, options: ScriptOptions): ScriptOptions {
  const { output: _output, ...rest } = options;
  return { ...rest, ...(state.format && { format: state.format }), timer: state.timer, interactive: true };
}

function prompt(terminal: Interface, pending: string): void {
  terminal.setPrompt(pending === "" ? "volley> " : "   ...> ");
  terminal.prompt();
}

/** Whether the text ends in a semicolon outside quotes and comments. */
export function isComplete(text: string): boolean {
  const bare = text.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\//g, (part) =>
    /^['"]/.test(part) ? "x" : "",
  );
  return !/['"]|\/\*/.test(bare) && /;\s*$/.test(bare);
}

/** False to leave. */
async function dotCommand(
  session: SessionContext,
  line: string,
  state: ShellState,
  options: ScriptOptions,
): Promise<boolean> {
  const [command, ...args] = line.split(/\s+/);
  const argument = args.join(" ");
  const run = (sql: string) => runScript(session, sql, { ...shellOptions(state, options), timer: false });
  switch (command) {
    case ".quit":
    case ".exit":
      return false;
    case ".help":
      process.stdout.write(help);
      return true;
    case ".tables":
      await run("show tables");
      return true;
    case ".schema":
      for (const name of argument === "" ? session.catalog.names() : [argument]) {
        if (argument === "") process.stdout.write(`${name}\n`);
        await run(`describe ${quoteName(name)}`);
      }
      return true;
    case ".timer":
      state.timer = argument !== "off";
      return true;
    case ".format": {
      const known = outputFormats.find((format) => format === argument);
      if (known) state.format = known;
      else process.stderr.write(`error: formats are ${outputFormats.join(", ")}\n`);
      return true;
    }
    case ".read":
      await readFile(argument, run);
      return true;
    default:
      process.stderr.write(`error: unknown command ${command}; .help lists them\n`);
      return true;
  }
}

async function readFile(path: string, run: (sql: string) => Promise<number>): Promise<void> {
  try {
    await run(readFileSync(path, "utf8"));
  } catch (error) {
    process.stderr.write(`error: cannot read ${path}: ${QueryError.from(error).message}\n`);
  }
}

function quoteName(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

const keywords = [
  "select", "from", "where", "group by", "order by", "having", "limit", "offset", "join", "left join", "inner join",
  "full join", "on", "using", "union all", "with", "as", "distinct", "case", "when", "then", "else", "end", "between",
  "like", "in", "exists", "is null", "is not null", "explain", "explain analyze", "describe", "show tables", "create view",
  "create external table", "read_parquet(", "read_csv(", "count(", "sum(", "avg(", "min(", "max(",
]; // biome-ignore format: a word list

/** Keywords, tables and the columns of tables. */
async function completionWords(session: SessionContext): Promise<Set<string>> {
  const words = new Set<string>(keywords);
  for (const name of session.catalog.names()) {
    words.add(name);
    const table = await session.catalog.table([name]).catch(() => undefined);
    for (const field of table?.schema.fields ?? []) words.add(field.name);
  }
  for (const { name } of session.views.values()) words.add(name);
  return words;
}

/** Completes the last word of a line. */
export function complete(line: string, words: Iterable<string>): [string[], string] {
  const last = /[\w.]*$/.exec(line)![0];
  const start = last.slice(last.lastIndexOf(".") + 1);
  if (start === "" && !last.endsWith(".")) return [[], ""];
  const hits = [...words].filter((word) => word.toLowerCase().startsWith(start.toLowerCase())).sort();
  return [hits, start];
}

function historyFile(): string {
  return process.env.VOLLEY_HISTORY ?? join(homedir(), ".volley", "history");
}

/** Newest first, as readline wants it. */
function loadHistory(): string[] {
  const file = historyFile();
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8").split("\n").filter(Boolean).slice(-historyMax).reverse();
}

function saveHistory(statement: string): void {
  try {
    mkdirSync(dirname(historyFile()), { recursive: true });
    appendFileSync(historyFile(), `${statement.replace(/\s+/g, " ").trim()}\n`, { mode: 0o600 });
  } catch {
    // A read-only home is no reason to stop.
  }
}
