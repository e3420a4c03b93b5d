/** Statements that write to the disk of a session: callers of an API have none, and must not write to the server's. */
import { unsupported } from "../errors.ts";
import type { CopyStatement, CreateTableStatement, InsertStatement, Statement } from "../sql/statement-ast.ts";

type LocalStatement = CopyStatement | CreateTableStatement | InsertStatement;
export type ServedStatement = Exclude<Statement, LocalStatement>;

const localStatements: Readonly<Record<LocalStatement["kind"], string>> = {
  copy: "COPY over the API",
  create_table: "CREATE TABLE without EXTERNAL over the API",
  insert: "INSERT over the API",
};

/** @throws QueryError unsupported */
export function refuseLocal(statement: Statement): asserts statement is ServedStatement {
  const { kind } = statement;
  if (kind !== "copy" && kind !== "create_table" && kind !== "insert") return;
  const span = kind === "copy" ? statement.span : statement.name[0]?.span;
  const hint = kind === "copy" ? "read the answer, and write it where you are" : "CREATE VIEW keeps a query";
  throw unsupported(localStatements[kind], span, hint);
}
