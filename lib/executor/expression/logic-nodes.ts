/** AND, OR, NOT and the tests of truth and of NULL: three-valued, on bytes. */
import { types } from "../../arrow/types.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import type { Branch } from "./branch.ts";
import { isSurelyPresent } from "./kernel-node.ts";
import { ExpressionNode } from "./node.ts";
import type { Rows } from "./rows.ts";

function booleans(data: Ptr, length: number, validity: Ptr): FlatVector {
  return { kind: "flat", type: types.boolean, physical: "bool", length, data, validity };
}

/** AND or OR of any number of conditions; those that may fail see only the rows that earlier ones left undecided. */
export class JunctionNode extends ExpressionNode {
  readonly #and: boolean;
  readonly #args: readonly (ExpressionNode | Branch)[];
  readonly #data: GrowableBlock;
  readonly #validity: GrowableBlock;
  readonly #undecided: GrowableBlock;
  readonly #scratch: GrowableBlock;
  readonly #scratchValidity: GrowableBlock;

  constructor(memory: LinearMemory, fn: "and" | "or", args: readonly (ExpressionNode | Branch)[]) {
    super(memory, types.boolean);
    this.#and = fn === "and";
    this.#args = args;
    this.#data = new GrowableBlock(memory);
    this.#validity = new GrowableBlock(memory);
    this.#undecided = new GrowableBlock(memory);
    this.#scratch = new GrowableBlock(memory);
    this.#scratchValidity = new GrowableBlock(memory);
  }

  protected compute(rows: Rows): Vector {
    const { length } = rows;
    let result: FlatVector | undefined;
    for (const arg of this.#args) {
      const next = arg instanceof ExpressionNode ? arg.flat(rows) : this.#evaluateUndecided(arg, rows, result);
      result = result === undefined ? next : next === undefined ? result : this.#combine(result, next, length);
    }
    return result ?? this.#neutral(length);
  }

  /** AND of nothing is TRUE, OR of nothing FALSE. */
  #neutral(length: number): FlatVector {
    const data = this.#data.ensure(length);
    this.memory.u8.fill(this.#and ? 1 : 0, data, data + length);
    return booleans(data, length, 0);
  }

  override close(): void {
    super.close();
    for (const arg of this.#args) if (!(arg instanceof ExpressionNode)) arg.close();
    for (const block of [this.#data, this.#validity, this.#undecided, this.#scratch, this.#scratchValidity])
      block.free();
  }

  #combine(a: FlatVector, b: FlatVector, n: number): FlatVector {
    const { kernels } = this.memory;
    const data = this.#data.ensure(n);
    if (a.validity === 0 && b.validity === 0) {
      (this.#and ? kernels.andBytes : kernels.orBytes)(a.data, b.data, n, data);
      return booleans(data, n, 0);
    }
    const validity = this.#validity.ensure(n);
    const kernel = this.#and ? kernels.andKleene : kernels.orKleene;
    kernel(a.data, a.validity, b.data, b.validity, n, data, validity);
    return booleans(data, n, validity);
  }

  /** The value where `so far` is not yet FALSE (AND) or TRUE (OR), and the neutral value elsewhere. */
  #evaluateUndecided(branch: Branch, rows: Rows, soFar: FlatVector | undefined): FlatVector | undefined {
    const { kernels } = this.memory;
    const { length } = rows;
    if (soFar === undefined) return branch.node.flat(branch.rowsOf(rows, { ids: 0, count: length }));
    const decided = this.#scratch.ensure(length);
    kernels.isTruth(soFar.data, soFar.validity, this.#and ? 0 : 1, length, decided);
    const ids = this.#undecided.ensure(length * 4);
    const count = kernels.selectZero(decided, length, 0, ids);
    if (count === 0) return undefined;
    const value = branch.node.flat(branch.rowsOf(rows, { ids, count }));
    const data = this.#scratch.ensure(length);
    this.memory.u8.fill(this.#and ? 1 : 0, data, data + length);
    kernels.scatter1(value.data, ids, count, data);
    if (value.validity === 0) return booleans(data, length, 0);
    const validity = this.#scratchValidity.ensure(length);
    this.memory.u8.fill(1, validity, validity + length);
    kernels.scatter1(value.validity, ids, count, validity);
    return booleans(data, length, validity);
  }
}

export class NotNode extends ExpressionNode {
  readonly #arg: ExpressionNode;
  readonly #data: GrowableBlock;

  constructor(memory: LinearMemory, arg: ExpressionNode) {
    super(memory, types.boolean);
    this.#arg = arg;
    this.#data = new GrowableBlock(memory);
  }

  protected compute(rows: Rows): Vector {
    const { data, validity } = this.#arg.flat(rows);
    const out = this.#data.ensure(rows.length);
    this.memory.kernels.notBytes(data, rows.length, out);
    return booleans(out, rows.length, validity);
  }

  override close(): void {
    super.close();
    this.#data.free();
  }
}

/** IS [NOT] NULL, IS [NOT] TRUE, IS [NOT] FALSE. Never NULL. */
export class TestNode extends ExpressionNode {
  readonly #arg: ExpressionNode;
  /** null: presence; else this truth value. */
  readonly #wanted: boolean | null;
  readonly #negate: boolean;
  readonly #data: GrowableBlock;

  constructor(memory: LinearMemory, arg: ExpressionNode, wanted: boolean | null, negate: boolean) {
    super(memory, types.boolean);
    this.#arg = arg;
    this.#wanted = wanted;
    this.#negate = negate;
    this.#data = new GrowableBlock(memory);
  }

  protected compute(rows: Rows): Vector {
    const { length } = rows;
    const { kernels } = this.memory;
    const out = this.#data.ensure(length);
    if (this.#wanted === null && this.#arg.type.kind !== "null" && isSurelyPresent(this.#arg.evaluate(rows))) {
      this.memory.u8.fill(this.#negate ? 1 : 0, out, out + length);
      return booleans(out, length, 0);
    }
    const { data, validity } = this.#arg.flat(rows);
    if (this.#wanted !== null) {
      kernels.isTruth(data, validity, this.#wanted ? 1 : 0, length, out);
      if (this.#negate) kernels.notBytes(out, length, out);
    } else if (this.#arg.type.kind === "null" || validity === 0) {
      const isNull = this.#arg.type.kind === "null";
      this.memory.u8.fill(isNull === this.#negate ? 0 : 1, out, out + length);
    } else if (this.#negate) {
      this.memory.u8.copyWithin(out, validity, validity + length);
    } else {
      kernels.notBytes(validity, length, out);
    }
    return booleans(out, length, 0);
  }

  override close(): void {
    super.close();
    this.#data.free();
  }
}
