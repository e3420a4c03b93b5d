/**
 * An expression of one column, computed on the column's dictionary where it has one: once per dictionary instead of
 * once per row. It falls back to the rows when the dictionary is large for the rows seen, when an entry (perhaps one
 * that no row uses) makes it fail, and when NULL inputs might give a value.
 */
import { type Dictionary, type DictionaryVector, newDictionary, type Vector } from "../../arrow/vector.ts";
import { QueryError } from "../../errors.ts";
import type { LinearMemory } from "../../kernels/memory.ts";
import { ExpressionNode } from "./node.ts";
import { Rows } from "./rows.ts";

/** Entries that are always worth it. */
const smallEntries = 4096;
/** Above that: rows seen of this dictionary × this must reach its entries. */
const entriesPerRow = 2;

/** Evaluates an expression on dictionaries, remembering the last one. */
export class DictionaryEvaluator {
  readonly #compile: () => ExpressionNode;
  #node: ExpressionNode | undefined;
  #id = -1;
  #rowsSeen = 0;
  #failed = false;
  #result: Dictionary | undefined;
  #hasNulls = false;

  /** @param compile the expression over one column: the dictionary's values */
  constructor(compile: () => ExpressionNode) {
    this.#compile = compile;
  }

  /** The results by code (never NULL), or undefined where the rows are to be used. */
  evaluate(dictionary: Dictionary, rowCount: number): Dictionary | undefined {
    if (this.#id !== dictionary.id) {
      this.#id = dictionary.id;
      this.#rowsSeen = 0;
      this.#failed = false;
      this.#result = undefined;
    }
    this.#rowsSeen += rowCount;
    if (this.#result !== undefined) return this.#hasNulls ? undefined : this.#result;
    const entries = dictionary.values.length;
    if (this.#failed || entries > Math.max(smallEntries, this.#rowsSeen * entriesPerRow)) return undefined;
    this.#node ??= this.#compile();
    try {
      const values = this.#node.flat(new Rows([dictionary.values], entries));
      this.#hasNulls = values.validity !== 0;
      this.#result = newDictionary(values);
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      this.#failed = true;
    }
    return this.#hasNulls ? undefined : this.#result;
  }
}

export class DictionaryNode extends ExpressionNode {
  readonly #column: number;
  readonly #overRows: ExpressionNode;
  readonly #evaluator: DictionaryEvaluator;
  /** NULL in, NULL out. */
  readonly #strict: boolean;

  constructor(
    memory: LinearMemory,
    column: number,
    overRows: ExpressionNode,
    strict: boolean,
    compile: () => ExpressionNode,
  ) {
    super(memory, overRows.type);
    this.#column = column;
    this.#overRows = overRows;
    this.#strict = strict;
    this.#evaluator = new DictionaryEvaluator(compile);
  }

  protected compute(rows: Rows): Vector {
    const vector = rows.columns[this.#column]!;
    const base = vector.kind === "selection" ? vector.base : vector;
    if (base.kind !== "dictionary") return this.#overRows.evaluate(rows);
    const mayBeNull = base.validity !== 0 || (vector.kind === "selection" && vector.outer);
    const dictionary = mayBeNull && !this.#strict ? undefined : this.#evaluator.evaluate(base.dictionary, rows.length);
    if (dictionary === undefined) return this.#overRows.evaluate(rows);
    const mapped: DictionaryVector = { ...base, type: this.type, dictionary };
    return vector.kind === "selection" ? { ...vector, type: this.type, base: mapped } : mapped;
  }

  protected override computeBits(vector: Vector, rows: Rows): number {
    return this.#overRows.isKnown(rows) ? this.#overRows.bits(rows) : super.computeBits(vector, rows);
  }
}
