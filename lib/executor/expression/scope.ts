/** The nodes compiled over one set of input columns: equal expressions share a node. */
import type { Column, Expr } from "../../expr/expr.ts";
import { isDeterministic } from "../../expr/properties.ts";
import { exprKey } from "../../expr/walk.ts";
import type { LinearMemory } from "../../kernels/memory.ts";
import type { ExpressionNode } from "./node.ts";

interface Closable {
  close(): void;
}

export class Scope {
  readonly memory: LinearMemory;
  readonly columns: readonly Column[];
  /** Whether expressions of one column look for its dictionary; not so within a dictionary's values. */
  readonly dictionaries: boolean;
  readonly #nodes = new Map<string, ExpressionNode>();
  readonly #parts: Closable[] = [];
  #plain: Scope | undefined;

  constructor(memory: LinearMemory, columns: readonly Column[], dictionaries: boolean) {
    this.memory = memory;
    this.columns = columns;
    this.dictionaries = dictionaries;
  }

  /** The same columns, without looking for dictionaries. Columns themselves always live here, so that they flatten once. */
  get plain(): Scope {
    if (!this.dictionaries) return this;
    this.#plain ??= this.own(new Scope(this.memory, this.columns, false));
    return this.#plain;
  }

  /** The node of an equal expression, or a new one. */
  share(expr: Expr, make: () => ExpressionNode): ExpressionNode {
    const key = isDeterministic(expr) ? exprKey(expr) : undefined;
    const known = key === undefined ? undefined : this.#nodes.get(key);
    if (known) return known;
    const node = this.own(make());
    if (key !== undefined) this.#nodes.set(key, node);
    return node;
  }

  /** Closes `part` with this scope. */
  own<T extends Closable>(part: T): T {
    this.#parts.push(part);
    return part;
  }

  close(): void {
    for (const part of this.#parts) part.close();
    this.#parts.length = 0;
    this.#nodes.clear();
  }
}
