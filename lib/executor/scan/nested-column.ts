/**
 * Puts values with values inside together from the levels of their leaves, as JSON text.
 * Source: Melnik et al., Dremel: Interactive Analysis of Web-Scale Datasets (VLDB 2010), section 4.3
 */
import type { Value } from "../../arrow/value.ts";
import { readCode, readValue } from "../../arrow/value-access.ts";
import type { Vector } from "../../arrow/vector.ts";
import { QueryError } from "../../errors.ts";
import { jsonOfKey, jsonOfText, jsonOfValue } from "../../expr/json-text.ts";
import type { Arena } from "../../kernels/arena.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import type { DecodedColumn } from "../../parquet/chunk-decoder.ts";
import type { NestedColumn, NestedNode } from "../../parquet/file-schema.ts";
import type { AssembleColumn } from "../../parquet/row-group-reader.ts";
import type { ParquetColumn } from "../../parquet/schema.ts";
import { JsonSink } from "./json-sink.ts";

/** Text is handed to linear memory in pieces of about this size. */
const pieceBytes = 256 << 10;

/** The column's rows as text; rows outside of the ranges are NULL. */
export const assembleColumn: AssembleColumn = (arena, place, column, leaves) => {
  const { memory } = arena;
  const { rows } = place;
  const views = arena.allocZeroed(rows * 8);
  const validity = arena.allocZeroed(rows);
  const assembly = new Assembly(memory, column, leaves, (what) => {
    const message = `${place.path} is corrupt: ${what} (column "${column.name}", row group ${place.rowGroup}`;
    return new QueryError("corrupt_file", `${message}, offset ${place.offset})`);
  });
  const text = new TextRows(arena, views, validity);
  let row = 0;
  for (const { from, to } of place.ranges) {
    for (; row < from; row++) assembly.skipRow();
    for (; row < to; row++) {
      const { sink } = text;
      const start = sink.length;
      if (assembly.writeRow(sink)) text.end(row, start);
    }
  }
  for (; row < rows; row++) assembly.skipRow();
  assembly.finish();
  text.flush();
  const { type } = column;
  const slice = (from: number, length: number): Vector => ({
    kind: "flat",
    type,
    physical: "view",
    length,
    data: views + from * 8,
    validity: validity + from,
  });
  return { rows, slice, dictionary: undefined };
};

/** Gathers the texts of rows and moves them to the arena. */
class TextRows {
  readonly sink = new JsonSink();
  readonly #arena: Arena;
  readonly #views: Ptr;
  readonly #validity: Ptr;
  #rows: number[] = [];
  #starts: number[] = [];

  constructor(arena: Arena, views: Ptr, validity: Ptr) {
    this.#arena = arena;
    this.#views = views;
    this.#validity = validity;
  }

  /** Tells that the text from `start` on is the row's. */
  end(row: number, start: number): void {
    this.#rows.push(row);
    this.#starts.push(start);
    if (this.sink.length >= pieceBytes) this.flush();
  }

  flush(): void {
    const { length, bytes } = this.sink;
    if (length === 0) return;
    const { memory } = this.#arena;
    const to = this.#arena.alloc(length);
    memory.u8.set(bytes.subarray(0, length), to);
    const { view, u8 } = memory;
    for (const [i, row] of this.#rows.entries()) {
      const start = this.#starts[i]!;
      view.setUint32(this.#views + row * 8, to + start, true);
      view.setUint32(this.#views + row * 8 + 4, (this.#starts[i + 1] ?? length) - start, true);
      u8[this.#validity + row] = 1;
    }
    this.#rows = [];
    this.#starts = [];
    this.sink.length = 0;
  }
}

/** A leaf under way: the next of its entries (values, or the places where some are missing). */
class LeafCursor {
  at = 0;
  readonly entries: number;
  readonly write: (sink: JsonSink, entry: number) => void;
  readonly writeKey: (sink: JsonSink, entry: number) => void;
  readonly #definition: Uint8Array | undefined;
  readonly #repetition: Uint8Array | undefined;
  readonly #corrupt: (what: string) => QueryError;

  constructor(
    memory: LinearMemory,
    column: ParquetColumn,
    decoded: DecodedColumn,
    entries: number,
    corrupt: (what: string) => QueryError,
  ) {
    this.entries = entries;
    const { definition = 0, repetition = 0 } = decoded.levels ?? {};
    const copy = (levels: Ptr) => (levels === 0 ? undefined : memory.u8.slice(levels, levels + entries));
    this.#definition = copy(definition);
    this.#repetition = copy(repetition);
    this.#corrupt = corrupt;
    const vector = decoded.slice(0, entries);
    this.write = leafWriter(memory, vector, (value) => jsonOfValue(value, column.type));
    this.writeKey = leafWriter(memory, vector, (value) => jsonOfKey(value, column.type));
  }

  /** The definition level of the next entry. */
  get definition(): number {
    if (this.at >= this.entries) throw this.#corrupt("a column inside of it ends early");
    return this.#definition ? this.#definition[this.at]! : 0;
  }

  /** The repetition level of the next entry; 0 at the end, as before another row. */
  get repetition(): number {
    return this.at < this.entries && this.#repetition ? this.#repetition[this.at]! : 0;
  }
}

type WriteNext = (sink: JsonSink) => void;

/** The cursors of a column's leaves, which move from row to row together. */
class Assembly {
  readonly #leaves: readonly LeafCursor[];
  readonly #root: NestedNode;
  readonly #writeRoot: WriteNext;
  readonly #corrupt: (what: string) => QueryError;

  constructor(
    memory: LinearMemory,
    column: NestedColumn,
    leaves: readonly DecodedColumn[],
    corrupt: (what: string) => QueryError,
  ) {
    this.#corrupt = corrupt;
    this.#leaves = leaves.map((leaf, i) => new LeafCursor(memory, column.leaves[i]!, leaf, leaf.rows, corrupt));
    this.#root = column.root;
    this.#writeRoot = this.#writer(column.root);
  }

  /** Writes the next row; false, and nothing is written, when it is NULL. */
  writeRow(sink: JsonSink): boolean {
    const { from, definition } = this.#root;
    const present = this.#leaves[from]!.definition >= definition;
    if (present) this.#writeRoot(sink);
    else this.#skip(this.#root, definition);
    this.#endOfRow();
    return present;
  }

  skipRow(): void {
    for (const leaf of this.#leaves) {
      if (leaf.at >= leaf.entries) throw this.#contradiction();
      do leaf.at++;
      while (leaf.repetition > 0);
    }
  }

  finish(): void {
    if (this.#leaves.some((leaf) => leaf.at < leaf.entries)) throw this.#contradiction();
  }

  #endOfRow(): void {
    for (const leaf of this.#leaves) if (leaf.repetition > 0) throw this.#contradiction();
  }

  #contradiction(): QueryError {
    return this.#corrupt("the levels of its columns contradict each other");
  }

  #writer(node: NestedNode): WriteNext {
    switch (node.kind) {
      case "leaf":
        return this.#leafWriter(node.definition, this.#leaves[node.from]!);
      case "struct":
        return this.#structWriter(node);
      case "list":
        return this.#listWriter(node);
      case "map":
        return this.#mapWriter(node);
    }
  }

  #leafWriter(definition: number, leaf: LeafCursor): WriteNext {
    return (sink) => {
      if (leaf.definition < definition) sink.ascii("null");
      else leaf.write(sink, leaf.at);
      leaf.at++;
    };
  }

  #structWriter(node: NestedNode & { readonly kind: "struct" }): WriteNext {
    const first = this.#leaves[node.from]!;
    const fields = node.fields.map(({ name, node: inner }, i) => {
      return { key: encoder.encode(`${i === 0 ? "{" : ","}${jsonOfText(name)}:`), write: this.#writer(inner) };
    });
    return (sink) => {
      if (first.definition < node.definition) return this.#absent(node, node.definition, "null", sink);
      for (const { key, write } of fields) {
        sink.copy(key);
        write(sink);
      }
      sink.ascii("}");
    };
  }

  #listWriter(node: NestedNode & { readonly kind: "list" }): WriteNext {
    return this.#repeatedWriter(node, "[", "]", this.#writer(node.element));
  }

  #mapWriter(node: NestedNode & { readonly kind: "map" }): WriteNext {
    const writeKey = this.#keyWriter(node.key);
    const writeValue: WriteNext = node.value ? this.#writer(node.value) : (sink) => sink.ascii("null");
    return this.#repeatedWriter(node, "{", "}", (sink) => {
      writeKey(sink);
      sink.ascii(":");
      writeValue(sink);
    });
  }

  /** A key is a string: of the value's text, or of the JSON text of what is no single value. */
  #keyWriter(node: NestedNode): WriteNext {
    if (node.kind === "leaf") {
      const leaf = this.#leaves[node.from]!;
      return (sink) => {
        if (leaf.definition < node.definition) sink.ascii('"null"');
        else leaf.writeKey(sink, leaf.at);
        leaf.at++;
      };
    }
    const write = this.#writer(node);
    const inner = new JsonSink();
    return (sink) => {
      inner.length = 0;
      write(inner);
      sink.string(inner.bytes.subarray(0, inner.length));
    };
  }

  #repeatedWriter(
    node: NestedNode & { readonly kind: "list" | "map" },
    open: string,
    close: string,
    write: WriteNext,
  ): WriteNext {
    const [first, ...others] = this.#leaves.slice(node.from, node.to);
    const { definition, elements, repetition } = node;
    return (sink) => {
      if (first!.definition < definition) return this.#absent(node, definition, "null", sink);
      if (first!.definition < elements) return this.#absent(node, elements, open + close, sink);
      sink.ascii(open);
      write(sink);
      while (first!.repetition === repetition) {
        for (const other of others) if (other.repetition !== repetition) throw this.#contradiction();
        sink.ascii(",");
        write(sink);
      }
      for (const leaf of [first!, ...others]) if (leaf.repetition >= repetition) throw this.#contradiction();
      sink.ascii(close);
    };
  }

  #absent(node: NestedNode, below: number, text: string, sink: JsonSink): void {
    this.#skip(node, below);
    sink.ascii(text);
  }

  /** Passes the one entry that every leaf has for something missing. */
  #skip(node: NestedNode, below: number): void {
    for (let i = node.from; i < node.to; i++) {
      const leaf = this.#leaves[i]!;
      if (leaf.definition >= below) throw this.#contradiction();
      leaf.at++;
    }
  }
}

const encoder = new TextEncoder();

/** Writes single values; those of a dictionary are made once. */
function leafWriter(
  memory: LinearMemory,
  vector: Vector,
  json: (value: Value) => string,
): (sink: JsonSink, entry: number) => void {
  if (vector.kind === "dictionary") {
    const write = leafWriter(memory, vector.dictionary.values, json);
    const { codes, codeBytes } = vector;
    const known: Uint8Array[] = [];
    return (sink, entry) => {
      const code = readCode(memory, codes, codeBytes, entry);
      const text = known[code];
      if (text) return sink.copy(text);
      const start = sink.length;
      write(sink, code);
      known[code] = sink.bytes.slice(start, sink.length);
    };
  }
  if (vector.kind === "flat" && vector.type.kind === "varchar") {
    const { data } = vector;
    return (sink, entry) => {
      const start = memory.view.getUint32(data + entry * 8, true);
      sink.string(memory.u8.subarray(start, start + memory.view.getUint32(data + entry * 8 + 4, true)));
    };
  }
  return (sink, entry) => sink.ascii(json(readValue(memory, vector, entry)));
}
