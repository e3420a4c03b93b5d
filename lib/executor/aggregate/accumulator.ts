/** What every accumulator does: keep one state per group, take rows in, take states in, give both out. */
import type { FlatVector, Vector } from "../../arrow/vector.ts";
import type { Arena } from "../../kernels/arena.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import type { GroupedRows } from "./grouped-rows.ts";
import { StateArray } from "./state-array.ts";

/** An argument: flat, its validity already narrowed to the rows that pass the call's FILTER. */
export type Argument = FlatVector;

/** One kind of state, shared by all calls that need it: sum(x) and avg(x) keep one sum. */
export interface Accumulator {
  /** Holds states for at least `groups`. Called before update and merge. */
  reserve(groups: number): void;
  update(rows: GroupedRows, args: readonly Argument[]): void;
  /** Takes partial states in, one a row: the columns that `states` gives. */
  merge(rows: GroupedRows, states: readonly Vector[]): void;
  /** The state columns of groups start … start + n − 1. */
  states(start: number, n: number, arena: Arena): FlatVector[];
  /** Forgets all groups. */
  clear(): void;
  readonly bytes: number;
  free(): void;
}

/**
 * Which groups have seen a value. As long as no value was NULL, every group has (it exists because of a row), so
 * nothing is written down until the first NULL.
 */
export class SeenGroups {
  readonly #memory: LinearMemory;
  readonly #flags: StateArray;
  /** There may be groups without rows: the one group of an aggregation without keys. */
  readonly #mayBeEmpty: boolean;
  #active: boolean;

  constructor(memory: LinearMemory, mayBeEmpty: boolean) {
    this.#memory = memory;
    this.#flags = new StateArray(memory, 1);
    this.#mayBeEmpty = mayBeEmpty;
    this.#active = mayBeEmpty;
  }

  get bytes(): number {
    return this.#flags.bytes;
  }

  note(rows: GroupedRows, validity: Ptr): void {
    if (!this.#active && validity === 0) return;
    this.#flags.reserve(rows.count);
    if (!this.#active) {
      this.#active = true;
      this.#memory.u8.fill(1, this.#flags.ptr, this.#flags.ptr + rows.before);
    }
    if (rows.count === 1 && validity === 0) this.#memory.u8[this.#flags.ptr] = 1;
    else this.#memory.kernels.markSeen(rows.groups, validity, rows.length, this.#flags.ptr);
  }

  /** Validity of groups start … start + n − 1: 0 when all have seen a value. */
  validity(start: number, n: number, arena: Arena): Ptr {
    if (!this.#active) return 0;
    this.#flags.reserve(start + n);
    if (this.#memory.kernels.countMarked(this.#flags.at(start), n) === n) return 0;
    return this.#flags.copy(start, n, arena);
  }

  clear(): void {
    this.#flags.clear();
    this.#active = this.#mayBeEmpty;
  }

  free(): void {
    this.#flags.free();
  }
}
