/**
 * GROUP BY and aggregates in one pass over the input. Beyond the memory limit, partial aggregation hands its groups on
 * and starts over; the other modes write states to spill files by hash of the key and finish file by file.
 */
import type { DataType } from "../../arrow/types.ts";
import type { Batch, Vector } from "../../arrow/vector.ts";
import { memoryHint, QueryError } from "../../errors.ts";
import { hasPartialState, stateTypes } from "../../expr/aggregate-state.ts";
import { valueOfLiteral } from "../../expr/value.ts";
import { Arena } from "../../kernels/arena.ts";
import type { AggregateNode, KeyRange } from "../../physical/plan.ts";
import { compileExpressions, type ExpressionSet } from "../expression/expression-set.ts";
import type { IntegerRange, KeyColumn } from "../keys/key-layout.ts";
import type { Operator, TaskContext } from "../operator/operator.ts";
import { OperatorBase } from "../operator/operator-base.ts";
import type { SpillFile } from "../spill/spill-blocks.ts";
import { SpillPartitions, spillLevelMax } from "../spill/spill-partitions.ts";
import { GroupTable } from "./group-table.ts";

/** Partial aggregation that keeps more than this share of its rows as groups stops looking them up. */
const reductionMin = 0.85;
const reductionRowsMin = 65_536;
/** Groups written to spill files at a time. */
const spillStepGroups = 16_384;

/** A spilled part of the groups, still to be merged. */
interface SpilledPart {
  readonly file: SpillFile;
  readonly level: number;
}

export class HashAggregateOperator extends OperatorBase {
  readonly #node: AggregateNode;
  readonly #input: Operator;
  readonly #keys: ExpressionSet;
  readonly #table: GroupTable;
  readonly #output: Arena;
  readonly #mergeable: boolean;
  #state: "reading" | "emitting" | "done" = "reading";
  /** After emitting: go on reading (partial), or take the next spilled part. */
  #inputEnded = false;
  #emitted = 0;
  #rowsRead = 0;
  #passThrough = false;
  #spill: SpillPartitions | undefined;
  #spillLevel = 0;
  #parts: SpilledPart[] = [];

  constructor(context: TaskContext, node: AggregateNode, input: Operator) {
    super("aggregate", context, node.columns, [input]);
    this.#node = node;
    this.#input = input;
    this.#mergeable = node.aggregates.every(hasPartialState);
    this.#keys = compileExpressions(node.groupBy, input.columns, context);
    const raw = node.mode === "single" || node.mode === "partial";
    this.#table = new GroupTable(context, keyColumns(node), node.aggregates, {
      input: raw ? input.columns : undefined,
      expected: Math.min(Math.max(1, node.groups), 1 << 24),
    });
    this.#output = new Arena(context.memory);
  }

  protected override async nextBatch(): Promise<Batch | null> {
    this.#output.free();
    for (;;) {
      if (this.#state === "done") return null;
      if (this.#state === "emitting") {
        const batch = this.#emit();
        if (batch) return batch;
        await this.#afterEmitting();
      } else await this.#read();
    }
  }

  protected override async closeSelf(): Promise<void> {
    this.#output.free();
    this.#table.free();
    this.#keys.close();
    this.#spill?.free();
    for (const file of [...(this.#spill?.files ?? []), ...this.#parts.map((part) => part.file)]) await file.remove();
    this.#parts = [];
  }

  /** Reads until there is something to emit. */
  async #read(): Promise<void> {
    for (;;) {
      const batch = await this.#input.next();
      if (batch === null) return this.#endInput();
      this.#rowsRead += batch.length;
      if (this.#passThrough) {
        this.#table.setRows(batch);
        this.#passing = { length: batch.length, columns: this.#keys.evaluate(batch) };
        this.#startEmitting();
        return;
      }
      if (this.#isFull(batch.length) || !this.#tryAdd(batch)) {
        if (this.#table.count === 0 || !this.#mergeable) throw outOfMemory();
        if (this.#node.mode === "partial") {
          this.#waiting = batch;
          this.#startEmitting();
          return;
        }
        await this.#spillTable();
        this.#add(batch);
      }
      if (this.#shouldPassThrough()) {
        this.#passThrough = true;
        this.count("passedThrough");
        this.#startEmitting();
        return;
      }
    }
  }

  /** The input batch that must wait until the groups are handed on. */
  #waiting: Batch | undefined;
  /** The keys of rows that are passed through. */
  #passing: { readonly length: number; readonly columns: readonly Vector[] } | undefined;

  #add(batch: Batch): void {
    if (!this.#tryAdd(batch)) throw outOfMemory();
  }

  /** False when there is no memory for the groups that came so far and those of the batch. */
  #tryAdd(batch: Batch): boolean {
    const { mode, groupBy } = this.#node;
    const keys = this.#keys.evaluate(batch);
    if (mode === "single" || mode === "partial") return this.#table.addRows(keys, batch);
    const states = batch.columns.slice(groupBy.length, groupBy.length + this.#table.stateColumns);
    return this.#table.addStates(keys, states, batch.length);
  }

  #isFull(rows: number): boolean {
    if (this.#node.groupBy.length === 0 || !this.#mergeable) return false;
    if (this.#table.count < Math.max(1, this.context.batchRows)) return false;
    return this.context.wouldExceed(this.#table.growthBytes(rows));
  }

  #shouldPassThrough(): boolean {
    if (this.#node.mode !== "partial" || this.#node.groupBy.length === 0 || this.#rowsRead < reductionRowsMin)
      return false;
    return this.#table.count > this.#rowsRead * reductionMin;
  }

  async #endInput(): Promise<void> {
    this.#inputEnded = true;
    if (this.#spill) {
      await this.#spillTable();
      await this.#queueSpilled();
      await this.#afterEmitting();
    } else this.#startEmitting();
  }

  #startEmitting(): void {
    this.countMax("groups", this.#table.count);
    this.#state = "emitting";
    this.#emitted = 0;
  }

  /** The next output batch of the table, undefined when all groups have been given. */
  #emit(): Batch | undefined {
    const start = this.#emitted;
    const length = Math.min(this.context.batchRows, this.#table.count - start);
    if (length <= 0) return undefined;
    this.#output.free();
    if (this.#passing) return this.#emitPassing(this.#passing);
    this.#emitted += length;
    const { mode } = this.#node;
    const keys = this.#table.keys(start, length, this.#output);
    const values =
      mode === "single" || mode === "final"
        ? this.#table.results(start, length, this.#output)
        : this.#table.states(start, length, this.#output);
    return { length, columns: [...keys, ...values] };
  }

  /** Rows that are their own groups go on in one piece, as long as the batch they came in. */
  #emitPassing({ length, columns }: { readonly length: number; readonly columns: readonly Vector[] }): Batch {
    this.#emitted = length;
    return { length, columns: [...columns, ...this.#table.states(0, length, this.#output)] };
  }

  async #afterEmitting(): Promise<void> {
    this.#passing = undefined;
    if (!this.#inputEnded) {
      this.#table.clear();
      this.#state = "reading";
      if (this.#waiting) this.#add(this.#waiting);
      this.#waiting = undefined;
      return;
    }
    for (;;) {
      const part = this.#parts.pop();
      if (!part) {
        this.#state = "done";
        return;
      }
      if (await this.#mergePart(part)) return;
    }
  }

  /** Writes all groups to the spill files and forgets them. */
  async #spillTable(): Promise<void> {
    this.#spill ??= new SpillPartitions(this.context, "aggregate", this.#spillLevel);
    const before = this.context.spill.bytesWritten;
    const table = this.#table;
    const arena = new Arena(this.context.memory);
    try {
      for (let start = 0; start < table.count; start += spillStepGroups) {
        const length = Math.min(spillStepGroups, table.count - start);
        const keys = table.keys(start, length, arena);
        await this.#spill.append(keys, { length, columns: [...keys, ...table.states(start, length, arena)] });
        arena.free();
      }
    } finally {
      arena.free();
    }
    this.count("spilledBytes", this.context.spill.bytesWritten - before);
    table.clear();
  }

  /** Makes the written files parts to be merged. */
  async #queueSpilled(): Promise<void> {
    const spill = this.#spill!;
    const before = this.context.spill.bytesWritten;
    this.#spill = undefined;
    await spill.finish();
    this.count("spilledBytes", this.context.spill.bytesWritten - before);
    const level = this.#spillLevel + 1;
    this.#parts.push(...spill.files.filter((file) => file.rows > 0).map((file) => ({ file, level })));
  }

  /** Merges a spilled part; false when it had to be spread once more. */
  async #mergePart({ file, level }: SpilledPart): Promise<boolean> {
    this.#spillLevel = level;
    this.#table.clear(file.rows);
    const types = this.#spilledTypes();
    const keyCount = this.#node.groupBy.length;
    const arena = new Arena(this.context.memory);
    try {
      for (let block = 0; block < file.blocks; block++) {
        const { rows, columns } = await file.read(block, types, arena);
        const [keys, states] = [columns.slice(0, keyCount), columns.slice(keyCount)];
        const full = level < spillLevelMax && this.#isFull(rows);
        if (full || !this.#table.addStates(keys, states, rows)) {
          if (level >= spillLevelMax || this.#table.count === 0) throw outOfMemory();
          await this.#spillTable();
          if (!this.#table.addStates(keys, states, rows)) throw outOfMemory();
        }
        arena.free();
      }
    } finally {
      arena.free();
      await file.remove();
    }
    if (!this.#spill) {
      this.#startEmitting();
      return true;
    }
    await this.#spillTable();
    await this.#queueSpilled();
    return false;
  }

  #spilledTypes(): DataType[] {
    const { groupBy, aggregates } = this.#node;
    return [...groupBy.map(({ type }) => type), ...aggregates.flatMap((call) => stateTypes(call))];
  }
}

function outOfMemory(): QueryError {
  return new QueryError("out_of_memory", "an executor has no memory for the groups of an aggregation", {
    hint: memoryHint,
  });
}

function keyColumns({ groupBy, keyRanges }: AggregateNode): KeyColumn[] {
  return groupBy.map(({ type }, i) => {
    const range = integerRange(type, keyRanges[i]);
    return { type, nullIsKey: true, ...(range && { range }) };
  });
}

/** Statistics' range of a key, as integers; undefined where it is unknown or the type has none. */
export function integerRange(type: DataType, range: KeyRange | null | undefined): IntegerRange | undefined {
  if (!range || !hasIntegers(type)) return undefined;
  const min = valueOfLiteral(type, range.min);
  const max = valueOfLiteral(type, range.max);
  if (min === null || max === null) return undefined;
  if (typeof min !== "number" && typeof min !== "bigint")
    throw new QueryError("internal", "a key range of no integers");
  const [low, high] = [BigInt(min), BigInt(max as number | bigint)];
  const fits = low >= -(2n ** 63n) && high < 2n ** 63n && low <= high;
  return fits ? { min: low, max: high } : undefined;
}

function hasIntegers({ kind }: DataType): boolean {
  return ["int8", "int16", "int32", "int64", "date", "timestamp", "decimal"].includes(kind);
}
