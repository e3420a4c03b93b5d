/** Every script in this folder once more: through the HTTP API of the emulated cloud, cut into many tasks. */
import { after, before, describe, it } from "node:test";
import { scripts } from "./slt-check.ts";
import { SltCloud } from "./slt-cloud.ts";

let cloud: SltCloud;
let records = 0;

before(async () => {
  cloud = await SltCloud.start();
});
after(async () => {
  await cloud?.close();
  console.log(`${records} records of ${scripts.length} scripts`);
});

describe("emulated cloud", { concurrency: 3 }, () => {
  for (const script of scripts) {
    it(script, async () => {
      records += await cloud.check(script);
    });
  }
});
