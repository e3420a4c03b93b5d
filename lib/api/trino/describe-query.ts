/** The columns of a query's answer, from a DESCRIBE of it: the service plans it and does not run it. */
import { resultRows } from "../../arrow/result.ts";
import { typeNamed } from "../../arrow/types.ts";
import { QueryError } from "../../errors.ts";
import type { QueryService, ResultColumnInfo } from "../../service/query-service.ts";
import { hasEnded } from "../../service/query-store.ts";

/** A function may not wait longer. */
const waitMs = 20_000;

export async function describeQuery(
  service: QueryService,
  tenant: string,
  sql: string,
): Promise<readonly ResultColumnInfo[]> {
  const { id } = await service.submit({ sql: `describe ${sql}`, tenant });
  const info = await service.get(tenant, id, { waitMs });
  if (info?.error) throw withoutPlace(QueryError.fromJSON(info.error));
  if (!info || !hasEnded(info)) {
    await service.cancel(tenant, id);
    throw new QueryError("timeout", "the statement could not be described in time");
  }
  const columns: ResultColumnInfo[] = [];
  for (const slice of await service.results(tenant, id)) {
    for (const [name, type, nullable] of resultRows(await slice.read())) {
      columns.push({ name: name as string, type: typeNamed(type as string)!, nullable: nullable === "YES" });
    }
  }
  return columns;
}

/** The place is one in a text that the client did not send. */
function withoutPlace({ code, message, hint }: QueryError): QueryError {
  return new QueryError(code, message, hint ? { hint } : {});
}
