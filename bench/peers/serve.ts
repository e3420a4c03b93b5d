/** The peer's side of the protocol, for engines that run in Node. */
import { createInterface } from "node:readline";
import type { PeerSetup } from "./peer.ts";

export { tables } from "./tables.ts";

export const setup = JSON.parse(process.argv[2]!) as PeerSetup;

/** Answers queries until the input ends; `run` gives the number of rows. */
export async function serve(run: (sql: string) => Promise<number>): Promise<void> {
  process.stdout.write("ready\n");
  for await (const line of createInterface({ input: process.stdin })) {
    const { sql } = JSON.parse(line) as { sql: string };
    const start = performance.now();
    try {
      const rows = await run(sql);
      process.stdout.write(`${JSON.stringify({ ms: performance.now() - start, rows })}\n`);
    } catch (error) {
      process.stdout.write(`${JSON.stringify({ ms: 0, rows: 0, error: (error as Error).message })}\n`);
    }
  }
}
