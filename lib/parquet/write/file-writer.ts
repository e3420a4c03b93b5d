import type { Schema } from "../../arrow/types.ts";
import { columnIndex, fileMetadata, offsetIndex, type PlacedIndex, type PlacedRowGroup } from "./footer.ts";
import type { EncodedRowGroup } from "./row-group.ts";

const magic = Uint8Array.of(0x50, 0x41, 0x52, 0x31); // PAR1

/** Where a file's bytes go, in order; a promise holds the next write back. */
export type ByteTarget = (bytes: Uint8Array) => void | Promise<void>;

/** Writes a Parquet file row group by row group. Row groups may be encoded elsewhere, on other threads, in any order. */
export class ParquetFileWriter {
  private position = 0;
  private readonly groups: Omit<PlacedRowGroup, "indexes">[] = [];
  private readonly schema: Schema;
  private readonly target: ByteTarget;

  constructor(schema: Schema, target: ByteTarget) {
    this.schema = schema;
    this.target = target;
  }

  /** Appends an encoded row group; one without rows is left out. */
  async append(group: EncodedRowGroup): Promise<void> {
    if (this.position === 0) await this.put(magic);
    if (group.rows === 0) return;
    const { rows, chunks, bytes } = group;
    this.groups.push({ offset: this.position, bytes: bytes.length, rows, chunks });
    await this.put(bytes);
  }

  /** Writes page indexes and footer, and gives the file's size in bytes. The target stays open. */
  async finish(): Promise<number> {
    if (this.position === 0) await this.put(magic);
    const placed: PlacedRowGroup[] = [];
    for (const group of this.groups) placed.push({ ...group, indexes: await this.putIndexes(group) });
    const metadata = fileMetadata(this.schema, placed);
    await this.put(metadata);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, metadata.length, true);
    await this.put(length);
    await this.put(magic);
    return this.position;
  }

  private async putIndexes(group: Omit<PlacedRowGroup, "indexes">): Promise<PlacedIndex[]> {
    const indexes: PlacedIndex[] = [];
    for (const chunk of group.chunks) {
      const extremes = columnIndex(chunk.pages);
      indexes.push({
        ...(extremes && { columnIndex: await this.place(extremes) }),
        offsetIndex: await this.place(offsetIndex(group.offset, chunk.pages)),
      });
    }
    return indexes;
  }

  private async place(bytes: Uint8Array): Promise<{ offset: number; bytes: number }> {
    const offset = this.position;
    await this.put(bytes);
    return { offset, bytes: bytes.length };
  }

  private async put(bytes: Uint8Array): Promise<void> {
    this.position += bytes.length;
    await this.target(bytes);
  }
}
