/** As much of the API as seed and smoke test need. */
import { apiUrl } from "./emulator.ts";

interface Answer {
  readonly id: string;
  readonly status: string;
  readonly rows?: readonly (readonly unknown[])[];
  readonly error?: { readonly message: string };
  readonly stages?: readonly { readonly tasks: number }[];
  readonly cost?: { readonly total: number };
}

const waitSeconds = 20;
const queryMsMax = 180_000;

/** The answer of a query that finished. @throws Error with the query's own message */
export async function query(sql: string): Promise<Answer & { readonly rows: readonly (readonly unknown[])[] }> {
  const deadline = Date.now() + queryMsMax;
  let answer = await call("POST", "/v1/queries", { sql, wait: waitSeconds });
  while (["queued", "planning", "running"].includes(answer.status)) {
    if (Date.now() > deadline) throw new Error(`query ${answer.id} is still ${answer.status}`);
    answer = await call("GET", `/v1/queries/${answer.id}?wait=${waitSeconds}`);
  }
  if (answer.status !== "finished") throw new Error(`query ${answer.id} ${answer.status}: ${answer.error?.message}`);
  const { rows } = answer.rows ? answer : await call("GET", `/v1/queries/${answer.id}/results`);
  return { ...answer, rows: rows ?? [] };
}

async function call(method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(`${apiUrl()}${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}
