/** Some adjacent rows of vectors and batches: pointers move, nothing is copied. */
import { physicalBytes } from "./types.ts";
import type { Batch, Vector } from "./vector.ts";

/** Rows [from, to) of a vector. */
export function sliceVector(vector: Vector, from: number, to: number): Vector {
  const length = to - from;
  switch (vector.kind) {
    case "flat":
      return {
        ...vector,
        length,
        data: vector.data + from * physicalBytes[vector.physical],
        validity: vector.validity === 0 ? 0 : vector.validity + from,
      };
    case "dictionary":
      return {
        ...vector,
        length,
        codes: vector.codes + from * vector.codeBytes,
        validity: vector.validity === 0 ? 0 : vector.validity + from,
      };
    case "constant":
      return { ...vector, length };
    case "selection":
      return { ...vector, length, selection: vector.selection + from * 4 };
  }
}

/** Rows [from, to) of a batch. */
export function sliceBatch(batch: Batch, from: number, to: number): Batch {
  if (from === 0 && to === batch.length) return batch;
  return { length: to - from, columns: batch.columns.map((column) => sliceVector(column, from, to)) };
}
