/**
 * Vectors and batches in linear memory: small handles over pointers, never an object per value.
 * A vector is valid until the operator that gave it is asked for its next batch; who keeps data longer copies it.
 * Validity is one byte a row, 1 = present; pointer 0 = every row is present. Values at invalid rows are arbitrary but
 * harmless: codes stay in range, views have length 0 or point into memory.
 */
import type { Ptr } from "../kernels/memory.ts";
import type { DataType, PhysicalKind } from "./types.ts";

/**
 * Values side by side, physicalBytes[physical] bytes each. `physical` is physicalKind(type), with one exception: a
 * decimal of more than 18 digits may be "i64" when every value of this vector fits in one ("narrow"; the kernels keep
 * wide decimals narrow as long as each batch proves it safe). Who cannot use narrow values widens them at the door.
 */
export interface FlatVector {
  readonly kind: "flat";
  readonly type: DataType;
  readonly physical: PhysicalKind;
  readonly length: number;
  readonly data: Ptr;
  readonly validity: Ptr;
}

/** Codes into a dictionary. The dictionary itself has no nulls, may repeat values, and outlives the batch (see its id). */
export interface DictionaryVector {
  readonly kind: "dictionary";
  readonly type: DataType;
  readonly length: number;
  readonly codes: Ptr;
  readonly codeBytes: 1 | 2 | 4;
  readonly validity: Ptr;
  readonly dictionary: Dictionary;
}

/** Shared by all batches cut from one column chunk: work done on its values is done once, keyed by id. */
export interface Dictionary {
  /** Unique in the process while the dictionary lives. */
  readonly id: number;
  readonly values: FlatVector;
}

/** One value for every row: `value` has length 1. */
export interface ConstantVector {
  readonly kind: "constant";
  readonly type: DataType;
  readonly length: number;
  readonly value: FlatVector;
}

/** Rows of another vector: row i is base row selection[i] (u32). `outer`: a selection of 0xffffffff is a NULL row. */
export interface SelectionVector {
  readonly kind: "selection";
  readonly type: DataType;
  readonly length: number;
  readonly selection: Ptr;
  readonly outer: boolean;
  readonly base: FlatVector | DictionaryVector;
}

export type Vector = FlatVector | DictionaryVector | ConstantVector | SelectionVector;

/** Rows side by side: every vector has `length` rows. */
export interface Batch {
  readonly length: number;
  readonly columns: readonly Vector[];
}

let dictionaryIds = 0;

export function newDictionary(values: FlatVector): Dictionary {
  return { id: ++dictionaryIds, values };
}
