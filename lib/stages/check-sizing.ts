/** Sizes of tasks and partitions as somebody wrote them: in an environment variable, in an option of a deployment. */
import { QueryError } from "../errors.ts";
import { defaultSizing, type SizingOptions } from "./sizing.ts";

export type GivenSizing = Partial<Omit<SizingOptions, "snapshot" | "slots" | "partitions">>;

const names = Object.keys(defaultSizing) as (keyof GivenSizing)[];
/** A minimum of zero switches the limit off. */
const mayBeZero: ReadonlySet<string> = new Set(["taskBytesMin", "partitionRowsMin", "replicateBytesMax"]);

/** @throws QueryError invalid_argument for an unknown name, a number that makes no sense, a minimum above its maximum */
export function checkSizing(given: unknown): GivenSizing {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new QueryError("invalid_argument", `sizing is an object of numbers, not ${JSON.stringify(given)}`);
  }
  for (const [name, value] of Object.entries(given)) {
    if (!(names as readonly string[]).includes(name)) {
      throw new QueryError("invalid_argument", `sizing has no ${name}; there are ${names.join(", ")}`);
    }
    if (!Number.isSafeInteger(value) || value < (mayBeZero.has(name) ? 0 : 1)) {
      throw new QueryError("invalid_argument", `sizing's ${name} is a whole number, not ${JSON.stringify(value)}`);
    }
  }
  const all = { ...defaultSizing, ...(given as GivenSizing) };
  for (const [least, most] of [
    ["taskBytesMin", "taskBytesMax"],
    ["partitionRowsMin", "partitionRowsMax"],
  ] as const) {
    if (all[least] > all[most]) throw new QueryError("invalid_argument", `sizing's ${least} is above its ${most}`);
  }
  return given as GivenSizing;
}
