import type { ColumnData } from "../parquet/write/column-data.ts";
import { StringBuilder } from "./column-builders.ts";
import { RandomStream } from "./random-stream.ts";
import { addText, type TextPool, textBytes } from "./text-pool.ts";

const shortestShare = 0.4;
const longestShare = 1.6;
const batchRows = 256;

/** A comment column and its stream: slices of the prose, 0.4 to 1.6 times as long as the column's average. */
export class CommentBuilder extends RandomStream {
  readonly strings: StringBuilder;
  private readonly text: TextPool;
  private readonly shortest: number;
  private readonly longest: number;
  private readonly offsets = new Int32Array(batchRows);
  private readonly lengths = new Int32Array(batchRows);
  private waiting = 0;

  constructor(seed: number, text: TextPool, averageBytes: number, rows: number, valuesPerRow = 1) {
    super(seed, 2 * valuesPerRow);
    this.text = text;
    this.strings = new StringBuilder(rows, averageBytes);
    this.shortest = Math.trunc(averageBytes * shortestShare);
    this.longest = Math.trunc(averageBytes * longestShare);
  }

  /** Adds one comment and gives its length in bytes. */
  add(): number {
    if (this.waiting === batchRows) this.flush();
    this.offsets[this.waiting] = this.next(0, textBytes - this.longest);
    const length = this.next(this.shortest, this.longest);
    this.lengths[this.waiting++] = length;
    return length;
  }

  /** Brings `strings` up to date. */
  flush(): void {
    addText(this.text, { offsets: this.offsets, lengths: this.lengths, count: this.waiting }, this.strings);
    this.waiting = 0;
  }

  finish(): ColumnData {
    this.flush();
    return this.strings.finish();
  }
}
