/** A compiled expression: a node with registers of its own, evaluated at most once per set of rows. */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { type DataType, decimalPrecisionMax } from "../../arrow/types.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import type { LinearMemory } from "../../kernels/memory.ts";
import type { Rows } from "./rows.ts";

export abstract class ExpressionNode {
  readonly type: DataType;
  protected readonly memory: LinearMemory;
  readonly #flatten: FlattenBuffer;
  #rows: Rows | undefined;
  #result: Vector | undefined;
  #flat: FlatVector | undefined;
  #wide: FlatVector | undefined;
  #bits: number | undefined;

  constructor(memory: LinearMemory, type: DataType) {
    this.memory = memory;
    this.type = type;
    this.#flatten = new FlattenBuffer(memory);
  }

  protected abstract compute(rows: Rows): Vector;

  /** Gives back the registers of this node, not those of its inputs. */
  close(): void {
    this.#flatten.free();
    this.#forget();
  }

  /** The value for every row; valid until the next rows. */
  evaluate(rows: Rows): Vector {
    if (this.#rows === rows) return this.#result!;
    this.#forget();
    this.#result = this.compute(rows);
    this.#rows = rows;
    return this.#result;
  }

  /** The value, flat; a decimal may be narrow. */
  flat(rows: Rows): FlatVector {
    const vector = this.evaluate(rows);
    this.#flat ??= this.flatten(vector);
    return this.#flat;
  }

  /** A decimal's value, flat, as i128. */
  wide(rows: Rows): FlatVector {
    const flat = this.flat(rows);
    this.#wide ??= this.#flatten.toPhysical(flat, "i128");
    return this.#wide;
  }

  /** A k such that every value v of an i64 result has |v| ≤ 2^k; 127 when the values are wider. */
  bits(rows: Rows): number {
    const vector = this.evaluate(rows);
    this.#bits ??= this.computeBits(vector, rows);
    return this.#bits;
  }

  /** Whether the result of these rows was computed already (then asking again costs nothing). */
  isKnown(rows: Rows): boolean {
    return this.#rows === rows;
  }

  protected flatten(vector: Vector): FlatVector {
    return this.#flatten.flatten(vector);
  }

  protected computeBits(vector: Vector, rows: Rows): number {
    const base = vector.kind === "selection" ? vector.base : vector;
    if (base.kind === "dictionary") return this.#scanBits(base.dictionary.values);
    return this.#scanBits(vector.kind === "constant" ? vector.value : this.flat(rows));
  }

  #scanBits(values: FlatVector): number {
    return values.physical === "i64" ? this.memory.kernels.magnitudeBits(values.data, values.length) : 127;
  }

  #forget(): void {
    this.#rows = undefined;
    this.#result = undefined;
    this.#flat = undefined;
    this.#wide = undefined;
    this.#bits = undefined;
  }
}

/** By digits: the least k such that 10^digits ≤ 2^k. */
export const bitsOfDigits: readonly number[] = Array.from({ length: decimalPrecisionMax + 1 }, (_, digits) =>
  Math.ceil(digits * Math.log2(10)),
);
