/** The deployment's names, and beside them those of Glue databases when there are any. */
import type { CatalogStore } from "../catalog/catalog-store.ts";
import type { Clients } from "./clients.ts";
import { DynamoCatalogStore } from "./dynamo-catalog-store.ts";
import type { CloudEnvironment } from "./environment.ts";

export function makeCatalogStore(environment: CloudEnvironment, clients: Clients): CatalogStore {
  const own = new DynamoCatalogStore(clients.dynamo, environment.table);
  if (environment.glueDatabases.length === 0) return own;
  let withGlue: Promise<CatalogStore> | undefined;
  const store = () => {
    // Its client is loaded only where it is used.
    withGlue ??= import("./glue-catalog-store.ts").then(({ glueCatalogStore }) =>
      glueCatalogStore(own, environment.glueDatabases),
    );
    return withGlue;
  };
  return {
    load: async () => (await store()).load(),
    putTable: (table, replace) => own.putTable(table, replace),
    putView: (view, replace) => own.putView(view, replace),
    drop: (kind, schema, name) => own.drop(kind, schema, name),
  };
}
