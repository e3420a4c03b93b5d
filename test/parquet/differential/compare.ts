/** Three readers on one file: each gives the expected values, or refuses exactly what the table of refusals says. */
import assert from "node:assert/strict";
import type { Value } from "../../../lib/arrow/value.ts";
import { type ReaderName, readerNames, readers, sameValue } from "./readers.ts";

export interface ExpectedColumn {
  readonly name: string;
  /** By reader, since each has units of its own. */
  readonly expected: Readonly<Record<ReaderName, readonly Value[]>>;
}

/** A reader does not give the expected values. */
export interface Refusal {
  /** Part of its message; "differs": it gives others. */
  readonly message: RegExp | "differs";
  /** It gives the right ones in some cases. */
  readonly sometimes?: boolean;
}

export type RefusalOf = (reader: ReaderName, column: string) => Refusal | undefined;

export async function compareReaders(
  path: string,
  name: string,
  columns: readonly ExpectedColumn[],
  refusalOf: RefusalOf,
): Promise<void> {
  for (const reader of readerNames) {
    const wanted = columns.filter((column) => refusalOf(reader, column.name) === undefined);
    const read =
      wanted.length > 0
        ? await readers[reader](
            path,
            wanted.map(({ name }) => name),
          )
        : new Map();
    for (const column of wanted) {
      const difference = firstDifference(reader, column, read.get(column.name) ?? []);
      if (difference) assert.fail(`${reader}, ${column.name}: ${difference} (${name})`);
    }
    for (const column of columns) {
      const refusal = refusalOf(reader, column.name);
      if (refusal) await assertRefused(path, name, reader, column, refusal);
    }
  }
}

/** What is in the table of refusals must be so: a reader that has learnt to read a column has to be taken out of it. */
async function assertRefused(
  path: string,
  name: string,
  reader: ReaderName,
  column: ExpectedColumn,
  { message, sometimes }: Refusal,
): Promise<void> {
  const place = `${reader}, ${column.name} (${name})`;
  const answer = await readers[reader](path, [column.name]).catch((error: unknown) => messageOf(error));
  if (typeof answer === "string") {
    if (message === "differs") assert.fail(`${place} fails instead of giving other values: ${answer}`);
    assert.match(answer, message, place);
    return;
  }
  const difference = firstDifference(reader, column, answer.get(column.name) ?? []);
  if (difference && message !== "differs") assert.fail(`${place} gives other values: ${difference}`);
  if (!difference && !sometimes) assert.fail(`${place} is read rightly: it is no longer refused`);
}

/** parquet-wasm throws strings. */
function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function firstDifference(
  reader: ReaderName,
  { expected: all }: ExpectedColumn,
  actual: readonly Value[],
): string | undefined {
  const expected = all[reader];
  if (actual.length !== expected.length) return `${actual.length} rows instead of ${expected.length}`;
  for (const [row, value] of expected.entries()) {
    if (!sameValue(actual[row]!, value)) return `row ${row} is ${show(actual[row]!)} instead of ${show(value)}`;
  }
  return undefined;
}

function show(value: Value): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : String(value);
}
