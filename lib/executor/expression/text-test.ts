/** Comparisons of a string column with a constant. */
import { types } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import { ValueWriter } from "../../arrow/value-access.ts";
import type { FlatVector } from "../../arrow/vector.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import type { ColumnTest } from "./range-test.ts";

/** By operator: the kernel's code and whether it is negated. */
const kernelOps: Readonly<Record<string, readonly [number, number]>> = {
  "=": [0, 0],
  "<>": [0, 1],
  "<": [2, 0],
  ">=": [2, 1],
  "<=": [3, 0],
  ">": [3, 1],
};

export class TextComparisonTest implements ColumnTest {
  readonly #memory: LinearMemory;
  readonly #op: readonly [number, number];
  readonly #writer: ValueWriter;
  readonly #constant: Ptr;

  constructor(memory: LinearMemory, op: string, value: Value, negate: boolean) {
    this.#memory = memory;
    const [code, negated] = kernelOps[op]!;
    this.#op = [code, negated ^ (negate ? 1 : 0)];
    this.#writer = new ValueWriter(memory, typeof value === "string" ? types.varchar : types.binary);
    this.#constant = this.#writer.write([value]).data;
  }

  select(values: FlatVector, n: number, ids: Ptr, out: Ptr): number {
    const [op, negate] = this.#op;
    return this.#memory.kernels.selectCompareView(op, values.data, n, ids, this.#constant, negate, out);
  }

  close(): void {
    this.#writer.free();
  }
}
