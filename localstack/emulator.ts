/** The emulator in use: where it listens, what its limits ask of a deployment, and what was deployed there. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dirname, "..");
const outputsFile = join(root, "dist/localstack-outputs.json");

export type EmulatorName = "ministack" | "localstack";

const named = process.env.EMULATOR ?? "ministack";
if (named !== "ministack" && named !== "localstack") {
  throw new Error(`EMULATOR is ministack or localstack, not ${named}`);
}
export const emulator: EmulatorName = named;
export const endpointUrl = process.env.AWS_ENDPOINT_URL ?? "http://localhost:4566";
export const dataBucket = "volley-demo-data";

/** For child processes and SDK clients: the emulator's account, whatever credentials stand in the environment. */
export const environment: Readonly<Record<string, string>> = {
  AWS_ENDPOINT_URL: endpointUrl,
  AWS_ENDPOINT_URL_S3: endpointUrl,
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_REGION: "us-east-1",
  AWS_DEFAULT_REGION: "us-east-1",
  CDK_DEFAULT_ACCOUNT: "000000000000",
  CDK_DEFAULT_REGION: "us-east-1",
};

/** Neither checks callers as AWS does: the deployment there is open, and only for this machine. */
export const options: readonly string[] = [
  `volley:data=${dataBucket}`,
  "volley:auth=none",
  // However small the demonstration's tables are: executors run.
  "volley:inlineBytesMax=1",
  // Each attempt is a process, or a container, of this machine.
  "volley:attemptsMax=4",
  // MiniStack knows no alarms on metric math.
  "volley:alarms=false",
  // HTTP APIs are not in LocalStack's free tier.
  ...(emulator === "localstack" ? ["volley:endpoint=function-url"] : []),
];

export { outputsFile };

/** Of the API that was deployed, without a slash at its end. @throws Error when nothing was */
export function apiUrl(): string {
  const { Volley } = JSON.parse(readFileSync(outputsFile, "utf8")) as { Volley: { Url: string } };
  const { protocol, host } = new URL(endpointUrl);
  const [id, kind] = new URL(Volley.Url).hostname.split(".");
  // Names below localhost do not resolve everywhere; MiniStack takes the API's id in the path as well.
  if (emulator === "ministack")
    return `${protocol}//${host}/_aws/${kind}/${id}${kind === "execute-api" ? "/$default" : ""}`;
  return Volley.Url.replace(/\/$/, "");
}
