/** `volley`: runs SQL from the command line, a file, standard input or an interactive shell. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { QueryError } from "../errors.ts";
import { formatOfFile, type OutputFormat, outputFormats } from "../output/format.ts";
import { parseBytes, SessionContext } from "../session/session.ts";
import { version } from "../version.ts";
import { exit } from "./exit.ts";
import { readText } from "./read-text.ts";
import { runScript } from "./run-script.ts";
import type { ServeArguments } from "./serve.ts";
import { registerTables } from "./tables.ts";
import type { TpchArguments } from "./tpch.ts";

export interface CliOptions {
  readonly file?: string;
  readonly table: readonly string[];
  readonly tables: readonly string[];
  readonly format?: OutputFormat;
  readonly output?: string;
  readonly graph?: string;
  readonly rows: number;
  readonly threads?: number;
  readonly memory?: string;
  readonly param: readonly string[];
  readonly remote?: string;
  readonly token?: string;
  readonly timer?: boolean;
  readonly progress: boolean;
}

/** More rows of a table than people read. */
const tableRowsDefault = 100;

const examples = `
Examples:
  volley "select count(*) from 'data/*.parquet'"
  volley --tables data "select * from orders limit 10" -o orders.csv
  volley tpch --sf 0.1 --out tpch && volley --tables tpch
  volley serve --tables data
`;

/** Runs the command; resolves with its exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let code: number = exit.ok;
  const program = buildProgram((exitCode) => {
    code = exitCode;
  });
  try {
    await program.parseAsync(argv.map(asOperand), { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exit.ok : exit.usage;
    throw error;
  }
}

function buildProgram(done: (code: number) => void): Command {
  const program = new Command("volley")
    .description("SQL over Parquet and CSV, in distributed stages on this machine.")
    .version(version, "-V, --version")
    .argument("[sql]", "statements to run, separated by ;")
    .option("-f, --file <file>", "run the statements in a file")
    .option("-t, --table <name=path>", "name a file, folder or pattern (repeatable)", collect, [])
    .option("-T, --tables <dir>", "name every file and folder in a folder (repeatable)", collect, [])
    .addOption(new Option("-F, --format <format>", "how to print answers").choices([...outputFormats]))
    .option("-o, --output <file>", "write the answer to a file; its ending gives the format unless --format does")
    .option(
      "-p, --param <value>",
      "the value of the next parameter ($1, $2, …), or name=value (repeatable)",
      collect,
      [],
    )
    .option(
      "-r, --rows <n>",
      "rows of a printed table, the middle is left out; 0 for all",
      wholeNumber,
      tableRowsDefault,
    )
    .option("--graph <file>", "draw the query's stages into a .svg or .dot file instead of running it", graphFile)
    .option("--remote <url>", "run the statements behind a Volley API")
    .option("--token <secret>", "for --remote (or VOLLEY_TOKEN; AWS hosts get signed requests instead)")
    .option("--threads <n>", "executor threads (default: all cores)", positiveInteger)
    .option("--memory <size>", "memory of all executors together, such as 4GB (default: 3/4 of the machine's)", size)
    .option("--timer", "print what each query did and how long it took, on standard error")
    .option("--no-progress", "no progress bar")
    .addHelpText("after", examples)
    // Options behind a command are its own.
    .enablePositionalOptions()
    .showHelpAfterError("(volley --help shows how)")
    .exitOverride()
    .action(async (sql: string | undefined, options: CliOptions) => done(await runSql(sql, options)));
  program
    .command("tpch")
    .description("Generate the TPC-H tables as Parquet.")
    .requiredOption("--sf <scale>", "scale factor: 1 is about 1 GB of raw data", positiveNumber)
    .requiredOption("--out <dir>", "folder to write to")
    .option("--parts <k>", "files per large table", positiveInteger, 1)
    .option("--threads <n>", "generator threads (default: all cores)", positiveInteger)
    .option("--no-progress", "no progress bar")
    .exitOverride()
    .action(async (options: TpchArguments) => done(await runTpch(options)));
  program
    .command("serve")
    .description("Answer queries over HTTP: the native API and the Trino protocol.")
    .option("--port <n>", "port; 0 for any free one", wholeNumber, 8080)
    .option("--host <name>", "address to listen on", "127.0.0.1")
    .option("--token <secret>", "lets a client in (repeatable; or VOLLEY_TOKEN); none: this machine only", collect, [])
    .option("-t, --table <name=path>", "name a file, folder or pattern (repeatable)", collect, [])
    .option("-T, --tables <dir>", "name every file and folder in a folder (repeatable)", collect, [])
    .option("--threads <n>", "executor threads (default: all cores)", positiveInteger)
    .option("--memory <size>", "memory of all executors together, such as 4GB (default: 3/4 of the machine's)", size)
    .exitOverride()
    .action(async (options: ServeArguments) => done(await serve(options)));
  return program;
}

async function serve(options: ServeArguments): Promise<number> {
  const { runServe } = await import("./serve.ts");
  try {
    return await runServe(options);
  } catch (error) {
    if (error instanceof QueryError) return usage(error.message, error.hint);
    return usage((error as Error).message);
  }
}

/** SQL may start with a comment, which commander would take for an option. */
function asOperand(argument: string): string {
  return /^--(?![\w-]+=)\S*\s/.test(argument) ? ` ${argument}` : argument;
}

async function runSql(sql: string | undefined, options: CliOptions): Promise<number> {
  if (sql !== undefined && options.file !== undefined) return usage("give either SQL or --file, not both");
  const interactive = sql === undefined && options.file === undefined && process.stdin.isTTY === true;
  let text = "";
  try {
    if (!interactive) text = sql ?? readText(options.file ?? 0);
    // A mistake in the ending should show before the query runs.
    if (options.output && !options.format) formatOfFile(options.output);
  } catch (error) {
    if (error instanceof QueryError) return usage(error.message, error.hint);
    return usage(`cannot read ${options.file ?? "standard input"}: ${(error as Error).message}`);
  }
  if (options.remote !== undefined) return runRemote(text, interactive, options);
  const { threads, memory } = options;
  let session: SessionContext | undefined;
  try {
    session = await SessionContext.standalone({ ...(threads && { threads }), ...(memory && { memory }) });
    await registerTables(session, options);
  } catch (error) {
    await session?.close();
    if (error instanceof QueryError) return usage(error.message, error.hint);
    throw error;
  }
  try {
    if (!interactive) return await runScript(session, text, options);
    const { runShell } = await import("./shell.ts");
    return await runShell(session, options);
  } finally {
    await session.close();
  }
}

/** Statements run behind an API; tables, threads and memory of this machine have no part in it. */
async function runRemote(text: string, interactive: boolean, options: CliOptions): Promise<number> {
  const local = (["table", "tables"] as const).find((name) => options[name].length > 0);
  if (local) return usage(`--${local} names data of this machine, which --remote does not read`);
  const resource = (["threads", "memory"] as const).find((name) => options[name] !== undefined);
  if (resource) return usage(`--${resource} is about this machine, and --remote runs elsewhere`);
  try {
    await using session = await SessionContext.remote(options.remote!, options.token ? { token: options.token } : {});
    if (!interactive) return await runScript(session, text, options);
    // A wrong address or token should show before anything is typed.
    await session.tables();
    const { runShell } = await import("./shell.ts");
    return await runShell(session, options);
  } catch (error) {
    if (error instanceof QueryError) return usage(error.message, error.hint);
    throw error;
  }
}

async function runTpch(options: TpchArguments): Promise<number> {
  const { generateCommand } = await import("./tpch.ts");
  return generateCommand(options);
}

function usage(message: string, hint?: string): number {
  process.stderr.write(`error: ${message}\n${hint ? `hint: ${hint}\n` : ""}`);
  return exit.usage;
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function positiveInteger(value: string): number {
  if (/^[1-9]\d*$/.test(value)) return Number(value);
  throw new InvalidArgumentError("It must be a whole number from 1.");
}

function wholeNumber(value: string): number {
  if (/^\d+$/.test(value)) return Number(value);
  throw new InvalidArgumentError("It must be a whole number.");
}

function graphFile(value: string): string {
  if (/\.(svg|dot)$/i.test(value)) return value;
  throw new InvalidArgumentError("It must end in .svg or .dot.");
}

function positiveNumber(value: string): number {
  const number = Number(value);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new InvalidArgumentError("It must be a number above 0.");
}

function size(value: string): string {
  try {
    parseBytes(value);
    return value;
  } catch {
    throw new InvalidArgumentError("It must be a size such as 512MB or 4GB.");
  }
}
