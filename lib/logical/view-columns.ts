/** The columns of a view by the names that its definition gives them, or else its query. */
import { QueryError } from "../errors.ts";
import type { CreateViewStatement } from "../sql/statement-ast.ts";

/** @throws QueryError invalid_argument when there are more names than columns */
export function viewColumnNames({ name, columns }: CreateViewStatement, names: readonly string[]): readonly string[] {
  const extra = columns[names.length];
  if (extra) {
    const view = name.map(({ text }) => text).join(".");
    const message = `${view} has ${names.length} columns, but ${columns.length} names are given`;
    throw new QueryError("invalid_argument", message, { span: extra.span });
  }
  return names.map((own, i) => columns[i]?.text ?? own);
}
