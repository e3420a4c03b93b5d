/**
 * CASE and COALESCE. Each part runs only for the rows that reach it, and its results are scattered into place. Where no
 * part can fail and all are cheap, everything runs for all rows and a blend without branches picks.
 */
import { type DataType, type PhysicalKind, physicalBytes, physicalKind } from "../../arrow/types.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import type { Branch } from "./branch.ts";
import { blend, scatter } from "./moves.ts";
import { ExpressionNode } from "./node.ts";
import type { RowSet } from "./row-set.ts";
import type { Rows } from "./rows.ts";

export interface CaseBranch {
  readonly when: Branch;
  readonly result: Branch;
}

/** Gathers results for disjoint sets of rows into one vector; rows that got none are NULL. */
class ScatterOutput {
  readonly #memory: LinearMemory;
  readonly #type: DataType;
  readonly #physical: PhysicalKind;
  readonly #data: GrowableBlock;
  readonly #validity: GrowableBlock;
  #length = 0;

  constructor(memory: LinearMemory, type: DataType) {
    this.#memory = memory;
    this.#type = type;
    this.#physical = physicalKind(type);
    this.#data = new GrowableBlock(memory);
    this.#validity = new GrowableBlock(memory);
  }

  begin(length: number): void {
    const bytes = length * physicalBytes[this.#physical];
    const data = this.#data.ensure(bytes);
    const validity = this.#validity.ensure(length);
    this.#length = length;
    // Views of NULL rows must have no bytes.
    this.#memory.u8.fill(0, data, data + bytes);
    this.#memory.u8.fill(0, validity, validity + length);
  }

  put(node: ExpressionNode, over: Rows, set: RowSet): void {
    const value = this.#physical === "i128" ? node.wide(over) : node.flat(over);
    const width = physicalBytes[this.#physical];
    const data = this.#data.ensure(this.#length * width);
    const validity = this.#validity.ensure(this.#length);
    const { u8, kernels } = this.#memory;
    if (set.ids === 0) {
      u8.copyWithin(data, value.data, value.data + set.count * width);
      if (value.validity === 0) u8.fill(1, validity, validity + set.count);
      else u8.copyWithin(validity, value.validity, value.validity + set.count);
      return;
    }
    scatter(this.#memory, width)(value.data, set.ids, set.count, data);
    if (value.validity !== 0) kernels.scatter1(value.validity, set.ids, set.count, validity);
    else kernels.scatterOnes(set.ids, set.count, validity);
  }

  end(): FlatVector {
    const data = this.#data.ensure(0);
    const validity = this.#validity.ensure(0);
    const allPresent = this.#memory.kernels.allNonZero(validity, this.#length) === 1;
    const length = this.#length;
    return {
      kind: "flat",
      type: this.#type,
      physical: this.#physical,
      length,
      data,
      validity: allPresent ? 0 : validity,
    };
  }

  free(): void {
    this.#data.free();
    this.#validity.free();
  }
}

/** Row sets that a node needs while it works through its parts. */
class SetBlocks {
  readonly #memory: LinearMemory;
  readonly #blocks = new Map<number, GrowableBlock>();

  constructor(memory: LinearMemory) {
    this.#memory = memory;
  }

  at(index: number, count: number): Ptr {
    const block = this.#blocks.get(index) ?? new GrowableBlock(this.#memory);
    this.#blocks.set(index, block);
    return block.ensure(count * 4 + 16);
  }

  free(): void {
    for (const block of this.#blocks.values()) block.free();
  }
}

export class LazyCaseNode extends ExpressionNode {
  readonly #branches: readonly CaseBranch[];
  readonly #otherwise: Branch | undefined;
  readonly #output: ScatterOutput;
  readonly #sets: SetBlocks;

  constructor(memory: LinearMemory, type: DataType, branches: readonly CaseBranch[], otherwise: Branch | undefined) {
    super(memory, type);
    this.#branches = branches;
    this.#otherwise = otherwise;
    this.#output = new ScatterOutput(memory, type);
    this.#sets = new SetBlocks(memory);
  }

  protected compute(rows: Rows): Vector {
    const { kernels } = this.memory;
    let left: RowSet = { ids: 0, count: rows.length };
    this.#output.begin(rows.length);
    for (const [i, { when, result }] of this.#branches.entries()) {
      if (left.count === 0) break;
      const condition = when.node.flat(when.rowsOf(rows, left));
      const positions = this.#sets.at(0, left.count);
      const count = kernels.selectTrue(condition.data, condition.validity, left.count, 0, positions);
      if (count === 0) continue;
      const taken = this.#named(positions, count, left, 1);
      this.#output.put(result.node, result.rowsOf(rows, taken), taken);
      // The next `left` must not overwrite the one it is made from.
      const rest = this.#sets.at(2 + (i & 1), left.count);
      left = { ids: rest, count: kernels.selectionMinus(left.ids, left.count, taken.ids, taken.count, rest) };
    }
    if (this.#otherwise && left.count > 0) {
      this.#output.put(this.#otherwise.node, this.#otherwise.rowsOf(rows, left), left);
    }
    return this.#output.end();
  }

  override close(): void {
    super.close();
    for (const { when, result } of this.#branches) {
      when.close();
      result.close();
    }
    this.#otherwise?.close();
    this.#output.free();
    this.#sets.free();
  }

  /** Positions within a set as rows of the batch. */
  #named(positions: Ptr, count: number, set: RowSet, block: number): RowSet {
    if (set.ids === 0) return { ids: positions, count };
    const ids = this.#sets.at(block, count);
    this.memory.kernels.gather4(set.ids, positions, count, ids);
    return { ids, count };
  }
}

export class CoalesceNode extends ExpressionNode {
  readonly #args: readonly Branch[];
  readonly #output: ScatterOutput;
  readonly #sets: SetBlocks;

  constructor(memory: LinearMemory, type: DataType, args: readonly Branch[]) {
    super(memory, type);
    this.#args = args;
    this.#output = new ScatterOutput(memory, type);
    this.#sets = new SetBlocks(memory);
  }

  protected compute(rows: Rows): Vector {
    const { kernels } = this.memory;
    let left: RowSet = { ids: 0, count: rows.length };
    this.#output.begin(rows.length);
    for (const [i, arg] of this.#args.entries()) {
      const over = arg.rowsOf(rows, left);
      const { validity } = arg.node.flat(over);
      this.#output.put(arg.node, over, left);
      if (validity === 0 || i + 1 === this.#args.length) break;
      const positions = this.#sets.at(0, left.count);
      const count = kernels.selectZero(validity, left.count, 0, positions);
      if (count === 0) break;
      if (left.ids === 0) {
        const ids = this.#sets.at(1 + (i & 1), count);
        this.memory.u8.copyWithin(ids, positions, positions + count * 4);
        left = { ids, count };
      } else {
        const ids = this.#sets.at(1 + (i & 1), count);
        kernels.gather4(left.ids, positions, count, ids);
        left = { ids, count };
      }
    }
    return this.#output.end();
  }

  override close(): void {
    super.close();
    for (const arg of this.#args) arg.close();
    this.#output.free();
    this.#sets.free();
  }
}

/** CASE WHEN … THEN a ELSE b END with parts that cannot fail: everything is computed, then blended, last branch first. */
export class BlendCaseNode extends ExpressionNode {
  readonly #branches: readonly { readonly when: ExpressionNode; readonly result: ExpressionNode }[];
  readonly #otherwise: ExpressionNode;
  readonly #data: GrowableBlock;
  readonly #validity: GrowableBlock;
  readonly #pick: GrowableBlock;
  readonly #ones: GrowableBlock;

  constructor(
    memory: LinearMemory,
    type: DataType,
    branches: readonly { readonly when: ExpressionNode; readonly result: ExpressionNode }[],
    otherwise: ExpressionNode,
  ) {
    super(memory, type);
    this.#branches = branches;
    this.#otherwise = otherwise;
    this.#data = new GrowableBlock(memory);
    this.#validity = new GrowableBlock(memory);
    this.#pick = new GrowableBlock(memory);
    this.#ones = new GrowableBlock(memory);
  }

  protected compute(rows: Rows): Vector {
    const { length } = rows;
    const parts = [...this.#branches.map(({ result }) => result), this.#otherwise];
    const narrow = parts.every((part) => part.flat(rows).physical !== "i128");
    const flatOf = (part: ExpressionNode) => (narrow ? part.flat(rows) : part.wide(rows));
    let result = flatOf(this.#otherwise);
    for (let i = this.#branches.length - 1; i >= 0; i--) {
      const { when, result: then } = this.#branches[i]!;
      const condition = when.flat(rows);
      result = this.#blend(condition, flatOf(then), result, length);
    }
    return { ...result, type: this.type };
  }

  protected override computeBits(_: Vector, rows: Rows): number {
    return Math.max(this.#otherwise.bits(rows), ...this.#branches.map(({ result }) => result.bits(rows)));
  }

  override close(): void {
    super.close();
    for (const block of [this.#data, this.#validity, this.#pick, this.#ones]) block.free();
  }

  #blend(condition: FlatVector, a: FlatVector, b: FlatVector, n: number): FlatVector {
    const { kernels } = this.memory;
    const width = physicalBytes[a.physical];
    let pick = condition.data;
    if (condition.validity !== 0) {
      pick = this.#pick.ensure(n);
      kernels.isTruth(condition.data, condition.validity, 1, n, pick);
    }
    const data = this.#data.ensure(n * width);
    blend(this.memory, width)(pick, a.data, b.data, n, data);
    let validity: Ptr = 0;
    if (a.validity !== 0 || b.validity !== 0) {
      const ones = this.#ones.ensure(n);
      this.memory.u8.fill(1, ones, ones + n);
      validity = this.#validity.ensure(n);
      kernels.blend1(pick, a.validity || ones, b.validity || ones, n, validity);
    }
    return { ...a, data, validity };
  }
}
