import { MemoryStateStore } from "../../lib/scheduler/memory-state-store.ts";
import { stateStoreConformance } from "./state-store-conformance.ts";

stateStoreConformance("MemoryStateStore", async () => new MemoryStateStore());
