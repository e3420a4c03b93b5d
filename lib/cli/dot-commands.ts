/** The shell's own commands, which start with a dot. */
import { QueryError } from "../errors.ts";
import { type OutputFormat, outputFormats } from "../output/format.ts";
import type { QuerySession } from "../output/query-session.ts";
import { shortName } from "./known-tables.ts";
import { quoteName } from "./quote-name.ts";
import { readText } from "./read-text.ts";

/** What the shell remembers from command to command. */
export interface ShellState {
  format: OutputFormat;
  timer: boolean;
  rows: number;
}

export interface CommandContext {
  readonly session: QuerySession;
  readonly state: ShellState;
  /** Runs statements and prints their answers, as if they were typed. */
  run(sql: string): Promise<void>;
  write(text: string): void;
}

interface DotCommand {
  readonly argument?: string;
  readonly help: string;
  /** False to leave the shell. @throws QueryError invalid_argument */
  run(argument: string, context: CommandContext): Promise<boolean>;
}

export const dotCommands: Readonly<Record<string, DotCommand>> = {
  ".tables": {
    help: "the tables and views",
    run: async (_, { run }) => done(run("show tables")),
  },
  ".schema": {
    argument: "[NAME]",
    help: "the columns of a table or view, or of all",
    run: async (argument, { session, run, write }) => {
      const names = argument === "" ? (await session.tables()).map(shortName) : [argument];
      for (const name of names) {
        if (argument === "") write(`${name}\n`);
        await run(`describe ${quoteName(name)}`);
      }
      return true;
    },
  },
  ".format": {
    argument: "FORMAT",
    help: outputFormats.filter(isText).join(", "),
    run: async (argument, { state }) => {
      const format = outputFormats.find((name) => name === argument && isText(name));
      if (!format) throw badArgument(`.format wants one of ${outputFormats.filter(isText).join(", ")}`);
      state.format = format;
      return true;
    },
  },
  ".rows": {
    argument: "N",
    help: "rows of a table that are printed; 0 for all",
    run: async (argument, { state }) => {
      if (!/^\d+$/.test(argument)) throw badArgument(".rows wants a whole number");
      state.rows = Number(argument);
      return true;
    },
  },
  ".timer": {
    argument: "on|off",
    help: "print what each query did and how long it took",
    run: async (argument, { state }) => {
      if (argument !== "on" && argument !== "off") throw badArgument(".timer wants on or off");
      state.timer = argument === "on";
      return true;
    },
  },
  ".read": {
    argument: "FILE",
    help: "run the statements in a file",
    run: async (argument, { run }) => {
      let text: string;
      try {
        text = readText(argument);
      } catch (error) {
        throw badArgument(`cannot read ${argument}: ${(error as Error).message}`);
      }
      return done(run(text));
    },
  },
  ".help": {
    help: "this",
    run: async (_, { write }) => {
      write(helpText());
      return true;
    },
  },
  ".quit": { help: "leave; so does Ctrl-D", run: async () => false },
};

/** Runs a line that starts with a dot. False to leave. @throws QueryError invalid_argument */
export async function runDotCommand(line: string, context: CommandContext): Promise<boolean> {
  const [name = "", ...rest] = line.trim().split(/\s+/);
  const command = dotCommands[name === ".exit" ? ".quit" : name];
  if (!command) throw badArgument(`unknown command ${name}; .help lists them`);
  return command.run(rest.join(" "), context);
}

function helpText(): string {
  const lines = Object.entries(dotCommands).map(([name, { argument = "", help }]) => {
    return `  ${`${name} ${argument}`.padEnd(18)} ${help}`;
  });
  const intro = "Statements end with a semicolon and may span lines. Ctrl-C drops the line or stops a running query.";
  return `${intro}\n${lines.join("\n")}\n`;
}

/** Arrow and Parquet are for files. */
function isText(format: OutputFormat): boolean {
  return format !== "arrow" && format !== "parquet";
}

async function done(running: Promise<void>): Promise<boolean> {
  await running;
  return true;
}

function badArgument(message: string): QueryError {
  return new QueryError("invalid_argument", message);
}
