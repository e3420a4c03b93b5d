/** Names of queries. */
import { randomBytes } from "node:crypto";

/** Sorts by time: 48 bits of milliseconds, then 80 of chance. */
export function newQueryId(): string {
  return `q${Date.now().toString(16).padStart(12, "0")}${randomBytes(10).toString("hex")}`;
}
