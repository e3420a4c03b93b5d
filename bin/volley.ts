#!/usr/bin/env node
/** The command line: see lib/cli/main.ts. */
import { main } from "../lib/cli/main.ts";

process.exitCode = await main(process.argv.slice(2));
