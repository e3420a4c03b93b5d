/**
 * How a client wants the rows of an answer. It says so with the statement only, so it stands in the addresses of the pages,
 * which may be asked for by any process.
 */
import { type Encoding, encodingNamed, encodingOf } from "./data-encoding.ts";
import type { TrinoSession } from "./session.ts";

export interface AnswerForm {
  /** Timestamps with all their digits, for clients that know types of a precision. */
  readonly parametric: boolean;
  /** Absent: rows directly in the page. */
  readonly encoding?: Encoding;
}

/** Of an address. */
export const formPattern = "(?:micros|millis)-[a-z0-9+]{1,20}";

export function formOf(session: TrinoSession): AnswerForm {
  const encoding = encodingOf(session.encodings);
  return { parametric: session.capabilities.has("PARAMETRIC_DATETIME"), ...(encoding && { encoding }) };
}

export function formatForm({ parametric, encoding }: AnswerForm): string {
  return `${parametric ? "micros" : "millis"}-${encoding?.name ?? "rows"}`;
}

export function parseForm(text: string): AnswerForm {
  const [digits, name = ""] = text.split("-");
  const encoding = encodingNamed(name);
  return { parametric: digits === "micros", ...(encoding && { encoding }) };
}
