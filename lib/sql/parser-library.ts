/** The one place that touches the SQL parser library: loads its WebAssembly once, on first use, and mends it after a trap. */
import { readFile } from "node:fs/promises";
import { QueryError } from "../errors.ts";

/** The part of the library's generated glue that is used. */
interface Glue {
  initSync(options: { module: WebAssembly.Module }): unknown;
  parse_sql_with_options(dialect: string, sql: string, options: { recursionLimit: number }): unknown;
}

/** How deep syntax may nest; the parser's stack is known to hold this much. */
const recursionLimit = 200;

let compiled: Promise<WebAssembly.Module> | undefined;
let instance: Promise<Glue> | undefined;
let instances = 0;

/**
 * The library's syntax trees of the statements in `sql`, as it serialises them.
 * Fails with its ParserError ({ message }) on text that is not SQL; with a QueryError `syntax` on text nested too deeply.
 */
export async function parseWithLibrary(sql: string): Promise<readonly unknown[]> {
  instance ??= instantiate();
  const glue = await instance;
  try {
    return glue.parse_sql_with_options("generic", sql, { recursionLimit }) as unknown[];
  } catch (thrown) {
    // The library throws plain objects for syntax errors; an Error is a trap, after which its memory is not to be trusted.
    if (!(thrown instanceof Error)) throw thrown;
    instance = undefined;
    throw new QueryError("syntax", "the query is nested too deeply", {
      hint: "split long chains of operators, for example into an IN list",
      cause: thrown,
    });
  }
}

/** A fresh copy of the glue: it keeps its instance in a module variable, so that a new one needs a new module. */
async function instantiate(): Promise<Glue> {
  const base = import.meta.resolve("@guanmingchiu/sqlparser-ts");
  compiled ??= readFile(new URL("../wasm/sqlparser_rs_wasm_bg.wasm", base)).then(
    (bytes) => new WebAssembly.Module(bytes),
  );
  const url = new URL("../wasm/sqlparser_rs_wasm.js", base);
  url.searchParams.set("instance", String(instances++));
  const [module, glue] = await Promise.all([compiled, import(url.href) as Promise<Glue>]);
  glue.initSync({ module });
  return glue;
}
