/** A row for each element of a list, beside the columns it came with. */
import { RowSelector } from "../arrow/select-rows.ts";
import type { Value } from "../arrow/value.ts";
import { readValue, ValueWriter } from "../arrow/value-access.ts";
import type { Batch, Vector } from "../arrow/vector.ts";
import { elementsOf, valueOfJson } from "../expr/json-values.ts";
import { GrowableBlock } from "../kernels/growable-block.ts";
import type { UnnestNode } from "../physical/plan.ts";
import { compileExpressions, type ExpressionSet } from "./expression/expression-set.ts";
import type { Operator, TaskContext } from "./operator/operator.ts";
import { OperatorBase } from "./operator/operator-base.ts";

/** A batch of the input under way: its next row, and what is left of the elements of the row before. */
interface CurrentBatch {
  readonly batch: Batch;
  readonly lists: Vector;
  row: number;
  elements: readonly string[];
  next: number;
}

export class UnnestOperator extends OperatorBase {
  readonly #node: UnnestNode;
  readonly #input: Operator;
  readonly #lists: ExpressionSet;
  readonly #selector: RowSelector;
  readonly #rows: GrowableBlock;
  readonly #writer: ValueWriter;
  #current: CurrentBatch | undefined;

  constructor(context: TaskContext, node: UnnestNode, input: Operator) {
    super("unnest", context, node.columns, [input]);
    this.#node = node;
    this.#input = input;
    this.#lists = compileExpressions([node.list], input.columns, context);
    this.#selector = new RowSelector(context.memory);
    this.#rows = new GrowableBlock(context.memory);
    this.#writer = new ValueWriter(context.memory, node.columns.at(-1)!.type);
  }

  protected async nextBatch(): Promise<Batch | null> {
    while (true) {
      this.#current ??= await this.#open();
      if (!this.#current) return null;
      const batch = this.#nextOf(this.#current);
      if (batch) return batch;
      this.#current = undefined;
    }
  }

  protected override async closeSelf(): Promise<void> {
    this.#lists.close();
    this.#selector.free();
    this.#rows.free();
    this.#writer.free();
  }

  async #open(): Promise<CurrentBatch | undefined> {
    const batch = await this.#input.next();
    if (!batch) return undefined;
    this.count("rowsIn", batch.length);
    const [lists] = this.#lists.evaluate(batch);
    return { batch, lists: lists!, row: 0, elements: [], next: 0 };
  }

  /** As many rows as a batch may have; undefined when the input's batch has no more. */
  #nextOf(current: CurrentBatch): Batch | undefined {
    const { memory, batchRows } = this.context;
    const rows = this.#rows.ensure(batchRows * 4);
    const values: Value[] = [];
    while (values.length < batchRows) {
      if (current.next === current.elements.length) {
        if (current.row === current.batch.length) break;
        const list = readValue(memory, current.lists, current.row++) as string | null;
        current.elements = list === null ? [] : elementsOf(list);
        current.next = 0;
        if (current.elements.length > 0) continue;
        if (!this.#node.outer) continue;
        memory.u32[(rows >>> 2) + values.length] = current.row - 1;
        values.push(null);
        continue;
      }
      memory.u32[(rows >>> 2) + values.length] = current.row - 1;
      values.push(valueOfJson(current.elements[current.next++]!, this.#writer.type));
    }
    if (values.length === 0) return undefined;
    const { columns } = this.#selector.selectBatch(current.batch, rows, values.length);
    return { length: values.length, columns: [...columns, this.#writer.write(values)] };
  }
}
