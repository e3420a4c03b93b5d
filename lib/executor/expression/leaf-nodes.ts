/** Columns and constants. */
import { type DataType, physicalBytes } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import { ValueWriter } from "../../arrow/value-access.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import type { LinearMemory } from "../../kernels/memory.ts";
import { ExpressionNode } from "./node.ts";
import type { Rows } from "./rows.ts";

export class ColumnNode extends ExpressionNode {
  readonly index: number;

  constructor(memory: LinearMemory, type: DataType, index: number) {
    super(memory, type);
    this.index = index;
  }

  protected compute(rows: Rows): Vector {
    return rows.columns[this.index]!;
  }
}

/** One value, kept in memory as long as the node lives; its flat form is filled once and serves every shorter batch. */
export class ConstantNode extends ExpressionNode {
  readonly value: Value;
  readonly vector: FlatVector;
  readonly #writer: ValueWriter;
  #expanded: FlatVector | undefined;

  constructor(memory: LinearMemory, type: DataType, value: Value) {
    super(memory, type);
    this.value = value;
    this.#writer = new ValueWriter(memory, type);
    this.vector = this.#narrow(this.#writer.write([value]));
  }

  protected compute(rows: Rows): Vector {
    return { kind: "constant", type: this.type, length: rows.length, value: this.vector };
  }

  protected override flatten(vector: Vector): FlatVector {
    const { length } = vector;
    if (this.#expanded === undefined || this.#expanded.length < length) {
      this.#expanded = super.flatten({
        ...vector,
        length: Math.max(length, 2 * (this.#expanded?.length ?? 0)),
      } as Vector);
    }
    return { ...this.#expanded, length };
  }

  override close(): void {
    super.close();
    this.#writer.free();
  }

  /** The low half of a small i128 is its i64. */
  #narrow(value: FlatVector): FlatVector {
    if (value.physical !== "i128") return value;
    const unscaled = (this.value ?? 0n) as bigint;
    return BigInt.asIntN(64, unscaled) === unscaled ? { ...value, physical: "i64" } : value;
  }
}

/** Bytes of one value of a flat vector. */
export function widthOfFlat(vector: FlatVector): number {
  return physicalBytes[vector.physical];
}
