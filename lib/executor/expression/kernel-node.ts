/**
 * Nodes that are NULL where any input is, and otherwise run one dense kernel over flat inputs. A kernel may report an
 * error for rows that are NULL, whose values are arbitrary: then these rows are cleared and it runs again.
 */
import { type DataType, type PhysicalKind, physicalBytes, physicalKind } from "../../arrow/types.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import type { QueryError } from "../../errors.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import { blend, repeat } from "./moves.ts";
import { ExpressionNode } from "./node.ts";
import { Rows } from "./rows.ts";

/** Returns 0, or a code for `fail`. */
export type Kernel = (inputs: readonly FlatVector[], n: number, out: Ptr) => number;

export abstract class StrictNode extends ExpressionNode {
  protected readonly args: readonly ExpressionNode[];
  readonly #data: GrowableBlock;
  readonly #validity: GrowableBlock;
  readonly #constantArgs: boolean;

  constructor(memory: LinearMemory, type: DataType, args: readonly ExpressionNode[]) {
    super(memory, type);
    this.args = args;
    this.#data = new GrowableBlock(memory);
    this.#validity = new GrowableBlock(memory);
    this.#constantArgs = args.length > 0;
  }

  /** Computes n rows; `inputs` are flat, possibly of one row each when all are constant. */
  protected abstract run(rows: Rows, validity: Ptr): FlatVector;

  protected compute(rows: Rows): Vector {
    const inputs = this.args.map((arg) => arg.evaluate(rows));
    if (this.#constantArgs && rows.length > 1 && inputs.every((input) => input.kind === "constant")) {
      const value = this.flatten(this.compute(new Rows(rows.columns, 1)));
      return { kind: "constant", type: this.type, length: rows.length, value };
    }
    return this.run(rows, this.#mergeValidity(rows, inputs));
  }

  protected output(n: number, physical: PhysicalKind): Ptr {
    return this.#data.ensure(n * physicalBytes[physical]);
  }

  override close(): void {
    super.close();
    this.#data.free();
    this.#validity.free();
  }

  #mergeValidity(rows: Rows, inputs: readonly Vector[]): Ptr {
    let merged: Ptr = 0;
    for (const [i, input] of inputs.entries()) {
      if (isSurelyPresent(input)) continue;
      const { validity } = this.args[i]!.flat(rows);
      if (validity === 0 || validity === merged) continue;
      if (merged === 0) merged = validity;
      else {
        const out = this.#validity.ensure(rows.length);
        this.memory.kernels.andValidity(merged, validity, rows.length, out);
        merged = out;
      }
    }
    return merged;
  }
}

/** Whether no row can be NULL, without gathering anything. */
export function isSurelyPresent(vector: Vector): boolean {
  switch (vector.kind) {
    case "constant":
      return vector.value.validity === 0;
    case "selection":
      return !vector.outer && vector.base.validity === 0;
    default:
      return vector.validity === 0;
  }
}

/** A node of one kernel, whose inputs have the layouts of their types. */
export class KernelNode extends StrictNode {
  readonly #kernel: Kernel;
  readonly #physical: PhysicalKind;
  readonly #fail: ((code: number) => QueryError) | undefined;
  readonly #cleared: GrowableBlock[];

  constructor(
    memory: LinearMemory,
    type: DataType,
    args: readonly ExpressionNode[],
    kernel: Kernel,
    fail?: (code: number) => QueryError,
  ) {
    super(memory, type, args);
    this.#kernel = kernel;
    this.#physical = physicalKind(type);
    this.#fail = fail;
    this.#cleared = args.map(() => new GrowableBlock(memory));
  }

  protected run(rows: Rows, validity: Ptr): FlatVector {
    const { type } = this;
    const { length } = rows;
    const inputs = this.args.map((arg) => (physicalKind(arg.type) === "i128" ? arg.wide(rows) : arg.flat(rows)));
    const data = this.output(length, this.#physical);
    let code = this.#kernel(inputs, length, data);
    if (code !== 0 && validity !== 0) {
      const cleared = inputs.map((input, i) => clearNulls(this.memory, input, validity, length, this.#cleared[i]!));
      code = this.#kernel(cleared, length, data);
    }
    if (code !== 0) throw this.#fail!(code);
    return { kind: "flat", type, physical: this.#physical, length, data, validity };
  }

  override close(): void {
    super.close();
    for (const block of this.#cleared) block.free();
  }
}

/** A copy with a 1 at every row that is not valid. */
export function clearNulls(
  memory: LinearMemory,
  input: FlatVector,
  validity: Ptr,
  n: number,
  block: GrowableBlock,
): FlatVector {
  const width = physicalBytes[input.physical];
  const out = block.ensure(n * width + 16);
  const one = new GrowableBlock(memory);
  const value = one.ensure(16);
  memory.u8.fill(0, value, value + 16);
  memory.u8[value] = 1;
  repeat(memory, width)(value, n, out);
  blend(memory, width)(validity, input.data, out, n, out);
  one.free();
  return { ...input, data: out };
}
