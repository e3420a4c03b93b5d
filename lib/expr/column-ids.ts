/** Mints column ids: one counter a query, shared by binder and optimizer so that ids never collide. */
import type { DataType } from "../arrow/types.ts";
import type { Column, ColumnId } from "./expr.ts";

export class ColumnIds {
  #next: ColumnId;

  constructor(first: ColumnId = 0) {
    this.#next = first;
  }

  /** The id that will be given out next. */
  get nextColumnId(): ColumnId {
    return this.#next;
  }

  next(): ColumnId {
    return this.#next++;
  }

  column(name: string, type: DataType, nullable: boolean): Column {
    return { id: this.next(), name, type, nullable };
  }

  /** The same column under a fresh id. */
  renew(column: Column, name: string = column.name): Column {
    return { ...column, name, id: this.next() };
  }
}
