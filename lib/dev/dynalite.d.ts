/** dynalite has no types of its own. */
declare module "dynalite" {
  import type { Server } from "node:http";

  function dynalite(options: { createTableMs?: number; deleteTableMs?: number }): Server;
  export = dynalite;
}

declare module "dynalite/db/index.js" {
  /** Of an item in the wire's form. */
  export function capacityUnits(item: object, isRead: boolean, isConsistent: boolean): number;
}
