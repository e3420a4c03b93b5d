/** Reads CSV files: text to records and records to typed columns in kernels, a few megabytes at a time. */
import { isUtf8 } from "node:buffer";
import { RowSelector } from "../../arrow/select-rows.ts";
import { physicalBytes, physicalKind, typeName } from "../../arrow/types.ts";
import { ValueWriter } from "../../arrow/value-access.ts";
import type { Batch, FlatVector, Vector } from "../../arrow/vector.ts";
import type { CsvOptions } from "../../catalog/table.ts";
import { parseColumn } from "../../csv/parse-column.ts";
import { QueryError } from "../../errors.ts";
import { and } from "../../expr/build.ts";
import { valueOfLiteral } from "../../expr/value.ts";
import { Arena } from "../../kernels/arena.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { Ptr } from "../../kernels/memory.ts";
import { outputColumns } from "../../physical/output-columns.ts";
import type { ScanNode } from "../../physical/plan.ts";
import type { ScanInput, ScanSplit } from "../../stages/graph.ts";
import { compilePredicate, type Predicate } from "../expression/predicate.ts";
import type { TaskContext } from "../operator/operator.ts";
import { OperatorBase } from "../operator/operator-base.ts";
import { TextWindow } from "./csv-window.ts";

/** A quote or escape that no byte is. */
const noByte = 256;

/** Some text of a file: where it lies in memory and in the file. */
interface Text {
  readonly split: ScanSplit;
  readonly ptr: Ptr;
  readonly fileOffset: number;
}

/** Records split into fields: see lib/kernels/assembly/csv.ts for the layout. `starts`: where each record starts (u32). */
interface Records {
  readonly text: Text;
  readonly rows: number;
  readonly fields: Ptr;
  readonly flags: Ptr;
  readonly starts: Ptr;
}

interface Found extends Omit<Records, "text"> {
  /** Offset in the text behind the last record. */
  readonly used: number;
}

export class CsvScanOperator extends OperatorBase {
  readonly #node: ScanNode;
  readonly #input: ScanInput;
  readonly #options: CsvOptions;
  readonly #predicate: Predicate | undefined;
  readonly #selector: RowSelector;
  readonly #text: GrowableBlock;
  readonly #batchArena: Arena;
  /** Positions among the node's columns of the output's. */
  readonly #output: readonly number[];
  readonly #constants = new Map<string, ValueWriter>();
  /** Columns of the files' records. */
  readonly #fields: number;
  #records: AsyncGenerator<Records> | undefined;
  #left: number;

  constructor(context: TaskContext, node: ScanNode, input: ScanInput) {
    super("csv_scan", context, outputColumns(node));
    this.#node = node;
    this.#input = input;
    if (input.csv === undefined) throw new QueryError("internal", `the CSV table ${input.table} has no options`);
    this.#options = input.csv;
    this.#fields = input.partitions?.stored ?? input.schema.fields.length;
    const { filters } = node;
    this.#predicate = filters.length > 0 ? compilePredicate(and(filters), node.columns, context) : undefined;
    this.#selector = new RowSelector(context.memory);
    this.#text = new GrowableBlock(context.memory);
    this.#batchArena = new Arena(context.memory);
    this.#output = this.columns.map(({ id }) => node.columns.findIndex((column) => column.id === id));
    this.#left = node.limit ?? Number.POSITIVE_INFINITY;
  }

  protected override async openSelf(): Promise<void> {
    if (this.#input.filesPruned) this.count("filesPruned", this.#input.filesPruned);
    this.#records = this.#readRecords();
  }

  protected override async nextBatch(): Promise<Batch | null> {
    while (this.#left > 0) {
      const { value: records, done } = await this.#records!.next();
      if (done) return null;
      this.count("rowsRead", records.rows);
      const columns: Vector[] = [];
      for (const index of this.#node.columns.keys()) {
        columns.push(this.#constant(records, index) ?? (await this.#column(records, index)));
      }
      const batch = this.#filter({ length: records.rows, columns });
      if (batch.length === 0) continue;
      const length = Math.min(batch.length, this.#left);
      this.#left -= length;
      return { length, columns: this.#output.map((index) => ({ ...batch.columns[index]!, length })) };
    }
    return null;
  }

  protected override async closeSelf(): Promise<void> {
    await this.#records?.return(undefined);
    this.#predicate?.close();
    this.#selector.free();
    this.#text.free();
    this.#batchArena.free();
    for (const writer of this.#constants.values()) writer.free();
  }

  /** A column whose value is in the file's path. */
  #constant({ text, rows }: Records, index: number): Vector | undefined {
    const place = this.#input.partitions?.fields.indexOf(this.#node.source[index]!) ?? -1;
    if (place < 0) return undefined;
    const { type } = this.#node.columns[index]!;
    const literal = text.split.partition![place]!;
    const key = `${place} ${JSON.stringify(literal)}`;
    let writer = this.#constants.get(key);
    if (!writer) {
      writer = new ValueWriter(this.context.memory, type);
      this.#constants.set(key, writer);
    }
    return { kind: "constant", type, length: rows, value: writer.write([valueOfLiteral(type, literal)]) };
  }

  #filter(batch: Batch): Batch {
    if (!this.#predicate) return batch;
    const { ids, count } = this.#predicate.select(batch);
    return count === batch.length ? batch : this.#selector.selectBatch(batch, ids, count);
  }

  /** Splits every file's text into records, batchRows at a time. */
  async *#readRecords(): AsyncGenerator<Records> {
    for (const split of this.#input.splits) yield* this.#readSplit(split);
  }

  async *#readSplit(split: ScanSplit): AsyncGenerator<Records> {
    const { memory, batchRows } = this.context;
    const info = await this.context.tables.head(split.path);
    const { from = 0, to = info?.bytes ?? 0 } = split.range ?? {};
    const window = new TextWindow(this.context, split, info?.bytes ?? 0, from, (bytes) =>
      this.count("bytesRead", bytes),
    );
    await window.start(from);
    let header = from === 0 && this.#options.header;
    while (window.offset < to && window.bytes.length > 0) {
      const ptr = this.#text.ensure(window.bytes.length);
      memory.u8.set(window.bytes, ptr);
      const text: Text = { split, ptr, fileOffset: window.offset };
      let used = 0;
      for (;;) {
        const found = await this.#split(text, used, window, header ? 1 : batchRows);
        if (!isUtf8(window.bytes.subarray(used, found.used))) throw await this.#notUtf8(text, window, found);
        used = found.used;
        if (found.rows === 0) break;
        const within = this.#rowsBefore(found, text, to);
        if (!header && within > 0) yield { ...found, text, rows: within };
        if (within < found.rows) return;
        header = false;
      }
      if (window.atEnd) return;
      window.drop(used);
      await window.extend();
    }
  }

  /** Splits records from offset `used` of the text on. @throws QueryError when the text is no CSV */
  async #split(text: Text, used: number, window: TextWindow, rowsMax: number): Promise<Found> {
    const { memory } = this.context;
    const { delimiter, quote, escape: escaping, nullValue } = this.#options;
    const columns = this.#fields;
    this.#batchArena.free();
    const nullText = this.#batchArena.alloc(Buffer.byteLength(nullValue));
    const nullLength = new TextEncoder().encodeInto(nullValue, memory.u8.subarray(nullText)).written;
    const fields = this.#batchArena.alloc(rowsMax * columns * 8);
    const flags = this.#batchArena.alloc(rowsMax * columns);
    const starts = this.#batchArena.alloc(rowsMax * 4);
    const state = this.#batchArena.alloc(12);
    // biome-ignore format: the kernel's parameters, by meaning
    const rows = memory.kernels.csvRecords(
      text.ptr + used, text.ptr + window.bytes.length, window.atEnd ? 1 : 0,
      byteOf(delimiter), byteOf(quote), byteOf(escaping), nullText, nullLength,
      columns, rowsMax, fields, flags, starts, state,
    );
    const [end, problem, fieldCount] = memory.u32.subarray(state >>> 2, (state >>> 2) + 3) as unknown as number[];
    if (problem !== 0) {
      const what = [
        `the record has ${fieldCount} fields instead of ${columns}`,
        `column ${fieldCount! + 1} goes on behind its closing quote`,
        `column ${fieldCount! + 1} has no closing quote`,
      ][problem! - 1]!;
      throw await this.#problem(text, end! - text.ptr, what);
    }
    return { rows, used: end! - text.ptr, fields, flags, starts };
  }

  /** How many of the records start before an offset of the file. */
  #rowsBefore({ rows, starts }: { rows: number; starts: Ptr }, text: Text, to: number): number {
    const at = starts >>> 2;
    const offset = (row: number) => this.context.memory.u32[at + row]! - text.ptr + text.fileOffset;
    let within = rows;
    while (within > 0 && offset(within - 1) >= to) within--;
    return within;
  }

  async #column(records: Records, index: number): Promise<FlatVector> {
    const { memory } = this.context;
    const { text, rows, fields, flags, starts } = records;
    const source = this.#node.source[index]!;
    const { type } = this.#node.columns[index]!;
    const alloc = (bytes: number) => this.#batchArena.alloc(bytes);
    const views = alloc(rows * 8);
    const present = alloc(rows);
    memory.kernels.csvColumn(fields, flags, this.#fields, source, rows, views, present);
    const out = alloc(rows * physicalBytes[physicalKind(type)]);
    const { vector, failed } = parseColumn(memory, { length: rows, views, validity: present }, type, out, alloc);
    if (failed !== undefined) {
      const [from, length] = [memory.u32[(views >>> 2) + failed * 2]!, memory.u32[(views >>> 2) + failed * 2 + 1]!];
      const value = new TextDecoder().decode(memory.u8.subarray(from, from + Math.min(length, 60)));
      const { name } = this.#input.schema.fields[source]!;
      const what = `column ${name} holds ${JSON.stringify(value)}, which is no ${typeName(type)}`;
      throw await this.#problem(text, memory.u32[(starts >>> 2) + failed]! - text.ptr, what);
    }
    return memory.kernels.allPresent(present, rows) === 1 ? { ...vector, validity: 0 } : vector;
  }

  /** The error of the first record that is not UTF-8. */
  async #notUtf8(text: Text, window: TextWindow, { starts, rows, used }: Found): Promise<QueryError> {
    const offsets = Array.from({ length: rows }, (_, row) => this.context.memory.u32[(starts >>> 2) + row]! - text.ptr);
    const wrong = offsets.find((from, row) => !isUtf8(window.bytes.subarray(from, offsets[row + 1] ?? used)));
    return this.#problem(text, wrong ?? used, "the text is not UTF-8");
  }

  /** The error of a record at an offset of the text, with its line in the file. */
  async #problem(text: Text, offset: number, what: string): Promise<QueryError> {
    const { path, etag } = text.split;
    const before = await this.context.tables.get(path, { range: { from: 0, to: text.fileOffset + offset }, etag });
    let line = 1;
    for (let at = before.indexOf(10); at >= 0; at = before.indexOf(10, at + 1)) line++;
    return new QueryError("invalid_argument", `${path}, line ${line}: ${what}`, {
      hint: "Column types are guessed from the start of the file: give them with `types`, or check the CSV options.",
    });
  }
}

function byteOf(option: string): number {
  return option === "" ? noByte : option.charCodeAt(0);
}
