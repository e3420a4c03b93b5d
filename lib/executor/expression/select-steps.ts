/** The steps of a filter: each takes some rows of a batch and keeps those for which its condition is TRUE. */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { RowSelector } from "../../arrow/select-rows.ts";
import type { Dictionary, DictionaryVector, FlatVector, Vector } from "../../arrow/vector.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import type { Branch } from "./branch.ts";
import type { DictionaryEvaluator } from "./dictionary-node.ts";
import type { ColumnTest } from "./range-test.ts";
import type { RowSet } from "./row-set.ts";
import type { Rows } from "./rows.ts";

export interface SelectStep {
  /** Rough cost of one row, 1 = comparing a number. */
  readonly cost: number;
  /** Whether it may raise an error for some row. */
  readonly fails: boolean;
  /** The rows of `input` that pass; valid until the next call. */
  select(rows: Rows, input: RowSet): RowSet;
  close(): void;
}

/** Room for row numbers: kernels may write 16 bytes past the last. */
function idsFor(block: GrowableBlock, count: number): Ptr {
  return block.ensure(count * 4 + 16);
}

/** A set that holds every row of the batch is `ids` 0. */
function rowSet(ids: Ptr, count: number, rows: Rows): RowSet {
  return { ids: count === rows.length ? 0 : ids, count };
}

/** TRUE, FALSE or NULL. */
export class ConstantStep implements SelectStep {
  readonly cost = 0;
  readonly fails = false;
  readonly #pass: boolean;

  constructor(pass: boolean) {
    this.#pass = pass;
  }

  select(_: Rows, input: RowSet): RowSet {
    return this.#pass ? input : { ids: 0, count: 0 };
  }

  close(): void {}
}

/** Any condition: its value is computed for the rows that are left. */
export class NodeStep implements SelectStep {
  readonly cost: number;
  readonly fails: boolean;
  readonly #memory: LinearMemory;
  readonly #branch: Branch;
  readonly #out: GrowableBlock;

  constructor(memory: LinearMemory, branch: Branch, cost: number, fails: boolean) {
    this.#memory = memory;
    this.#branch = branch;
    this.cost = cost;
    this.fails = fails;
    this.#out = new GrowableBlock(memory);
  }

  select(rows: Rows, input: RowSet): RowSet {
    const { kernels } = this.#memory;
    const { data, validity } = this.#branch.node.flat(this.#branch.rowsOf(rows, input));
    const out = idsFor(this.#out, input.count);
    const count = kernels.selectTrue(data, validity, input.count, 0, out);
    if (input.ids !== 0) kernels.gather4(input.ids, out, count, out);
    return rowSet(out, count, rows);
  }

  close(): void {
    this.#branch.close();
    this.#out.free();
  }
}

/** What a column step looks at: values or codes, and which of their rows. */
interface Located {
  readonly vector: FlatVector | DictionaryVector;
  readonly ids: Ptr;
  readonly count: number;
  /** Row numbers of the vector's rows; 0: its rows are the batch's. */
  readonly names: Ptr;
}

/** Finds the values of one column for some rows, gathering only through selections. */
class ColumnReader {
  readonly #memory: LinearMemory;
  readonly #selector: RowSelector;
  readonly #buffer: FlattenBuffer;

  constructor(memory: LinearMemory) {
    this.#memory = memory;
    this.#selector = new RowSelector(memory);
    this.#buffer = new FlattenBuffer(memory);
  }

  locate(vector: Vector, input: RowSet): Located {
    if (vector.kind === "flat" || vector.kind === "dictionary") return { vector, ...input, names: 0 };
    let selected = vector;
    if (input.ids !== 0) {
      this.#selector.begin(input.ids, input.count);
      selected = this.#selector.select(vector) as typeof vector;
    }
    const dense = this.#buffer.toDictionary(selected) ?? this.#buffer.flatten(selected);
    return { vector: dense, ids: 0, count: input.count, names: input.ids };
  }

  /** As locate, but values even where there is a dictionary. */
  locateValues(vector: Vector, input: RowSet): Located {
    const located = this.locate(vector, input);
    if (located.vector.kind === "flat") return located;
    if (located.ids === 0) return { ...located, vector: this.#buffer.flatten(located.vector) };
    this.#selector.begin(input.ids, input.count);
    const values = this.#buffer.flatten(this.#selector.select(located.vector));
    return { vector: values, ids: 0, count: input.count, names: input.ids };
  }

  /** Runs `test` over the present rows, and names the rows that pass as the batch does. */
  select(located: Located, out: Ptr, test: (n: number, ids: Ptr) => number): number {
    const { kernels } = this.#memory;
    let { ids, count } = located;
    const { validity } = located.vector;
    if (validity !== 0) {
      const present = kernels.selectTrue(validity, 0, count, ids, out);
      if (present < count || ids !== 0) ids = out;
      count = present;
    }
    if (count > 0) count = test(count, ids);
    if (located.names !== 0) kernels.gather4(located.names, out, count, out);
    return count;
  }

  close(): void {
    this.#selector.free();
    this.#buffer.free();
  }
}

export interface ColumnStepParts {
  readonly column: number;
  /** The condition on a dictionary's values. */
  readonly evaluator: DictionaryEvaluator;
  /** NULL is not TRUE, whatever the column's NULL stands for. */
  readonly strict: boolean;
  /** Over values. */
  readonly test: ColumnTest | undefined;
  /** For what neither can do. */
  readonly otherwise: SelectStep;
}

/** A condition on one column: a table by dictionary code, a kernel over values, or else any other step. */
export class ColumnStep implements SelectStep {
  /** That of the last batch: a table by code is cheap whatever the condition. */
  cost: number;
  readonly #valueCost: number;
  readonly fails: boolean;
  readonly #memory: LinearMemory;
  readonly #parts: ColumnStepParts;
  readonly #reader: ColumnReader;
  readonly #out: GrowableBlock;

  constructor(memory: LinearMemory, parts: ColumnStepParts, cost: number) {
    this.#memory = memory;
    this.#parts = parts;
    this.cost = cost;
    this.#valueCost = cost;
    this.fails = parts.otherwise.fails;
    this.#reader = new ColumnReader(memory);
    this.#out = new GrowableBlock(memory);
  }

  select(rows: Rows, input: RowSet): RowSet {
    const { column, test, otherwise } = this.#parts;
    const vector = rows.columns[column]!;
    const table = this.#table(vector, input.count);
    this.cost = table === undefined ? this.#valueCost : 1;
    if (table === undefined && (test === undefined || vector.kind === "constant")) return otherwise.select(rows, input);
    const out = idsFor(this.#out, input.count);
    if (table !== undefined) {
      const located = this.#reader.locate(vector, input);
      const { codes, codeBytes } = located.vector as DictionaryVector;
      const lookup = tableKernel(this.#memory, codeBytes);
      const hits = table.values.data;
      return rowSet(
        out,
        this.#reader.select(located, out, (n, ids) => lookup(codes, n, ids, hits, out)),
        rows,
      );
    }
    const located = this.#reader.locateValues(vector, input);
    const values = located.vector as FlatVector;
    return rowSet(
      out,
      this.#reader.select(located, out, (n, ids) => test!.select(values, n, ids, out)),
      rows,
    );
  }

  close(): void {
    this.#reader.close();
    this.#out.free();
    this.#parts.test?.close();
    this.#parts.otherwise.close();
  }

  #table(vector: Vector, count: number): Dictionary | undefined {
    const base = vector.kind === "selection" ? vector.base : vector;
    if (base.kind !== "dictionary") return undefined;
    const mayBeNull = base.validity !== 0 || (vector.kind === "selection" && vector.outer);
    return mayBeNull && !this.#parts.strict ? undefined : this.#parts.evaluator.evaluate(base.dictionary, count);
  }
}

function tableKernel({ kernels }: LinearMemory, codeBytes: 1 | 2 | 4) {
  if (codeBytes === 1) return kernels.selectTable1;
  return codeBytes === 2 ? kernels.selectTable2 : kernels.selectTable4;
}

/** How often the order of conjuncts is reconsidered, in batches. */
const reorderEvery = 16;

/** All of the conditions. Those that cannot fail go first, the ones that drop most rows for their cost before others. */
export class AndStep implements SelectStep {
  readonly cost: number;
  readonly fails: boolean;
  readonly #steps: { readonly step: SelectStep; seen: number; kept: number }[];
  #batches = 0;

  constructor(steps: readonly SelectStep[]) {
    const ordered = [
      ...steps.filter(({ fails }) => !fails).sort((a, b) => a.cost - b.cost),
      ...steps.filter(({ fails }) => fails),
    ];
    this.#steps = ordered.map((step) => ({ step, seen: 0, kept: 0 }));
    this.cost = steps.reduce((sum, { cost }) => sum + cost, 0);
    this.fails = steps.some(({ fails }) => fails);
  }

  select(rows: Rows, input: RowSet): RowSet {
    let left = input;
    for (const entry of this.#steps) {
      if (left.count === 0) break;
      entry.seen += left.count;
      left = entry.step.select(rows, left);
      entry.kept += left.count;
    }
    if (++this.#batches % reorderEvery === 0) this.#reorder();
    return left;
  }

  close(): void {
    for (const { step } of this.#steps) step.close();
  }

  #reorder(): void {
    // The classic rank: cost per row dropped.
    const rank = ({ step, seen, kept }: { step: SelectStep; seen: number; kept: number }) =>
      (step.cost + 0.1) / (1 - Math.min(0.999, seen === 0 ? 0.5 : kept / seen));
    this.#steps.sort((a, b) => Number(a.step.fails) - Number(b.step.fails) || (a.step.fails ? 0 : rank(a) - rank(b)));
    for (const entry of this.#steps) {
      entry.seen /= 2;
      entry.kept /= 2;
    }
  }
}

/** Any of the conditions: each sees only the rows that none before it kept. */
export class OrStep implements SelectStep {
  readonly cost: number;
  readonly fails: boolean;
  readonly #memory: LinearMemory;
  readonly #steps: readonly SelectStep[];
  readonly #kept: readonly [GrowableBlock, GrowableBlock];
  readonly #left: GrowableBlock;

  constructor(memory: LinearMemory, steps: readonly SelectStep[]) {
    this.#memory = memory;
    this.#steps = steps;
    this.#kept = [new GrowableBlock(memory), new GrowableBlock(memory)];
    this.#left = new GrowableBlock(memory);
    this.cost = 1 + steps.reduce((sum, { cost }) => sum + cost, 0);
    this.fails = steps.some(({ fails }) => fails);
  }

  select(rows: Rows, input: RowSet): RowSet {
    const { kernels } = this.#memory;
    let kept: RowSet = { ids: 0, count: 0 };
    let left = input;
    let turn = 0;
    for (const step of this.#steps) {
      if (left.count === 0) break;
      const hits = step.select(rows, left);
      if (hits.count === 0) continue;
      if (hits.count === left.count) {
        // Everything that was left: with what was kept, the whole input.
        return input;
      }
      const union = idsFor(this.#kept[turn++ & 1]!, input.count);
      kept = { ids: union, count: kernels.selectionUnion(kept.ids, kept.count, hits.ids, hits.count, union) };
      const rest = idsFor(this.#left, input.count);
      left = { ids: rest, count: kernels.selectionMinus(left.ids, left.count, hits.ids, hits.count, rest) };
    }
    return kept;
  }

  close(): void {
    for (const step of this.#steps) step.close();
    for (const block of [...this.#kept, this.#left]) block.free();
  }
}
