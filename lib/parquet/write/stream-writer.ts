import { corrupt, messagesOf } from "../../arrow/ipc-message.ts";
import { decodeSchema, type IpcField, messageHeader } from "../../arrow/ipc-schema.ts";
import type { Schema } from "../../arrow/types.ts";
import { unsupported } from "../../errors.ts";
import { type ColumnBatch, columnsOfRecordBatch } from "./arrow-columns.ts";
import { concatColumns } from "./concat-columns.ts";
import { encodeRowGroup } from "./encode-row-group.ts";
import { type ByteTarget, ParquetFileWriter } from "./file-writer.ts";
import type { ParquetWriteOptions } from "./row-group.ts";

const rowGroupRows = 122_880;
const rowGroupBytes = 128 << 20;

/**
 * Writes Arrow IPC streams, such as the partitions of a result, as one Parquet file. Record batches are gathered into row
 * groups of at least 122,880 rows or 128 MiB; no more than one row group is in memory.
 */
export class ParquetStreamWriter {
  private readonly file: ParquetFileWriter;
  private readonly schema: Schema;
  private readonly options: ParquetWriteOptions;
  private fields: readonly IpcField[] | undefined;
  private pending: ColumnBatch[] = [];
  private pendingRows = 0;
  private pendingBytes = 0;

  /** The streams' columns have the schema's types; column names and nullability are the schema's. */
  constructor(schema: Schema, target: ByteTarget, options: ParquetWriteOptions = {}) {
    this.schema = schema;
    this.file = new ParquetFileWriter(schema, target);
    this.options = options;
  }

  /**
   * Adds a stream, or a part of one that holds whole messages; its bytes must not change until `finish`.
   * @throws QueryError corrupt_file, unsupported
   */
  async write(part: Uint8Array): Promise<void> {
    for (const message of messagesOf(part)) {
      if (message.kind === messageHeader.schema) this.fields = decodeSchema(message.header);
      else if (message.kind !== messageHeader.recordBatch) throw unsupported("an Arrow stream with dictionary batches");
      else if (this.fields === undefined) throw corrupt("it does not start with a schema");
      else await this.add(columnsOfRecordBatch(this.fields, message), message.body.length);
    }
  }

  /** Writes what is left and the footer, and gives the file's size in bytes. The target stays open. */
  async finish(): Promise<number> {
    await this.flush();
    return this.file.finish();
  }

  private async add(batch: ColumnBatch, bytes: number): Promise<void> {
    if (batch.rows === 0) return;
    this.pending.push(batch);
    this.pendingRows += batch.rows;
    this.pendingBytes += bytes;
    if (this.pendingRows >= rowGroupRows || this.pendingBytes >= rowGroupBytes) await this.flush();
  }

  private async flush(): Promise<void> {
    if (this.pendingRows === 0) return;
    const { rows, columns } = concatColumns(this.pending);
    this.pending = [];
    this.pendingRows = 0;
    this.pendingBytes = 0;
    await this.file.append(encodeRowGroup(this.schema, columns, rows, this.options));
  }
}
