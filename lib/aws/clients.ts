/** The SDK clients of a function: made once, outside its handler, with what they do counted. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { conditionFailed, itemOfFailure, writeUnits } from "./dynamo-item.ts";
import { UsageMeter } from "./usage-meter.ts";

export interface Clients {
  readonly s3: S3Client;
  readonly dynamo: DynamoDBClient;
  readonly lambda: LambdaClient;
  readonly meter: UsageMeter;
}

const socketsMax = 256;
const connectionTimeoutMs = 2000;
/** A connection on which nothing moves for so long is given up, and its request sent again. */
const socketTimeoutMs = 20_000;

/** Endpoints, region and credentials come from the environment, as the SDK reads it. */
export function makeClients({ dynamoAttemptsMax = 8 }: { readonly dynamoAttemptsMax?: number } = {}): Clients {
  const meter = new UsageMeter();
  const region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? "us-east-1";
  const requestHandler = {
    connectionTimeout: connectionTimeoutMs,
    socketTimeout: socketTimeoutMs,
    httpAgent: { maxSockets: socketsMax },
    httpsAgent: { maxSockets: socketsMax },
  };
  const emulated = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  const s3 = new S3Client({
    region,
    requestHandler,
    forcePathStyle: emulated !== undefined,
    // Shuffle objects carry their own checksums; those of the SDK would cost a second pass over all bytes.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    // S3Store retries and hedges by itself.
    maxAttempts: 1,
  });
  const dynamo = new DynamoDBClient({ region, requestHandler, maxAttempts: dynamoAttemptsMax });
  const lambda = new LambdaClient({ region, requestHandler, maxAttempts: 1 });
  return { ...meterClients({ s3, dynamo, lambda }, meter), meter };
}

interface HttpResponseLike {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Adds counting to clients; it sits below the SDK's retries, so that each attempt counts. */
export function meterClients<T extends Pick<Clients, "s3" | "dynamo" | "lambda">>(clients: T, meter: UsageMeter): T {
  const nearest = { step: "deserialize", priority: "low" } as const;
  clients.s3.middlewareStack.add(
    (next, context) => async (args) => {
      const operation = String(context.commandName).replace(/Command$/, "");
      const { headers } = args.request as { readonly headers: Readonly<Record<string, string>> };
      const take = meter.s3Request(operation, Number(headers["content-length"] ?? 0));
      try {
        const result = await next(args);
        const response = result.response as HttpResponseLike;
        // S3 does not bill its own failures.
        if (response.statusCode >= 500) take.back();
        else if (operation === "GetObject" && response.statusCode < 300) {
          take.bytesRead(Number(response.headers["content-length"] ?? 0));
        }
        return result;
      } catch (error) {
        // Aborted, or cut off: it has been sent, and is billed.
        if (operation === "GetObject") take.bytesRead(rangeBytes(headers.range));
        throw error;
      }
    },
    { ...nearest, name: "volleyMeterS3" },
  );
  clients.lambda.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      const accepted = (result.response as HttpResponseLike).statusCode < 300;
      if (context.commandName === "InvokeCommand" && accepted) meter.add({ lambdaInvocations: 1 });
      return result;
    },
    { ...nearest, name: "volleyMeterLambda" },
  );
  meterDynamo(clients.dynamo, meter);
  return clients;
}

/** Bytes that a Range header names; 0 where only the object knows. */
function rangeBytes(range = ""): number {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
  return to === undefined ? 0 : Number(to) - Number(from) + 1;
}

interface Capacity {
  readonly CapacityUnits?: number;
}

function meterDynamo(client: DynamoDBClient, meter: UsageMeter): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const { ConditionExpression } = args.input as { readonly ConditionExpression?: string };
      const ofFailures = ConditionExpression ? { ReturnValuesOnConditionCheckFailure: "ALL_OLD" } : {};
      return next({ ...args, input: { ReturnConsumedCapacity: "TOTAL", ...ofFailures, ...args.input } });
    },
    { step: "initialize", name: "volleyAskForCapacity" },
  );
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const operation = String(context.commandName).replace(/Command$/, "");
      try {
        const result = await next(args);
        const { ConsumedCapacity: consumed } = result.output as { ConsumedCapacity?: Capacity | Capacity[] };
        const all = consumed === undefined ? [] : Array.isArray(consumed) ? consumed : [consumed];
        const units = all.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
        meter.dynamoRequest(operation, units);
        return result;
      } catch (error) {
        // A failed condition takes write units by the size of the item that is there; at least one.
        if (conditionFailed(error)) {
          const there = itemOfFailure(error);
          meter.dynamoRequest(operation, there ? writeUnits(there) : 1);
        }
        throw error;
      }
    },
    { step: "deserialize", priority: "high", name: "volleyMeterDynamo" },
  );
}
