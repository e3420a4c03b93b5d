/** CAST through kernels; what they do not do, or a value that does not fit, goes to the reference implementation. */
import { type DataType, decimal64PrecisionMax, physicalKind, sameType } from "../../arrow/types.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import type { KernelExports } from "../../kernels/exports.gen.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import { giveUp } from "./first-that-works.ts";
import { clearNulls, KernelNode, StrictNode } from "./kernel-node.ts";
import { bitsOfDigits, ExpressionNode } from "./node.ts";
import type { Rows } from "./rows.ts";

type DecimalType = Extract<DataType, { kind: "decimal" }>;
type Unary = (a: Ptr, n: number, out: Ptr) => number;

const suffixes: Readonly<Record<string, string>> = {
  int8: "I8",
  int16: "I16",
  int32: "I32",
  int64: "I64",
  float32: "F32",
  float64: "F64",
  boolean: "Bool",
};
const integerDigits: Readonly<Record<string, number>> = { boolean: 1, int8: 3, int16: 5, int32: 10, int64: 19 };

const isInteger = (type: DataType) => /^int\d/.test(type.kind);
const isFloat = (type: DataType) => /^float/.test(type.kind);
const decimal = (precision: number, scale: number): DecimalType => ({ kind: "decimal", precision, scale });

/** Where nodes live that are made on the way. */
export interface NodeOwner {
  readonly memory: LinearMemory;
  own<T extends { close(): void }>(part: T): T;
}

/** A fast cast, which fails where a value does not fit; undefined: there is none. */
export function castKernelNode(owner: NodeOwner, input: ExpressionNode, to: DataType): ExpressionNode | undefined {
  const from = input.type;
  if (sameType(from, to)) return input;
  const made = makeCast(owner, input, to);
  return made && owner.own(made);
}

function makeCast(owner: NodeOwner, input: ExpressionNode, to: DataType): ExpressionNode | undefined {
  const { memory } = owner;
  const from = input.type;
  if (from.kind === "timestamp" && to.kind === "timestamp") return new RelabelNode(memory, input, to);
  if (from.kind === "date" && to.kind === "timestamp") {
    return kernelNode(memory, input, to, memory.kernels.castDateToTimestamp);
  }
  if (from.kind === "timestamp" && to.kind === "date") {
    return kernelNode(memory, input, to, memory.kernels.castTimestampToDate);
  }
  if (from.kind === "decimal") return decimalCast(owner, input, from, to);
  if (to.kind === "decimal") return castToDecimal(owner, input, to);
  return numberCast(memory, input, to);
}

function kernelNode(memory: LinearMemory, input: ExpressionNode, to: DataType, kernel: Unary): ExpressionNode {
  return new KernelNode(memory, to, [input], ([a], n, out) => kernel(a!.data, n, out), giveUp);
}

function numberCast(memory: LinearMemory, input: ExpressionNode, to: DataType): ExpressionNode | undefined {
  const from = input.type.kind === "boolean" ? "I8" : suffixes[input.type.kind];
  if (input.type.kind === "boolean" && to.kind === "int8") return new RelabelNode(memory, input, to);
  const kernel = memory.kernels[`cast${from}To${suffixes[to.kind]}` as keyof KernelExports] as Unary | undefined;
  return kernel && kernelNode(memory, input, to, kernel);
}

function castToDecimal(owner: NodeOwner, input: ExpressionNode, to: DecimalType): ExpressionNode | undefined {
  const { memory } = owner;
  if (isFloat(input.type)) {
    const double = castKernelNode(owner, input, { kind: "float64" })!;
    if (to.precision > decimal64PrecisionMax) return undefined;
    const [factor, limit] = [10 ** to.scale, 10 ** to.precision];
    const run = memory.kernels.decimalOfF64;
    return new KernelNode(memory, to, [double], ([a], n, out) => run(a!.data, n, factor, limit, out), giveUp);
  }
  const digits = integerDigits[input.type.kind];
  const whole = digits && castKernelNode(owner, input, { kind: "int64" });
  return whole ? new RescaleNode(memory, whole, decimal(digits, 0), to) : undefined;
}

function decimalCast(
  owner: NodeOwner,
  input: ExpressionNode,
  from: DecimalType,
  to: DataType,
): ExpressionNode | undefined {
  const { memory } = owner;
  if (to.kind === "decimal") return new RescaleNode(memory, input, from, to);
  if (isFloat(to)) {
    if (from.scale > 22) return undefined;
    const double = owner.own(new DecimalToDoubleNode(memory, input, 10 ** from.scale));
    return castKernelNode(owner, double, to);
  }
  if (!isInteger(to)) return undefined;
  const whole = owner.own(new RescaleNode(memory, input, from, decimal(decimal64PrecisionMax, 0)));
  const int64 = owner.own(new RelabelNode(memory, whole, { kind: "int64" }));
  return castKernelNode(owner, int64, to);
}

/** The same bytes under another type. Owns an input that was made for it. */
class RelabelNode extends ExpressionNode {
  readonly #input: ExpressionNode;

  constructor(memory: LinearMemory, input: ExpressionNode, type: DataType) {
    super(memory, type);
    this.#input = input;
  }

  protected compute(rows: Rows): Vector {
    return { ...this.#input.flat(rows), type: this.type, physical: physicalKind(this.type) };
  }
}

/** A decimal as the nearest double, where one division of exact doubles gives it. */
class DecimalToDoubleNode extends StrictNode {
  readonly #divisor: number;
  readonly #narrowed: GrowableBlock;

  constructor(memory: LinearMemory, input: ExpressionNode, divisor: number) {
    super(memory, { kind: "float64" }, [input]);
    this.#divisor = divisor;
    this.#narrowed = new GrowableBlock(memory);
  }

  protected run(rows: Rows, validity: Ptr): FlatVector {
    const { length } = rows;
    const { kernels } = this.memory;
    const input = this.args[0]!.flat(rows);
    const data = this.output(length, "f64");
    const attempt = (values: FlatVector): boolean => {
      let source = values.data;
      if (values.physical === "i128") {
        source = this.#narrowed.ensure(length * 8);
        if (kernels.narrow16to8(values.data, length, source) !== 0) return false;
      }
      return kernels.decimalToF64(source, length, this.#divisor, data) === 0;
    };
    if (!attempt(input)) {
      const cleared = new GrowableBlock(this.memory);
      const worked = validity !== 0 && attempt(clearNulls(this.memory, input, validity, length, cleared));
      cleared.free();
      if (!worked) throw giveUp();
    }
    return { kind: "flat", type: this.type, physical: "f64", length, data, validity };
  }

  override close(): void {
    super.close();
    this.#narrowed.free();
  }
}

/** Decimal to decimal: another scale, another precision. Stays narrow where the bits of the batch allow. */
export class RescaleNode extends StrictNode {
  readonly #from: DecimalType;
  readonly #to: DecimalType;
  readonly #wideOut: GrowableBlock;
  readonly #cleared: GrowableBlock;
  /** i128 power of ten by which to multiply or divide; then the limit that results must stay below. */
  readonly #constants: Ptr;
  #bits = 127;

  constructor(memory: LinearMemory, input: ExpressionNode, from: DecimalType, to: DecimalType) {
    super(memory, to, [input]);
    this.#from = from;
    this.#to = to;
    this.#wideOut = new GrowableBlock(memory);
    this.#cleared = new GrowableBlock(memory);
    this.#constants = memory.alloc(32);
    const values = [10n ** BigInt(Math.abs(to.scale - from.scale)), 10n ** BigInt(to.precision)];
    for (const [i, value] of values.entries()) {
      memory.view.setBigUint64(this.#constants + i * 16, BigInt.asUintN(64, value), true);
      memory.view.setBigInt64(this.#constants + i * 16 + 8, BigInt.asIntN(64, value >> 64n), true);
    }
  }

  protected run(rows: Rows, validity: Ptr): FlatVector {
    const input = this.args[0]!.flat(rows);
    let result = this.#attempt(input, this.args[0]!.bits(rows), rows.length);
    if (result === undefined && validity !== 0) {
      const cleared = clearNulls(this.memory, input, validity, rows.length, this.#cleared);
      const { kernels } = this.memory;
      const bits = cleared.physical === "i64" ? kernels.magnitudeBits(cleared.data, rows.length) : 127;
      result = this.#attempt(cleared, bits, rows.length);
    }
    if (result === undefined) throw giveUp();
    return { ...result, validity };
  }

  protected override computeBits(vector: Vector, rows: Rows): number {
    return vector.kind === "flat" ? this.#bits : super.computeBits(vector, rows);
  }

  override close(): void {
    super.close();
    this.#wideOut.free();
    this.#cleared.free();
    this.memory.free(this.#constants);
  }

  #attempt(input: FlatVector, bits: number, n: number): FlatVector | undefined {
    const { kernels } = this.memory;
    const up = this.#to.scale - this.#from.scale;
    const flat = { kind: "flat", type: this.type, length: n, validity: 0 } as const;
    const narrowTarget = this.#to.precision <= decimal64PrecisionMax;
    const factor = this.#constants;
    this.#bits = up >= 0 ? bits + bitsOfDigits[up]! : bits;
    if (input.physical === "i64" && this.#bits <= 62 && up >= -decimal64PrecisionMax) {
      let data = input.data;
      if (up !== 0) data = this.output(n, "i64");
      if (up > 0) kernels.scaleUpI64(input.data, n, factor, data);
      else if (up < 0) kernels.scaleDownI64(input.data, n, factor, data);
      const fits = !narrowTarget || !this.#mayExceed() || kernels.exceedsI64(data, n, this.#constants + 16) === 0;
      return fits ? { ...flat, physical: "i64", data } : undefined;
    }
    return this.#attemptWide(input, up, n, narrowTarget);
  }

  #attemptWide(input: FlatVector, up: number, n: number, narrowTarget: boolean): FlatVector | undefined {
    const { kernels } = this.memory;
    this.#bits = 127;
    const flat = { kind: "flat", type: this.type, length: n, validity: 0 } as const;
    const wide = this.#wideOut.ensure(n * 16);
    let source = input.data;
    if (input.physical === "i64") {
      kernels.widen8to16(input.data, n, wide);
      source = wide;
    }
    if (up > 0 && kernels.scaleUpI128(source, n, this.#constants, wide) !== 0) return undefined;
    if (up < 0) kernels.scaleDownI128(source, n, -up, wide);
    const data = up === 0 ? source : wide;
    if (this.#mayExceed() && kernels.exceedsI128(data, n, this.#constants + 16) !== 0) return undefined;
    if (!narrowTarget) return { ...flat, physical: "i128", data };
    const narrow = this.output(n, "i64");
    if (kernels.narrow16to8(data, n, narrow) !== 0) return undefined;
    this.#bits = bitsOfDigits[this.#to.precision]!;
    return { ...flat, physical: "i64", data: narrow };
  }

  /** Whether a value can have more digits than the new type. Rounding can carry into one more. */
  #mayExceed(): boolean {
    const carry = this.#from.scale > this.#to.scale ? 1 : 0;
    return this.#from.precision - this.#from.scale + carry > this.#to.precision - this.#to.scale;
  }
}
