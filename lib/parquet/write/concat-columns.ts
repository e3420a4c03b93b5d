import { QueryError } from "../../errors.ts";
import type { ColumnBatch } from "./arrow-columns.ts";
import type { ColumnData, ColumnValues } from "./column-data.ts";

/** Batches of the same columns one after another. */
export function concatColumns(batches: readonly ColumnBatch[]): ColumnBatch {
  const [first] = batches;
  if (first === undefined) return { rows: 0, columns: [] };
  if (batches.length === 1) return first;
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
  const columns = first.columns.map((_, i): ColumnData => {
    const parts = batches.map((batch) => ({ rows: batch.rows, ...(batch.columns[i] as ColumnData) }));
    const values = concatValues(parts, rows);
    if (parts.every((part) => part.validity === undefined)) return { values };
    return {
      values,
      validity: concatBits(
        parts.map((part) => ({ rows: part.rows, bits: part.validity })),
        rows,
      ),
    };
  });
  return { rows, columns };
}

type Part = ColumnData & { readonly rows: number };
type Of<K extends ColumnValues["kind"]> = Extract<ColumnValues, { kind: K }>;

function concatValues(parts: readonly Part[], rows: number): ColumnValues {
  switch (parts[0]?.values.kind) {
    case "bits":
      return {
        kind: "bits",
        bits: concatBits(
          parts.map(({ rows: count, values }) => ({ rows: count, bits: (values as Of<"bits">).bits })),
          rows,
        ),
      };
    case "i32":
      return { kind: "i32", values: concatInts(parts.map(({ values }) => (values as Of<"i32">).values)) };
    case "words":
      return { kind: "words", words: concatInts(parts.map(({ values }) => (values as Of<"words">).words)) };
    case "bytes":
      return concatBytes(
        parts.map(({ rows: count, values }) => ({ rows: count, ...(values as Of<"bytes">) })),
        rows,
      );
    default:
      throw new QueryError("internal", "dictionaries of several batches cannot be joined");
  }
}

function concatInts(parts: readonly (Int8Array | Int16Array | Int32Array)[]): Int32Array {
  const joined = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Absent bits are ones. */
function concatBits(parts: readonly { rows: number; bits: Uint8Array | undefined }[], rows: number): Uint8Array {
  const joined = new Uint8Array(Math.ceil(rows / 8));
  let out = 0;
  for (const { rows: count, bits } of parts) {
    for (let row = 0; row < count; row++, out++) {
      const bit = bits ? ((bits[row >> 3] as number) >> (row & 7)) & 1 : 1;
      joined[out >> 3] = (joined[out >> 3] as number) | (bit << (out & 7));
    }
  }
  return joined;
}

function concatBytes(parts: readonly (Of<"bytes"> & { rows: number })[], rows: number): ColumnValues {
  const offsets = new Int32Array(rows + 1);
  const used = parts.map((part) => part.bytes.subarray(part.offsets[0], part.offsets[part.rows]));
  const bytes = new Uint8Array(used.reduce((sum, part) => sum + part.length, 0));
  let row = 0;
  let at = 0;
  parts.forEach((part, p) => {
    const shift = at - (part.offsets[0] as number);
    for (let i = 0; i < part.rows; i++) offsets[++row] = (part.offsets[i + 1] as number) + shift;
    bytes.set(used[p] as Uint8Array, at);
    at += (used[p] as Uint8Array).length;
  });
  return { kind: "bytes", offsets, bytes };
}
