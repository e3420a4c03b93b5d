/** A function that does what its event says. */
let events = 0;

export async function handler(event, context) {
  events++;
  if (event.print) console.log(event.print);
  if (event.sleepMs) await new Promise((resolve) => setTimeout(resolve, event.sleepMs));
  if (event.exit !== undefined) process.exit(event.exit);
  if (event.fail) throw new RangeError(event.fail);
  if (event.bytes) return "x".repeat(event.bytes);
  const { awsRequestId, functionName, memoryLimitInMB } = context;
  const left = context.getRemainingTimeInMillis();
  return {
    echo: event,
    events,
    pid: process.pid,
    awsRequestId,
    functionName,
    memoryLimitInMB,
    left,
    tmp: process.env.TMPDIR,
  };
}
