/** A column test as a boolean: NULL where the input is. */
import { types } from "../../arrow/types.ts";
import type { FlatVector } from "../../arrow/vector.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import { StrictNode } from "./kernel-node.ts";
import type { ExpressionNode } from "./node.ts";
import type { ColumnTest } from "./range-test.ts";
import type { Rows } from "./rows.ts";

export class TestedNode extends StrictNode {
  readonly #test: ColumnTest;
  readonly #ids: GrowableBlock;

  constructor(memory: LinearMemory, input: ExpressionNode, test: ColumnTest) {
    super(memory, types.boolean, [input]);
    this.#test = test;
    this.#ids = new GrowableBlock(memory);
  }

  protected run(rows: Rows, validity: Ptr): FlatVector {
    const { length } = rows;
    const { kernels } = this.memory;
    const input = this.args[0]!.flat(rows);
    const data = this.output(length, "bool");
    const ids = this.#ids.ensure(length * 4 + 16);
    this.memory.u8.fill(0, data, data + length);
    // Strings of NULL rows may lie anywhere: only present rows are tested.
    const present = validity === 0 ? length : kernels.selectTrue(validity, 0, length, 0, ids);
    const count = present === 0 ? 0 : this.#test.select(input, present, validity === 0 ? 0 : ids, ids);
    kernels.scatterOnes(ids, count, data);
    return { kind: "flat", type: types.boolean, physical: "bool", length, data, validity };
  }

  override close(): void {
    super.close();
    this.#test.close();
    this.#ids.free();
  }
}
