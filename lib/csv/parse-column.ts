/** Turns the text of a CSV column into values of its type. */
import { type DataType, physicalBytes, physicalKind } from "../arrow/types.ts";
import type { FlatVector } from "../arrow/vector.ts";
import { unsupported } from "../errors.ts";
import type { LinearMemory, Ptr } from "../kernels/memory.ts";

export interface TextColumn {
  readonly length: number;
  /** Views of the text. */
  readonly views: Ptr;
  /** One byte a row; 0: every row is present. */
  readonly validity: Ptr;
}

/** `failed`: the first row whose text is no value of the type (the vector is of no use then). */
export interface ParsedColumn {
  readonly vector: FlatVector;
  readonly failed?: number;
}

/** Parses into `out`, which has room for length values of the type. `alloc` gives scratch room. */
export function parseColumn(
  memory: LinearMemory,
  text: TextColumn,
  type: DataType,
  out: Ptr,
  alloc: (bytes: number) => Ptr,
): ParsedColumn {
  const { kernels } = memory;
  const { length, views, validity } = text;
  const physical = physicalKind(type);
  const vector: FlatVector = { kind: "flat", type, physical, length, data: out, validity };
  const parsed = (row: number): ParsedColumn => (row < length ? { vector, failed: row } : { vector });
  if (type.kind === "varchar" || type.kind === "binary") return { vector: { ...vector, data: views } };
  kernels.trimViews(views, length);
  switch (type.kind) {
    case "boolean":
      return parsed(kernels.parseBooleans(views, validity, length, out));
    case "int8":
    case "int16":
    case "int32":
    case "int64":
      return parsed(kernels.parseIntegers(views, validity, length, physicalBytes[physical], out));
    case "date":
      return parsed(kernels.parseDates(views, validity, length, out));
    case "timestamp":
      return parsed(kernels.parseTimestamps(views, validity, length, type.utc ? 1 : 0, out));
    case "float64":
      return parsed(parseFloats(memory, text, out, alloc(length * 4)));
    case "float32": {
      const wide = alloc(length * 8);
      const failed = parseFloats(memory, text, wide, alloc(length * 4));
      for (let row = 0; row < length; row++) memory.f32[(out >>> 2) + row] = memory.f64[(wide >>> 3) + row]!;
      return parsed(failed);
    }
    case "decimal":
      return parsed(parseDecimals(memory, text, type, out));
    case "null":
    case "interval":
      throw unsupported(`a CSV column of type ${type.kind}`);
  }
}

function textOf(memory: LinearMemory, views: Ptr, row: number): string {
  const from = memory.u32[(views >>> 2) + row * 2]!;
  const length = memory.u32[(views >>> 2) + row * 2 + 1]!;
  return Buffer.from(memory.u8.buffer, from, length).toString("utf8");
}

const floatPattern = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const specialPattern = /^([+-]?)(inf(?:inity)?|nan)$/i;

/** The kernel does short numbers; the others come one by one. */
function parseFloats(memory: LinearMemory, { length, views, validity }: TextColumn, out: Ptr, slow: Ptr): number {
  const count = memory.kernels.parseFloats(views, validity, length, out, slow);
  for (let i = 0; i < count; i++) {
    const row = memory.u32[(slow >>> 2) + i]!;
    const text = textOf(memory, views, row);
    const special = specialPattern.exec(text);
    if (special) {
      const size = special[2]!.toLowerCase() === "nan" ? Number.NaN : Number.POSITIVE_INFINITY;
      memory.f64[(out >>> 3) + row] = special[1] === "-" ? -size : size;
    } else if (floatPattern.test(text)) memory.f64[(out >>> 3) + row] = Number(text);
    else return row;
  }
  return length;
}

const decimalPattern = /^([+-]?)(\d*)(?:\.(\d*))?$/;

/** Digits beyond the scale round half away from zero, as a cast does. */
function parseDecimals(
  memory: LinearMemory,
  { length, views, validity }: TextColumn,
  { precision, scale }: { readonly precision: number; readonly scale: number },
  out: Ptr,
): number {
  const limit = 10n ** BigInt(precision);
  const wide = physicalKind({ kind: "decimal", precision, scale }) === "i128";
  for (let row = 0; row < length; row++) {
    const present = validity === 0 || memory.u8[validity + row] !== 0;
    const match = present ? decimalPattern.exec(textOf(memory, views, row)) : null;
    const [, sign, whole = "", fraction = ""] = match ?? [];
    if (present && (match === null || (whole === "" && fraction === ""))) return row;
    let unscaled = BigInt(`${whole}${fraction.slice(0, scale).padEnd(scale, "0")}` || "0");
    if (fraction.charAt(scale) >= "5") unscaled += 1n;
    if (unscaled >= limit) return row;
    if (sign === "-") unscaled = -unscaled;
    if (wide) {
      memory.view.setBigUint64(out + row * 16, BigInt.asUintN(64, unscaled), true);
      memory.view.setBigInt64(out + row * 16 + 8, unscaled >> 64n, true);
    } else memory.view.setBigInt64(out + row * 8, unscaled, true);
  }
  return length;
}
