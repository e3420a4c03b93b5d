/** Writes docs/sql-functions.md from the function registries. `node bin/write-function-docs.ts` */
import { writeFileSync } from "node:fs";
import { aggregateFamilies } from "../lib/expr/aggregates.ts";
import { functionFamilies } from "../lib/expr/functions/registry.ts";
import { windowFunctions } from "../lib/expr/window-functions.ts";

interface Documented {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly signatures: readonly string[];
  readonly about?: string;
}

export const functionDocsPath = new URL("../docs/sql-functions.md", import.meta.url);

const sqlNames: Readonly<Record<string, string>> = {
  int8: "TINYINT",
  int16: "SMALLINT",
  int32: "INTEGER",
  int64: "BIGINT",
  float32: "REAL",
  float64: "DOUBLE",
  timestamptz: "TIMESTAMPTZ",
};

const intro = `# SQL functions

Generated from the registries in \`lib/expr\` by \`node bin/write-function-docs.ts\`.

Names are case-insensitive. \`T\` stands for any type that all arguments marked \`T\` meet in, and \`NUMBER\`, \`INTEGER TYPE\`,
\`FLOAT TYPE\` and \`DECIMAL\` for any such type; \`ANY\` takes an argument as it is; \`...\` repeats the last argument. A result of \`T\` or
\`NUMBER\` has the type that the arguments met in. Unless the text says otherwise, a NULL argument makes the result NULL.
Semantics are DuckDB's, except: the quotient of integers is an integer; integer overflow and division by zero (of integers) are errors;
the session's time zone is UTC.
`;

const windowIntro = `Every aggregate function can be used with \`OVER (…)\` too; see [SQL](sql.md#window-functions).
`;

function typeText(name: string): string {
  const classes: Record<string, string> = { integer: "INTEGER TYPE", float: "FLOAT TYPE" };
  return classes[name] ?? sqlNames[name] ?? name.toUpperCase();
}

function signatureText(name: string, signature: string): string {
  const [left = "", result = ""] = signature.split("->").map((part) => part.trim());
  const args = left.replace(/[a-z]+\d*|T/g, (part) => (part === "p" || part === "s" ? part : typeText(part)));
  return `\`${name}(${args}) → ${result.replace(/[a-z]+\d*/g, (part) => (part === "p" || part === "s" ? part : typeText(part)))}\``;
}

function row({ name, aliases = [], signatures, about = "" }: Documented): string {
  const names = aliases.length > 0 ? ` Also ${aliases.map((alias) => `\`${alias}\``).join(", ")}.` : "";
  const cells = [signatures.map((signature) => signatureText(name, signature)).join("<br>"), about + names];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function family(title: string, functions: readonly Documented[]): string {
  return `### ${title}\n\n| Function | What it gives |\n|---|---|\n${functions.map(row).join("\n")}\n`;
}

/** The whole page. */
export function functionDocs(): string {
  const scalar = Object.entries(functionFamilies).map(([title, functions]) => family(title, functions));
  const aggregates = Object.entries(aggregateFamilies).map(([title, functions]) => family(title, functions));
  const windows = family("With OVER alone", windowFunctions);
  const parts = ["## Scalar functions\n", ...scalar, "## Aggregate functions\n", ...aggregates];
  return [intro, ...parts, "## Window functions\n", windowIntro, windows].join("\n");
}

if (process.argv[1] === import.meta.filename) writeFileSync(functionDocsPath, functionDocs());
