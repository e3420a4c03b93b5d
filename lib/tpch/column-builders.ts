import type { ColumnData } from "../parquet/write/column-data.ts";

const twoTo32 = 4294967296;

/** Collects int64 values or scaled decimals: whole numbers up to 2^53 in magnitude. */
export class Int64Builder {
  private readonly words: Int32Array;
  private at = 0;

  constructor(rowsMax: number) {
    this.words = new Int32Array(rowsMax * 2);
  }

  add(value: number): void {
    this.words[this.at] = value;
    this.words[this.at + 1] = Math.floor(value / twoTo32);
    this.at += 2;
  }

  finish(): ColumnData {
    return { values: { kind: "words", words: this.words.subarray(0, this.at) } };
  }
}

/** Collects int32 values or dates. */
export class Int32Builder {
  private readonly values: Int32Array;
  private at = 0;

  constructor(rowsMax: number) {
    this.values = new Int32Array(rowsMax);
  }

  add(value: number): void {
    this.values[this.at++] = value;
  }

  finish(): ColumnData {
    return { values: { kind: "i32", values: this.values.subarray(0, this.at) } };
  }
}

/** Collects indices into a fixed list of strings. */
export class ChoiceBuilder {
  private readonly codes: Uint8Array;
  private readonly choices: readonly string[];
  private at = 0;

  constructor(rowsMax: number, choices: readonly string[]) {
    this.codes = new Uint8Array(rowsMax);
    this.choices = choices;
  }

  add(choice: number): void {
    this.codes[this.at++] = choice;
  }

  finish(): ColumnData {
    const entries = new StringBuilder(this.choices.length, 16);
    for (const choice of this.choices) entries.add(choice);
    return {
      values: {
        kind: "dictionary",
        codes: this.codes.subarray(0, this.at),
        entries: entries.values(),
        entryCount: this.choices.length,
      },
    };
  }
}

/** Collects ASCII strings. */
export class StringBuilder {
  private readonly offsets: Int32Array;
  private rows = 0;
  /** Bytes of the string under way are put here from `length` on; room for `stringBytesMax` is always there. */
  bytes: Uint8Array;
  /** over `bytes` */
  view: DataView;
  length = 0;
  private readonly stringBytesMax: number;

  /** `averageBytes` sizes the first buffer; no string is longer than `stringBytesMax`. */
  constructor(rowsMax: number, averageBytes: number, stringBytesMax = 256) {
    this.offsets = new Int32Array(rowsMax + 1);
    this.bytes = new Uint8Array(Math.ceil(rowsMax * averageBytes * 1.05) + stringBytesMax);
    this.view = new DataView(this.bytes.buffer);
    this.stringBytesMax = stringBytesMax;
  }

  add(text: string): void {
    for (let i = 0; i < text.length; i++) this.bytes[this.length++] = text.charCodeAt(i);
    this.end();
  }

  /** Ends the string under way. */
  end(): void {
    this.offsets[++this.rows] = this.length;
    if (this.bytes.length - this.length >= this.stringBytesMax) return;
    const grown = new Uint8Array(this.bytes.length * 2 + this.stringBytesMax);
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  /** The number with leading zeros to at least `width` digits. */
  putNumber(value: number, width: number): void {
    let digits = width;
    for (let bound = 10 ** width; bound <= value; bound *= 10) digits++;
    let rest = value;
    for (let at = this.length + digits - 1; at >= this.length; at--) {
      const tens = Math.floor(rest / 10);
      this.bytes[at] = 48 + rest - tens * 10;
      rest = tens;
    }
    this.length += digits;
  }

  put(text: string): void {
    for (let i = 0; i < text.length; i++) this.bytes[this.length++] = text.charCodeAt(i);
  }

  values() {
    const offsets = this.offsets.subarray(0, this.rows + 1);
    return { kind: "bytes", offsets, bytes: this.bytes.subarray(0, this.length) } as const;
  }

  finish(): ColumnData {
    return { values: this.values() };
  }
}
