/** Ends a scheduler whose lease another one took: whatever it was about to write is not its business any more. */
import { QueryError } from "../errors.ts";

export class TakenOverError extends QueryError {
  constructor() {
    super("cancelled", "another scheduler took this query over");
  }
}
