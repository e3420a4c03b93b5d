/** The rows of a block that have a value, so that the n-th one in a frame is found at once. */
import type { Ptr } from "../../kernels/memory.ts";
import type { WindowBlock } from "./window-block.ts";

export interface PresentRows {
  /** u32, one more than rows: how many rows before each are present. */
  readonly before: Ptr;
  /** u32: the present rows. */
  readonly rows: Ptr;
  readonly count: number;
}

export function presentRows(block: WindowBlock, validity: Ptr): PresentRows {
  return block.once(`present ${validity}`, () => {
    const before = block.u32();
    const rows = block.u32();
    block.memory.kernels.prefixCounts(validity, 0, block.length, 0, before);
    const { u8, u32 } = block.memory;
    let count = 0;
    for (let row = 0; row < block.length; row++) {
      if (u8[validity + row] !== 0) u32[(rows >>> 2) + count++] = row;
    }
    return { before, rows, count };
  });
}
