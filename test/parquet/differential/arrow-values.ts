/** Values into Arrow's buffers and out of them, without the conversions of apache-arrow's own getters (dates to milliseconds, …). */
import { type Data, DataType, makeData, Table, Type, tableFromIPC, tableToIPC, Vector } from "apache-arrow";
import type { Value } from "../../../lib/arrow/value.ts";
import { halfFloat } from "../../../lib/parquet/statistics.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Columns as an Arrow IPC stream. */
export function toIpc(columns: readonly { name: string; type: DataType; values: readonly Value[] }[]): Uint8Array {
  const vectors = columns.map(({ name, type, values }) => [name, new Vector([dataOf(type, values)])] as const);
  return tableToIPC(new Table(Object.fromEntries(vectors)), "stream");
}

function dataOf(type: DataType, values: readonly Value[]): Data {
  const length = values.length;
  const nullBitmap = bitmap(values.map((value) => value !== null));
  const nullCount = values.filter((value) => value === null).length;
  const place = { type, length, nullCount, nullBitmap };
  if (DataType.isBool(type)) return makeData({ ...place, type, data: bitmap(values.map((value) => value === true)) });
  if (DataType.isUtf8(type) || DataType.isBinary(type)) {
    const parts = values.map((value) =>
      typeof value === "string" ? encoder.encode(value) : (value as Uint8Array | null),
    );
    const valueOffsets = new Int32Array(length + 1);
    for (const [i, part] of parts.entries()) valueOffsets[i + 1] = valueOffsets[i]! + (part?.length ?? 0);
    const data = Buffer.concat(parts.filter((part) => part !== null));
    return makeData({ ...place, type: type as never, valueOffsets, data: new Uint8Array(data) } as never);
  }
  const width = widthOf(type);
  const bytes = new DataView(new ArrayBuffer(length * width));
  for (const [i, value] of values.entries()) if (value !== null) writeFixed(bytes, i * width, type, value);
  const array = new (type.ArrayType as never as new (buffer: ArrayBufferLike) => unknown)(bytes.buffer);
  return makeData({ ...place, type, data: array } as never);
}

function bitmap(bits: readonly boolean[]): Uint8Array {
  const bytes = new Uint8Array(((bits.length + 63) >> 6) << 3);
  for (const [i, bit] of bits.entries()) if (bit) bytes[i >> 3]! |= 1 << (i & 7);
  return bytes;
}

function widthOf(type: DataType): number {
  if (DataType.isFixedSizeBinary(type)) return type.byteWidth;
  if (DataType.isDecimal(type)) return type.bitWidth / 8;
  if (DataType.isFloat(type)) return 2 << type.precision;
  if (DataType.isDate(type)) return type.unit === 0 ? 4 : 8;
  if (DataType.isInt(type) || DataType.isTime(type)) return type.bitWidth / 8;
  return 8;
}

function writeFixed(view: DataView, at: number, type: DataType, value: Value): void {
  if (value instanceof Uint8Array) new Uint8Array(view.buffer).set(value, at);
  else if (DataType.isFloat(type)) {
    if (type.precision === 0) view.setUint16(at, halfBits(value as number), true);
    else if (type.precision === 1) view.setFloat32(at, value as number, true);
    else view.setFloat64(at, value as number, true);
  } else if (DataType.isDecimal(type)) {
    view.setBigUint64(at, BigInt.asUintN(64, value as bigint), true);
    view.setBigInt64(at + 8, (value as bigint) >> 64n, true);
  } else {
    const width = widthOf(type);
    if (width === 8) view.setBigInt64(at, BigInt.asIntN(64, BigInt(value as bigint)), true);
    else if (width === 4) view.setInt32(at, Number(value) | 0, true);
    else if (width === 2) view.setInt16(at, value as number, true);
    else view.setInt8(at, value as number);
  }
}

/** Half-precision bits of a number that has them exactly. */
function halfBits(value: number): number {
  for (let bits = 0; bits < 1 << 16; bits++) if (Object.is(halfFloat(bits), value)) return bits;
  throw new Error(`${value} is no half-precision number`);
}

/** Columns of an IPC stream by name. Timestamps are in microseconds, all else in units of its type. */
export function fromIpc(ipc: Uint8Array, names: readonly string[]): Map<string, Value[]> {
  const { schema, batches } = tableFromIPC(ipc);
  return new Map(
    names.map((name) => {
      const index = schema.fields.findIndex((field) => field.name === name);
      return [name, batches.flatMap((batch) => valuesOf(batch.data.children[index]! as Data))];
    }),
  );
}

const perMicro = [1_000_000n, 1000n, 1n];

function valuesOf(data: Data): Value[] {
  if (DataType.isTimestamp(data.type)) {
    const { unit } = data.type;
    const micros = (value: bigint) =>
      unit < 3 ? value * perMicro[unit]! : (value - (((value % 1000n) + 1000n) % 1000n)) / 1000n;
    return Array.from({ length: data.length }, (_, i) =>
      data.getValid(i) ? micros(valueAt(data, i) as bigint) : null,
    );
  }
  if (DataType.isDictionary(data.type)) {
    const dictionary = data.dictionary!.data.flatMap((part) => valuesOf(part as Data));
    return Array.from({ length: data.length }, (_, i) =>
      data.getValid(i) ? dictionary[Number(data.values[i])]! : null,
    );
  }
  return Array.from({ length: data.length }, (_, i) => (data.getValid(i) ? valueAt(data, i) : null));
}

function valueAt(data: Data, i: number): Value {
  const type: DataType = data.type;
  const values = data.values as Uint8Array;
  if (DataType.isBool(type)) return ((values[(data.offset + i) >> 3]! >> ((data.offset + i) & 7)) & 1) === 1;
  if (type.typeId === Type.Utf8 || type.typeId === Type.LargeUtf8) return decoder.decode(viewAt(data, i));
  if (type.typeId === Type.Binary || type.typeId === Type.LargeBinary) return Uint8Array.from(viewAt(data, i));
  const width = widthOf(type);
  const view = new DataView(values.buffer, values.byteOffset + i * width, width);
  if (DataType.isFixedSizeBinary(type)) return Uint8Array.from(values.subarray(i * width, (i + 1) * width));
  if (DataType.isFloat(type)) {
    if (type.precision === 0) return halfFloat(view.getUint16(0, true));
    return type.precision === 1 ? view.getFloat32(0, true) : view.getFloat64(0, true);
  }
  if (DataType.isDecimal(type)) return (view.getBigInt64(8, true) << 64n) | view.getBigUint64(0, true);
  if (width === 8)
    return DataType.isInt(type) && !type.isSigned ? view.getBigUint64(0, true) : view.getBigInt64(0, true);
  const signed = !DataType.isInt(type) || type.isSigned;
  if (width === 4) return signed ? view.getInt32(0, true) : BigInt(view.getUint32(0, true));
  if (width === 2) return signed ? view.getInt16(0, true) : view.getUint16(0, true);
  return signed ? view.getInt8(0) : view.getUint8(0);
}

function viewAt(data: Data, i: number): Uint8Array {
  const offsets = data.valueOffsets as unknown as ArrayLike<number | bigint>;
  return (data.values as Uint8Array).subarray(Number(offsets[i]), Number(offsets[i + 1]));
}
