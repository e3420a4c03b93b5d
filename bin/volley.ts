#!/usr/bin/env node
/** The command line: see lib/cli/main.ts. */
import { main } from "../lib/cli/main.ts";

// The reader of standard output may go away (`volley … | head`); what is being written then fails with EPIPE, and is
// dealt with there.
process.stdout.on("error", () => {});
process.exitCode = await main(process.argv.slice(2));
