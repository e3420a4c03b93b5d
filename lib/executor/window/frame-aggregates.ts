/**
 * Any other aggregate over frames, by its reference implementation: one state that grows with the frame where frames only
 * grow; else a tree of partial states where states can be merged; else each frame anew.
 */
import type { Value } from "../../arrow/value.ts";
import { readValue, ValueWriter } from "../../arrow/value-access.ts";
import type { Vector } from "../../arrow/vector.ts";
import { located } from "../../errors.ts";
import { aggregateOf, siteOf } from "../../expr/aggregate-state.ts";
import type { AggregateFunction, AggregateSite, AggregateState } from "../../expr/aggregates/aggregate-function.ts";
import type { WindowCall } from "../../expr/expr.ts";
import type { LinearMemory } from "../../kernels/memory.ts";
import type { ArgumentVectors } from "./arguments.ts";
import { type Frame, type Frames, isRunning } from "./frames.ts";
import type { WindowBlock, WindowEvaluator } from "./window-block.ts";

export class FrameAggregateEvaluator implements WindowEvaluator {
  readonly #call: WindowCall;
  readonly #arguments: ArgumentVectors;
  readonly #frames: Frames;
  readonly #definition: AggregateFunction;
  readonly #site: AggregateSite;
  readonly #writer: ValueWriter;
  /** Of running frames in a large partition: the state, and how many of the partition's rows are in it. */
  #carried: { state: AggregateState; rows: number };

  constructor(memory: LinearMemory, call: WindowCall, args: ArgumentVectors, frames: Frames) {
    const aggregate = { ...call, distinct: false };
    this.#call = call;
    this.#arguments = args;
    this.#frames = frames;
    this.#definition = aggregateOf(aggregate);
    this.#site = siteOf(aggregate);
    this.#writer = new ValueWriter(memory, call.type);
    this.#carried = { state: this.#definition.init(this.#site), rows: 0 };
  }

  begin(): void {
    this.#carried = { state: this.#definition.init(this.#site), rows: 0 };
  }

  evaluate(block: WindowBlock): Vector {
    const frame = this.#frames.of(block);
    const rows = this.#rows(block);
    const values = located(this.#call.span, () => {
      if (block.place && isRunning(this.#call)) return this.#carryOn(block, frame, rows);
      if (isRunning(this.#call)) return this.#running(block, frame, rows);
      return this.#definition.merge ? this.#merged(block, frame, rows) : this.#anew(block, frame, rows);
    });
    return this.#writer.write(values);
  }

  free(): void {
    this.#arguments.free();
    this.#frames.free();
    this.#writer.free();
  }

  /** The arguments of each row that counts. */
  #rows(block: WindowBlock): readonly (readonly Value[] | undefined)[] {
    const { memory, length } = block;
    const args = this.#arguments.of(block);
    const passing = this.#arguments.passing(block);
    return Array.from({ length }, (_, row) => {
      if (passing !== 0 && memory.u8[passing + row] === 0) return undefined;
      const values = args.map((arg) => readValue(memory, arg, row));
      return !this.#definition.keepsNulls && values.includes(null) ? undefined : values;
    });
  }

  #running(block: WindowBlock, [part]: Frame, rows: readonly (readonly Value[] | undefined)[]): Value[] {
    const { u32 } = block.memory;
    let state = this.#definition.init(this.#site);
    let [from, to] = [-1, 0];
    let result: Value = null;
    return rows.map((_, row) => {
      const start = u32[(part!.starts >>> 2) + row]!;
      const end = u32[(part!.ends >>> 2) + row]!;
      if (start === from && end === to) return result;
      if (start !== from) {
        state = this.#definition.init(this.#site);
        to = start;
      }
      from = start;
      for (; to < end; to++) this.#add(state, rows[to]);
      to = end;
      result = this.#definition.final(state, this.#site);
      return result;
    });
  }

  #carryOn(block: WindowBlock, [part]: Frame, rows: readonly (readonly Value[] | undefined)[]): Value[] {
    const { first, to, before } = block.place!;
    const { u32 } = block.memory;
    const carried = this.#carried;
    const values: Value[] = new Array(block.length).fill(null);
    let result = this.#definition.final(carried.state, this.#site);
    for (let row = first; row < to; row++) {
      const end = before + u32[(part!.ends >>> 2) + row]!;
      if (carried.rows < end) {
        for (; carried.rows < end; carried.rows++) this.#add(carried.state, rows[carried.rows - before]);
        result = this.#definition.final(carried.state, this.#site);
      }
      values[row] = result;
    }
    return values;
  }

  #anew(block: WindowBlock, frame: Frame, rows: readonly (readonly Value[] | undefined)[]): Value[] {
    const { u32 } = block.memory;
    return rows.map((_, row) => {
      const state = this.#definition.init(this.#site);
      for (const { starts, ends } of frame) {
        const end = u32[(ends >>> 2) + row]!;
        for (let at = u32[(starts >>> 2) + row]!; at < end; at++) this.#add(state, rows[at]);
      }
      return this.#definition.final(state, this.#site);
    });
  }

  #merged(block: WindowBlock, frame: Frame, rows: readonly (readonly Value[] | undefined)[]): Value[] {
    const { u32 } = block.memory;
    const tree = this.#tree(rows);
    return rows.map((_, row) => {
      const state = this.#definition.init(this.#site);
      for (const { starts, ends } of frame) {
        this.#collect(state, tree, rows, u32[(starts >>> 2) + row]!, u32[(ends >>> 2) + row]!);
      }
      return this.#definition.final(state, this.#site);
    });
  }

  /** levels[k][i]: the state of rows [i · fanout^(k+1), (i + 1) · fanout^(k+1)). */
  #tree(rows: readonly (readonly Value[] | undefined)[]): AggregateState[][] {
    const levels: AggregateState[][] = [];
    for (let size = Math.floor(rows.length / fanout); size > 0; size = Math.floor(size / fanout)) {
      const below = levels.at(-1);
      levels.push(
        Array.from({ length: size }, (_, i) => {
          const state = this.#definition.init(this.#site);
          for (let at = i * fanout; at < (i + 1) * fanout; at++) {
            if (below) this.#definition.merge!(state, below[at]!, this.#site);
            else this.#add(state, rows[at]);
          }
          return state;
        }),
      );
    }
    return levels;
  }

  /** Adds rows [from, to), in order, by the largest pieces that fit. */
  #collect(
    state: AggregateState,
    levels: readonly AggregateState[][],
    rows: readonly (readonly Value[] | undefined)[],
    from: number,
    to: number,
  ): void {
    for (let at = from; at < to; ) {
      let [width, level] = [1, -1];
      while (level + 1 < levels.length && at % (width * fanout) === 0 && at + width * fanout <= to) {
        width *= fanout;
        level++;
      }
      if (level < 0) this.#add(state, rows[at]);
      else this.#definition.merge!(state, levels[level]![at / width]!, this.#site);
      at += width;
    }
  }

  #add(state: AggregateState, values: readonly Value[] | undefined): void {
    if (values) this.#definition.update(state, values, this.#site);
  }
}

const fanout = 16;
