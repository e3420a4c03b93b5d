/** What the emulated cloud does wrong on purpose. Tests set these while it runs. */
export interface Faults {
  /** Chance that S3 answers 503 SlowDown. */
  s3SlowDown: number;
  /** Chance that DynamoDB answers ProvisionedThroughputExceededException. */
  dynamoThrottle: number;
  /** Chance that an Invoke call is refused with 429. */
  invokeThrottle: number;
  /** Chance that an executor's process is killed while it holds a task. */
  executorKill: number;
  /** The same for a scheduler's. */
  schedulerKill: number;
  /** Chance that an event is delivered twice. */
  eventTwice: number;
  /** An event may wait so long before it is delivered. */
  eventDelayMs: number;
  /** Chance that S3 answers only after a second. */
  s3Slow: number;
  /** Every answer of S3, DynamoDB and Invoke waits so long. */
  latencyMs: number;
}

export const noFaults: Readonly<Faults> = {
  s3SlowDown: 0,
  dynamoThrottle: 0,
  invokeThrottle: 0,
  executorKill: 0,
  schedulerKill: 0,
  eventTwice: 0,
  eventDelayMs: 0,
  s3Slow: 0,
  latencyMs: 0,
};

/** Where the faults' luck comes from: tests give it a seed. */
export const luck = { next: () => Math.random() };

export function strikes(chance: number): boolean {
  return chance > 0 && luck.next() < chance;
}

export function delay(ms: number): Promise<void> {
  return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : Promise.resolve();
}
