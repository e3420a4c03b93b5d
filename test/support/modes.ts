/** The ways the engine can run: the same answer must come out of each. */
import { SessionContext, type StandaloneOptions } from "../../lib/index.ts";

export const modes: Readonly<Record<string, StandaloneOptions>> = {
  /** One task a stage at most, in this thread. */
  "one task": { threads: 1 },
  /** Every exchange is there, every batch boundary is met, every key collides. */
  "many stages": {
    threads: 2,
    memory: "1GB",
    batchRows: 3,
    testing: {
      inline: false,
      partitions: 7,
      taskBytesMin: 1,
      taskBytesMax: 1,
      partitionRowsMin: 0,
      rangeRowsMin: 0,
      replicateBytesMax: 0,
      broadcastRowsMax: 0,
      hashBits: 1,
    },
  },
  /** Broadcast joins, and so little memory that operators spill. */
  "tiny memory": {
    threads: 2,
    memory: "1GB",
    batchRows: 16,
    testing: { inline: false, taskBytesMin: 1, partitionRowsMin: 0, replicateBytesMax: 0, taskMemoryBytes: 1 },
  },
};

export async function openMode(mode: string, tables: ReadonlyMap<string, string>): Promise<SessionContext> {
  const session = await SessionContext.standalone(modes[mode]);
  for (const [name, path] of tables) await session.registerParquet(name, path);
  return session;
}
