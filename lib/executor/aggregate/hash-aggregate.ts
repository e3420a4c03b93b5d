/**
 * GROUP BY and aggregates in one pass over the input. Beyond the memory limit, partial aggregation hands its groups on
 * and starts over; the other modes write states to spill files by hash of the key and finish file by file. Rows that
 * calls such as median keep go to sorted runs, so that one group may be larger than the memory, and when it is the groups
 * that are too many, to spill files beside the states.
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
import { isSortedCall } from "./aggregate-sorted.ts";
import { GroupTable } from "./group-table.ts";

/** Partial aggregation that keeps more than this share of its rows as groups stops looking them up. */
const reductionMin = 0.85;
const reductionRowsMin = 65_536;
/** Fewer batches of rows are not worth a sorted run. */
const relievedBatchesMin = 4;
/** Groups written to spill files at a time. */
const spillStepGroups = 16_384;

/** A spilled part of the groups, still to be merged. */
interface SpilledPart {
  readonly states: SpillFile;
  /** By sorted call. */
  readonly rows: readonly SpillFile[];
  readonly level: number;
}

/** Where a table is spread over spill files. */
interface Spill {
  readonly states: SpillPartitions;
  /** By sorted call. */
  readonly rows: readonly SpillPartitions[];
}

export class HashAggregateOperator extends OperatorBase {
  readonly #node: AggregateNode;
  readonly #input: Operator;
  readonly #keys: ExpressionSet;
  readonly #table: GroupTable;
  readonly #output: Arena;
  /** Every call's states or rows can be written down. */
  readonly #spillable: boolean;
  #state: "reading" | "emitting" | "done" = "reading";
  /** After emitting: go on reading (partial), or take the next spilled part. */
  #inputEnded = false;
  #emitted = 0;
  #rowsRead = 0;
  #passThrough = false;
  #spill: Spill | undefined;
  #spillLevel = 0;
  #parts: SpilledPart[] = [];

  constructor(context: TaskContext, node: AggregateNode, input: Operator) {
    super("aggregate", context, node.columns, [input]);
    this.#node = node;
    this.#input = input;
    this.#spillable = node.aggregates.every((call) => hasPartialState(call) || isSortedCall(call));
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
        const batch = await this.#emit();
        if (batch) return batch;
        await this.#afterEmitting();
      } else await this.#read();
    }
  }

  protected override async closeSelf(): Promise<void> {
    this.#output.free();
    await this.#table.drop();
    this.#table.free();
    this.#keys.close();
    for (const spill of this.#spill ? [this.#spill.states, ...this.#spill.rows] : []) {
      spill.free();
      for (const file of spill.files) await file.remove();
    }
    for (const part of this.#parts) await removePart(part);
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
      await this.#relieve(batch.length);
      if (this.#isFull(batch.length) || !this.#tryAdd(batch)) {
        if (this.#table.count === 0 || !this.#spillable) throw outOfMemory();
        if (this.#node.mode === "partial") {
          this.#waiting = batch;
          this.#startEmitting();
          return;
        }
        if (this.#node.groupBy.length === 0) throw outOfMemory();
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
    if (this.#node.groupBy.length === 0 || !this.#spillable) return false;
    if (this.#table.count < Math.max(1, this.context.batchRows)) return false;
    return this.context.wouldExceed(this.#table.growthBytes(rows));
  }

  /** When memory is short, and it is kept rows that take most of it: writes those to the disk. */
  async #relieve(rows: number): Promise<void> {
    const table = this.#table;
    if (table.rows < relievedBatchesMin * this.context.batchRows) return;
    if (!this.context.wouldExceed(table.growthBytes(rows))) return;
    if (this.#node.groupBy.length > 0 && table.rowBytes < table.bytes) return;
    this.count("spilledBytes", await table.relieve());
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
  async #emit(): Promise<Batch | undefined> {
    const start = this.#emitted;
    const length = Math.min(this.context.batchRows, this.#table.count - start);
    if (length <= 0) return undefined;
    this.#output.free();
    if (this.#passing) return this.#emitPassing(this.#passing);
    this.#emitted += length;
    const { mode } = this.#node;
    if (mode === "single") await this.#table.prepare(start, length);
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
    await this.#table.drop();
    for (;;) {
      const part = this.#parts.pop();
      if (!part) {
        this.#state = "done";
        return;
      }
      try {
        if (await this.#mergePart(part)) return;
      } finally {
        await removePart(part);
      }
    }
  }

  /** Writes all groups, and the rows kept for them, to the spill files and forgets them. */
  async #spillTable(): Promise<void> {
    const table = this.#table;
    const make = (prefix: string) => new SpillPartitions(this.context, prefix, this.#spillLevel);
    this.#spill ??= { states: make("aggregate"), rows: table.sorted.map(() => make("aggregate-rows")) };
    const { states, rows } = this.#spill;
    const before = this.context.spill.bytesWritten;
    const arena = new Arena(this.context.memory);
    try {
      for (let start = 0; start < table.count; start += spillStepGroups) {
        const length = Math.min(spillStepGroups, table.count - start);
        const keys = table.keys(start, length, arena);
        await states.append(keys, { length, columns: [...keys, ...table.states(start, length, arena)] });
        arena.free();
      }
    } finally {
      arena.free();
    }
    for (const [i, call] of table.sorted.entries()) {
      for await (const { keys, columns, length } of table.drain(call)) {
        await rows[i]!.append(keys, { length, columns: [...keys, ...columns] });
      }
    }
    this.count("spilledBytes", this.context.spill.bytesWritten - before);
    table.clear();
  }

  /** Makes the written files parts to be merged. */
  async #queueSpilled(): Promise<void> {
    const { states, rows } = this.#spill!;
    const before = this.context.spill.bytesWritten;
    this.#spill = undefined;
    for (const spill of [states, ...rows]) await spill.finish();
    this.count("spilledBytes", this.context.spill.bytesWritten - before);
    const level = this.#spillLevel + 1;
    states.files.forEach((file, i) => {
      if (file.rows > 0) this.#parts.push({ states: file, rows: rows.map(({ files }) => files[i]!), level });
    });
  }

  /** Merges a spilled part; false when it had to be spread once more. */
  async #mergePart({ states, rows, level }: SpilledPart): Promise<boolean> {
    this.#spillLevel = level;
    this.#table.clear(states.rows);
    for await (const { keys, columns, length } of this.#blocks(states, this.#stateTypes())) {
      const full = level < spillLevelMax && this.#isFull(length);
      if (full || !this.#table.addStates(keys, columns, length)) {
        if (level >= spillLevelMax || this.#table.count === 0) throw outOfMemory();
        await this.#spillTable();
        if (!this.#table.addStates(keys, columns, length)) throw outOfMemory();
      }
    }
    if (this.#spill) await this.#spillTable();
    for (const [i, call] of this.#table.sorted.entries()) {
      for await (const { keys, columns, length } of this.#blocks(rows[i]!, call.rowTypes)) {
        if (this.#spill) await this.#spill.rows[i]!.append(keys, { length, columns: [...keys, ...columns] });
        else {
          await this.#relieve(length);
          if (!this.#table.addRowsOf(call, keys, columns, length)) throw outOfMemory();
        }
      }
    }
    if (this.#spill) {
      await this.#queueSpilled();
      return false;
    }
    this.#startEmitting();
    return true;
  }

  /** The blocks of a spill file: keys, and columns of these types. */
  async *#blocks(
    file: SpillFile,
    types: readonly DataType[],
  ): AsyncGenerator<{ keys: readonly Vector[]; columns: readonly Vector[]; length: number }> {
    const { groupBy } = this.#node;
    const all = [...groupBy.map(({ type }) => type), ...types];
    const arena = new Arena(this.context.memory);
    try {
      for (let block = 0; block < file.blocks; block++) {
        const { rows, columns } = await file.read(block, all, arena);
        yield { keys: columns.slice(0, groupBy.length), columns: columns.slice(groupBy.length), length: rows };
        arena.free();
      }
    } finally {
      arena.free();
    }
  }

  #stateTypes(): DataType[] {
    return this.#node.aggregates.filter(hasPartialState).flatMap((call) => stateTypes(call));
  }
}

async function removePart({ states, rows }: SpilledPart): Promise<void> {
  for (const file of [states, ...rows]) await file.remove();
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
