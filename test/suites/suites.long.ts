/** Every query of every suite in every mode. */
import { readdirSync } from "node:fs";

process.env.VOLLEY_LONG = "1";
for (const name of readdirSync(import.meta.dirname)) {
  if (name.endsWith(".test.ts")) await import(`./${name}`);
}
