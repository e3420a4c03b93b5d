/** Some rows of a batch: `count` row numbers (u32, ascending) at `ids`; 0: all of them, and count is the batch's length. */
import type { Ptr } from "../../kernels/memory.ts";

export interface RowSet {
  readonly ids: Ptr;
  readonly count: number;
}
