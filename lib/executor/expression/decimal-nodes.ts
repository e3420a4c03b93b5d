/**
 * Sums and products of decimals. As long as the bits of a batch's inputs prove that the result fits, wide decimals are
 * computed and kept as i64 ("narrow"), without a check per value; else as i128, checked against 38 digits.
 */
import { type DataType, decimal64PrecisionMax, decimalPrecisionMax } from "../../arrow/types.ts";
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import type { QueryError } from "../../errors.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import { clearNulls, StrictNode } from "./kernel-node.ts";
import { bitsOfDigits, type ExpressionNode } from "./node.ts";
import type { Rows } from "./rows.ts";

type DecimalType = Extract<DataType, { kind: "decimal" }>;
type Checked = (a: Ptr, b: Ptr, n: number, out: Ptr) => number;

/** Values within ±2^62 surely fit an i64. */
const safeBits = 62;

abstract class DecimalNode extends StrictNode {
  readonly #fail: (code: number) => QueryError;
  readonly #cleared: readonly GrowableBlock[];
  #resultBits = 127;

  constructor(
    memory: LinearMemory,
    type: DecimalType,
    args: readonly ExpressionNode[],
    fail: (code: number) => QueryError,
  ) {
    super(memory, type, args);
    this.#fail = fail;
    this.#cleared = args.map(() => new GrowableBlock(memory));
  }

  /** A bound of the result's bits from those of the inputs. */
  protected abstract bound(a: number, b: number): number;
  protected abstract runNarrow(a: FlatVector, b: FlatVector, n: number, out: Ptr): void;
  protected abstract runWide(rows: Rows, n: number, out: Ptr): { code: number; retry: Checked };

  protected run(rows: Rows, validity: Ptr): FlatVector {
    const { length } = rows;
    const [a, b] = this.args.map((arg) => arg.flat(rows)) as [FlatVector, FlatVector];
    const { type } = this;
    if (a.physical === "i64" && b.physical === "i64" && this.#fitsNarrow(rows)) {
      const data = this.output(length, "i64");
      this.runNarrow(a, b, length, data);
      return { kind: "flat", type, physical: "i64", length, data, validity };
    }
    this.#resultBits = 127;
    const data = this.output(length, "i128");
    const { code, retry } = this.runWide(rows, length, data);
    if (code !== 0 && (validity === 0 || this.#retry(rows, validity, retry, data) !== 0)) throw this.#fail(code);
    return { kind: "flat", type, physical: "i128", length, data, validity };
  }

  protected override computeBits(vector: Vector, rows: Rows): number {
    return vector.kind === "flat" ? this.#resultBits : super.computeBits(vector, rows);
  }

  override close(): void {
    super.close();
    for (const block of this.#cleared) block.free();
  }

  #fitsNarrow(rows: Rows): boolean {
    const { precision } = this.type as DecimalType;
    if (precision <= decimal64PrecisionMax) {
      this.#resultBits = bitsOfDigits[precision]!;
      return true;
    }
    const [a, b] = this.args.map((arg) => arg.bits(rows)) as [number, number];
    this.#resultBits = this.bound(a, b);
    return this.#resultBits <= safeBits;
  }

  #retry(rows: Rows, validity: Ptr, kernel: Checked, out: Ptr): number {
    const [a, b] = this.args.map((arg, i) =>
      clearNulls(this.memory, arg.wide(rows), validity, rows.length, this.#cleared[i]!),
    );
    return kernel(a!.data, b!.data, rows.length, out);
  }
}

export class DecimalProductNode extends DecimalNode {
  protected bound(a: number, b: number): number {
    return a + b;
  }

  protected runNarrow(a: FlatVector, b: FlatVector, n: number, out: Ptr): void {
    this.memory.kernels.mulI64Fast(a.data, b.data, n, out);
  }

  protected runWide(rows: Rows, n: number, out: Ptr): { code: number; retry: Checked } {
    const { kernels } = this.memory;
    const [a, b] = this.args as [ExpressionNode, ExpressionNode];
    if (a.flat(rows).physical === "i64" && b.flat(rows).physical === "i64") {
      kernels.mulI64Wide(a.flat(rows).data, b.flat(rows).data, n, out);
      return { code: 0, retry: kernels.mulI128 };
    }
    return { code: kernels.mulI128(a.wide(rows).data, b.wide(rows).data, n, out), retry: kernels.mulI128 };
  }
}

/** Both inputs have the scale of the result. */
export class DecimalSumNode extends DecimalNode {
  readonly #minus: boolean;

  constructor(
    memory: LinearMemory,
    type: DecimalType,
    args: readonly ExpressionNode[],
    operator: "+" | "-",
    fail: (code: number) => QueryError,
  ) {
    super(memory, type, args, fail);
    this.#minus = operator === "-";
  }

  protected bound(a: number, b: number): number {
    return Math.max(a, b) + 1;
  }

  protected runNarrow(a: FlatVector, b: FlatVector, n: number, out: Ptr): void {
    const { addI64Fast, subI64Fast } = this.memory.kernels;
    (this.#minus ? subI64Fast : addI64Fast)(a.data, b.data, n, out);
  }

  protected runWide(rows: Rows, n: number, out: Ptr): { code: number; retry: Checked } {
    const { addI128, subI128 } = this.memory.kernels;
    const kernel = this.#minus ? subI128 : addI128;
    const [a, b] = this.args.map((arg) => arg.wide(rows)) as [FlatVector, FlatVector];
    return { code: kernel(a.data, b.data, n, out), retry: kernel };
  }
}

/** Whether a sum or product of decimals can exceed 38 digits at all. */
export function decimalMayOverflow(fn: string, args: readonly DataType[]): boolean {
  const [a, b] = args as [DecimalType, DecimalType];
  if (fn === "*") return a.precision + b.precision > decimalPrecisionMax;
  return Math.max(a.precision - a.scale, b.precision - b.scale) + Math.max(a.scale, b.scale) + 1 > decimalPrecisionMax;
}
