/** = <> < <= > >= over two vectors, to booleans; also the forms in which NULL equals NULL. */
import { type DataType, physicalKind, types } from "../../arrow/types.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import { StrictNode } from "./kernel-node.ts";
import { ExpressionNode } from "./node.ts";
import type { Rows } from "./rows.ts";

const opCode = { equal: 0, notEqual: 1, less: 2, lessEqual: 3 } as const;

/** By operator: the kernel's code, and whether the sides change places. */
const operators: Readonly<Record<string, readonly [number, boolean]>> = {
  "=": [opCode.equal, false],
  "<>": [opCode.notEqual, false],
  "<": [opCode.less, false],
  "<=": [opCode.lessEqual, false],
  ">": [opCode.less, true],
  ">=": [opCode.lessEqual, true],
};

export function isComparison(fn: string): boolean {
  return fn in operators;
}

function comparable(a: DataType, b: DataType): boolean {
  return a.kind === b.kind && a.kind !== "interval" && a.kind !== "null";
}

export function comparisonNode(
  memory: LinearMemory,
  fn: string,
  args: readonly ExpressionNode[],
): ExpressionNode | undefined {
  const [a, b] = args;
  if (!a || !b || !comparable(a.type, b.type)) return undefined;
  if (fn === "is_distinct_from" || fn === "is_not_distinct_from") {
    return new DistinctNode(memory, a, b, fn === "is_distinct_from");
  }
  const operator = operators[fn];
  if (!operator) return undefined;
  return new ComparisonNode(memory, operator[0], operator[1] ? [b, a] : [a, b]);
}

/** Runs a comparison kernel for whatever layout the two sides have. */
function compare(memory: LinearMemory, op: number, sides: readonly ExpressionNode[], rows: Rows, out: Ptr): void {
  const [x, y] = sides as [ExpressionNode, ExpressionNode];
  let [a, b] = [x.flat(rows), y.flat(rows)];
  if (a.physical !== b.physical) [a, b] = [x.wide(rows), y.wide(rows)];
  kernelFor(memory, a)(op, a.data, b.data, rows.length, out);
}

function kernelFor({ kernels }: LinearMemory, { physical }: FlatVector) {
  switch (physical) {
    case "bool":
    case "i8":
      return kernels.compareI8;
    case "i16":
      return kernels.compareI16;
    case "i32":
      return kernels.compareI32;
    case "i64":
      return kernels.compareI64;
    case "i128":
    case "interval":
      return kernels.compareI128;
    case "f32":
      return kernels.compareF32;
    case "f64":
      return kernels.compareF64;
    case "view":
      return kernels.compareView;
  }
}

class ComparisonNode extends StrictNode {
  readonly #op: number;

  constructor(memory: LinearMemory, op: number, args: readonly ExpressionNode[]) {
    super(memory, types.boolean, args);
    this.#op = op;
  }

  protected run(rows: Rows, validity: Ptr): FlatVector {
    const { length } = rows;
    const data = this.output(length, "bool");
    compare(this.memory, this.#op, this.args, rows, data);
    return { kind: "flat", type: types.boolean, physical: physicalKind(types.boolean), length, data, validity };
  }
}

/** IS [NOT] DISTINCT FROM: unequal values, or exactly one NULL. Never NULL. */
class DistinctNode extends ExpressionNode {
  readonly #sides: readonly [ExpressionNode, ExpressionNode];
  readonly #distinct: boolean;
  readonly #data: GrowableBlock;
  readonly #ones: GrowableBlock;

  constructor(memory: LinearMemory, a: ExpressionNode, b: ExpressionNode, distinct: boolean) {
    super(memory, types.boolean);
    this.#sides = [a, b];
    this.#distinct = distinct;
    this.#data = new GrowableBlock(memory);
    this.#ones = new GrowableBlock(memory);
  }

  protected compute(rows: Rows): Vector {
    const { length } = rows;
    const { kernels } = this.memory;
    const [a, b] = this.#sides.map((side) => side.flat(rows)) as [FlatVector, FlatVector];
    const data = this.#data.ensure(length);
    compare(this.memory, opCode.notEqual, this.#sides, rows, data);
    if (a.validity !== 0 || b.validity !== 0) {
      const ones = this.#ones.ensure(length);
      this.memory.u8.fill(1, ones, ones + length);
      kernels.distinctNulls(data, a.validity || ones, b.validity || ones, length, data);
    }
    if (!this.#distinct) kernels.notBytes(data, length, data);
    return { kind: "flat", type: types.boolean, physical: "bool", length, data, validity: 0 };
  }

  override close(): void {
    super.close();
    this.#data.free();
    this.#ones.free();
  }
}
