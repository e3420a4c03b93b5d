/** An error as people like to read it: the line of the query, and a caret under the place. */
import type { QueryError } from "../errors.ts";

/** Lines longer than this are cut around the caret. */
const widthMax = 100;

/** `message`, the line at the error's span with a caret line below it, and the hint; without a span just the message. */
export function renderError(error: QueryError, sql: string): string {
  const hint = error.hint ? [`hint: ${error.hint}`] : [];
  return [`error: ${error.message}`, ...caretLines(error, sql), ...hint].join("\n");
}

function caretLines({ span }: QueryError, sql: string): string[] {
  const line = span && sql.split("\n")[span.line - 1]?.replace(/\r$/, "");
  if (!span || line === undefined) return [];
  // Columns count code points, as the parser does.
  const points = [...line];
  const start = Math.min(span.column - 1, points.length);
  const sameLine = span.endLine === undefined || span.endLine === span.line;
  const end = sameLine ? (span.endColumn ?? span.column + 1) - 1 : points.length;
  const from = start > widthMax - 20 ? start - 20 : 0;
  const to = Math.min(points.length, from + widthMax);
  const cutLeft = from > 0 ? "…" : "";
  const gutter = `LINE ${span.line}: `;
  const shown = cutLeft + points.slice(from, to).join("") + (to < points.length ? "…" : "");
  // Tabs stay tabs, so that the caret stands right at any tab width.
  const pad = " ".repeat(gutter.length + cutLeft.length) + points.slice(from, start).map(blank).join("");
  return [gutter + shown, pad + "^".repeat(Math.max(1, Math.min(end, to) - start))];
}

function blank(char: string): string {
  return char === "\t" ? "\t" : " ";
}
