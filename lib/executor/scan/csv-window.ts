/** A window that moves over the text of a CSV file. */
import type { ScanSplit } from "../../stages/graph.ts";
import type { TaskContext } from "../operator/operator.ts";

const chunkBytes = 2 << 20;
const newline = 10;
const carriageReturn = 13;
const byteOrderMark = [0xef, 0xbb, 0xbf];

/** The part of a file that is being split, from `offset` of the file on. */
export class TextWindow {
  readonly #context: TaskContext;
  readonly #split: ScanSplit;
  readonly #size: number;
  readonly #counted: (bytes: number) => void;
  #next: number;
  bytes: Uint8Array = new Uint8Array(0);
  offset: number;

  /** @param counted is told of the bytes that are read */
  constructor(context: TaskContext, split: ScanSplit, size: number, from: number, counted: (bytes: number) => void) {
    this.#counted = counted;
    this.#context = context;
    this.#split = split;
    this.#size = size;
    // A line belongs to the range that it starts in: whether one starts at `from` the byte before it says.
    this.offset = Math.max(0, from - 1);
    this.#next = this.offset;
  }

  get atEnd(): boolean {
    return this.#next >= this.#size;
  }

  /** Reads on, and skips what is before the first line that starts at or after `from`. */
  async start(from: number): Promise<void> {
    await this.extend();
    if (from === 0) {
      if (byteOrderMark.every((byte, i) => this.bytes[i] === byte)) this.drop(byteOrderMark.length);
      return;
    }
    let end = this.bytes.findIndex(isLineEnd);
    while ((end < 0 || end + 1 === this.bytes.length) && !this.atEnd) {
      await this.extend();
      end = this.bytes.findIndex(isLineEnd);
    }
    const pair = this.bytes[end] === carriageReturn && this.bytes[end + 1] === newline;
    this.drop(end < 0 ? this.bytes.length : end + (pair ? 2 : 1));
  }

  async extend(): Promise<void> {
    if (this.atEnd) return;
    const to = Math.min(this.#size, this.#next + chunkBytes);
    const { path, etag } = this.#split;
    const { signal, tables } = this.#context;
    const more = await tables.get(path, { range: { from: this.#next, to }, etag, signal });
    this.#counted(more.length);
    this.#next = to;
    this.bytes = this.bytes.length === 0 ? more : new Uint8Array(Buffer.concat([this.bytes, more]));
  }

  drop(bytes: number): void {
    this.bytes = this.bytes.subarray(bytes);
    this.offset += bytes;
  }
}

function isLineEnd(byte: number): boolean {
  return byte === newline || byte === carriageReturn;
}
