/**
 * Joins on equal keys: reads the build side into memory, indexes it, then streams the probe side past it. A build side
 * beyond the memory limit turns it into a grace join (DeWitt et al. 1984): both sides are spread over spill files by
 * the hash of their keys, and joined file by file, recursively. What that cannot divide, rows of one key, is joined in
 * blocks: see block-join.ts.
 */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import type { Batch, Vector } from "../../arrow/vector.ts";
import { memoryHint, QueryError } from "../../errors.ts";
import type { Column, Expr } from "../../expr/expr.ts";
import { columnIdsOf } from "../../expr/walk.ts";
import { Arena } from "../../kernels/arena.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { Ptr } from "../../kernels/memory.ts";
import type { HashJoinNode, PhysicalJoinType } from "../../physical/plan.ts";
import { compileExpressions, type ExpressionSet } from "../expression/expression-set.ts";
import type { IntegerRange } from "../keys/key-layout.ts";
import type { Operator, TaskContext } from "../operator/operator.ts";
import { OperatorBase } from "../operator/operator-base.ts";
import type { SpillFile } from "../spill/spill-blocks.ts";
import { SpillPartitions, spillFanout, spillLevelMax } from "../spill/spill-partitions.ts";
import { type BuildBlocks, joinByBlocks, type SpilledBatch } from "./block-join.ts";
import { BuildSide } from "./build-side.ts";
import { JoinOutput } from "./join-output.ts";
import { joinColumns, PairBuffer, PairFilter } from "./join-pairs.ts";
import { type Piece, ProbeMatches } from "./probe-matches.ts";
import { BitMembership, literalBounds, Membership, type RuntimeFilterTargets } from "./runtime-filter.ts";
import { UnknownMatches } from "./unknown-matches.ts";

/** Types that give nothing when the build side is empty. */
const needsBuild: ReadonlySet<PhysicalJoinType> = new Set([
  "inner",
  "probe_semi",
  "build_outer",
  "build_semi",
  "build_anti",
]);

interface KeyedBatch {
  readonly length: number;
  /** The columns that are used. */
  readonly columns: readonly Vector[];
  readonly keys: readonly Vector[];
}

/** One side's input: its used columns and its keys. */
interface Side {
  readonly operator: Operator;
  readonly columns: readonly Column[];
  /** Position in the operator's output of each used column. */
  readonly positions: readonly number[];
  readonly keys: ExpressionSet;
}

/** A spilled part of both sides. */
interface Part {
  readonly build: SpillFile;
  readonly probe: SpillFile;
  readonly level: number;
  /** Spreading it once more may help. */
  readonly divisible: boolean;
}

export class HashJoinOperator extends OperatorBase {
  readonly #node: HashJoinNode;
  readonly #build: Side;
  readonly #probe: Side;
  readonly #side: BuildSide;
  readonly #filter: PairFilter | undefined;
  readonly #output: JoinOutput;
  readonly #matches: ProbeMatches;
  readonly #unknown: UnknownMatches | undefined;
  readonly #targets: RuntimeFilterTargets;
  readonly #pairs: PairBuffer;
  readonly #outerRows: GrowableBlock;
  readonly #keyBuffer: FlattenBuffer;
  readonly #memberships: (Membership | BitMembership)[] = [];
  readonly #cursor: Ptr;
  #batches: AsyncGenerator<Batch> | undefined;
  #spills: SpillPartitions[] = [];
  #parts: Part[] = [];

  constructor(
    context: TaskContext,
    node: HashJoinNode,
    build: Operator,
    probe: Operator,
    targets: RuntimeFilterTargets = () => undefined,
  ) {
    super("hash_join", context, node.columns, [build, probe]);
    const { memory } = context;
    this.#node = node;
    this.#targets = targets;
    const used = new Set(node.columns.map(({ id }) => id));
    if (node.filter) for (const id of columnIdsOf(node.filter)) used.add(id);
    const side = (operator: Operator, keys: readonly Expr[]): Side => {
      const columns = operator.columns.filter(({ id }) => used.has(id));
      const positions = columns.map(({ id }) => operator.columns.findIndex((column) => column.id === id));
      return { operator, columns, positions, keys: compileExpressions(keys, operator.columns, context) };
    };
    const buildKeys = node.keys.map((key) => key.build);
    this.#build = side(build, buildKeys);
    this.#probe = side(
      probe,
      node.keys.map((key) => key.probe),
    );
    const stored = this.#build.columns;
    const keyColumns = node.keys.map(({ build: { type }, nullSafe }) => ({ type, nullIsKey: nullSafe }));
    this.#side = new BuildSide(
      context,
      [...stored, ...buildKeys].map(({ type }) => type),
      keyColumns,
      buildKeys.map((_, i) => stored.length + i),
    );
    this.#filter = node.filter && new PairFilter(context, node.filter, this.#probe.columns, stored);
    this.#output = new JoinOutput(
      memory,
      joinColumns(node.columns, this.#probe.columns, stored, node.mark),
      (position) => this.#side.column(position),
    );
    this.#matches = new ProbeMatches(memory, node.joinType, this.#output, context.batchRows, node.mark);
    this.#unknown = node.nullAware ? new UnknownMatches(context, this.#side, stored.length, this.#filter) : undefined;
    this.#pairs = new PairBuffer(memory);
    this.#outerRows = new GrowableBlock(memory);
    this.#keyBuffer = new FlattenBuffer(memory);
    this.#cursor = memory.alloc(8);
  }

  protected override async nextBatch(): Promise<Batch | null> {
    this.#batches ??= this.#run();
    const { done, value } = await this.#batches.next();
    return done ? null : value;
  }

  protected override async closeSelf(): Promise<void> {
    await this.#batches?.return(undefined);
    for (const file of this.#spills.flatMap(({ files }) => files)) await file.remove();
    for (const spill of this.#spills) spill.free();
    for (const { build, probe } of this.#parts) {
      await build.remove();
      await probe.remove();
    }
    for (const membership of this.#memberships) membership.free();
    for (const owner of [this.#side, this.#build.keys, this.#probe.keys])
      "clear" in owner ? owner.clear() : owner.close();
    this.#filter?.close();
    this.#unknown?.free();
    for (const owner of [this.#output, this.#matches, this.#pairs, this.#outerRows, this.#keyBuffer]) owner.free();
    this.context.memory.free(this.#cursor);
  }

  async *#run(): AsyncGenerator<Batch> {
    let spilled = await this.#readBuild();
    const none = !spilled && this.#side.rows === 0 && needsBuild.has(this.#node.joinType);
    if (!spilled && !none && !this.#side.index()) spilled = await this.#spillSide(0);
    if (spilled) {
      yield* this.#joinSpilled(spilled);
      return;
    }
    this.count("buildRows", this.#side.rows);
    if (none) return;
    this.count("buildKeys", this.#side.keys);
    if (this.#side.isDense) this.count("dense");
    this.#addRuntimeFilters();
    for (let batch = await this.#next(this.#probe); batch; batch = await this.#next(this.#probe)) {
      yield* this.#join(batch);
    }
    yield* this.#matches.buildRows(this.#side.rows, () => this.#side.matched);
  }

  async #next({ operator, positions, keys }: Side): Promise<KeyedBatch | undefined> {
    const batch = await operator.next();
    if (batch === null) return undefined;
    return {
      length: batch.length,
      columns: positions.map((position) => batch.columns[position]!),
      keys: keys.evaluate(batch),
    };
  }

  /** Reads the whole build side: into memory, or, if it is too large, into spill files. */
  async #readBuild(): Promise<SpillPartitions | undefined> {
    let spill: SpillPartitions | undefined;
    for (let batch = await this.#next(this.#build); batch; batch = await this.#next(this.#build)) {
      this.#unknown?.noteBuild(batch.keys[0]!);
      const columns = [...batch.columns, ...batch.keys];
      if (!spill && this.#isFull(this.#side.growthBytes(batch.length))) spill = await this.#spillSide(0);
      if (spill) await spill.append(batch.keys, { length: batch.length, columns });
      else this.#side.append(columns, batch.length);
    }
    if (!spill && this.#isFull(this.#side.indexBytes)) spill = await this.#spillSide(0);
    return spill;
  }

  /** Three-valued joins with a condition compare rows of different keys: they stay in one file. */
  get #spillFanout(): number {
    return this.#node.nullAware && this.#filter ? 1 : spillFanout;
  }

  #isFull(moreBytes: number): boolean {
    return this.#side.rows >= Math.max(1, this.context.batchRows) && this.context.wouldExceed(moreBytes);
  }

  /** Moves the rows in memory to spill files. */
  async #spillSide(level: number): Promise<SpillPartitions> {
    const spill = this.#makeSpill("join-build", level);
    const stored = this.#build.columns.length;
    const step = 16_384;
    for (let start = 0; start < this.#side.rows; start += step) {
      const length = Math.min(step, this.#side.rows - start);
      const columns = this.#spilledTypes("build").map((_, i) => this.#side.slice(i, start, length));
      await spill.append(columns.slice(stored), { length, columns });
    }
    this.#side.clear();
    return spill;
  }

  #makeSpill(prefix: string, level: number): SpillPartitions {
    const spill = new SpillPartitions(this.context, prefix, level, this.#spillFanout);
    this.#spills.push(spill);
    return spill;
  }

  #spilledTypes(which: "build" | "probe") {
    const { columns } = which === "build" ? this.#build : this.#probe;
    return [...columns, ...this.#node.keys.map((key) => key[which])].map(({ type }) => type);
  }

  async *#joinSpilled(build: SpillPartitions): AsyncGenerator<Batch> {
    const probe = this.#makeSpill("join-probe", 0);
    for (let batch = await this.#next(this.#probe); batch; batch = await this.#next(this.#probe)) {
      await probe.append(batch.keys, { length: batch.length, columns: [...batch.columns, ...batch.keys] });
    }
    await this.#queue(build, probe, 1, Number.POSITIVE_INFINITY);
    for (let part = this.#parts.pop(); part; part = this.#parts.pop()) {
      try {
        yield* this.#joinPart(part);
      } finally {
        await part.build.remove();
        await part.probe.remove();
      }
    }
  }

  /** @param rows build rows that were spread */
  async #queue(build: SpillPartitions, probe: SpillPartitions, level: number, rows: number): Promise<void> {
    await build.finish();
    await probe.finish();
    this.#spills = this.#spills.filter((spill) => spill !== build && spill !== probe);
    build.files.forEach((file, i) => {
      this.count("spilledBytes", file.bytes + probe.files[i]!.bytes);
      const divisible = level < spillLevelMax && file.rows < rows && build.files.length > 1;
      this.#parts.push({ build: file, probe: probe.files[i]!, level, divisible });
    });
  }

  async *#joinPart(part: Part): AsyncGenerator<Batch> {
    const { build, probe } = part;
    this.#side.clear();
    if (build.rows === 0 && needsBuild.has(this.#node.joinType)) return;
    const reader = { next: 0 };
    const all = await this.#readBlock(build, reader);
    if (!(all && this.#side.index()) && part.divisible) {
      await this.#divide(part);
      return;
    }
    if (!all) {
      yield* this.#joinBlocks(part, reader);
      return;
    }
    if (!this.#side.isIndexed) throw outOfMemory();
    this.count("buildRows", this.#side.rows);
    const arena = new Arena(this.context.memory);
    try {
      for (let i = 0; i < probe.blocks; i++) {
        const { rows, columns } = await probe.read(i, this.#spilledTypes("probe"), arena);
        yield* this.#join(this.#keyed({ length: rows, columns }));
        arena.free();
      }
      yield* this.#matches.buildRows(this.#side.rows, () => this.#side.matched);
    } finally {
      arena.free();
    }
  }

  /** Reads rows from a block of the file on, as many as there is memory for. True at the file's end. */
  async #readBlock(build: SpillFile, reader: { next: number }): Promise<boolean> {
    const arena = new Arena(this.context.memory);
    try {
      while (reader.next < build.blocks) {
        const { rows, columns } = await build.read(reader.next++, this.#spilledTypes("build"), arena);
        this.#side.append(columns, rows);
        arena.free();
        const last = reader.next === build.blocks;
        if (!last && this.#isFull(this.#side.indexBytes + this.#side.growthBytes(rows))) break;
      }
    } finally {
      arena.free();
    }
    return reader.next === build.blocks;
  }

  /** The first block is in memory already. */
  async *#joinBlocks({ build, probe }: Part, reader: { next: number }): AsyncGenerator<Batch> {
    this.count("buildRows", build.rows);
    const { kernels } = this.context.memory;
    const unknown = this.#unknown;
    let first = true;
    const blocks: BuildBlocks = {
      next: async () => {
        this.count("blocks");
        unknown?.newBlock();
        if (!first) {
          if (reader.next === build.blocks) return false;
          this.#side.clear();
          await this.#readBlock(build, reader);
        }
        first = false;
        if (!this.#side.index()) throw outOfMemory();
        return true;
      },
      rows: () => this.#side.rows,
      matched: () => this.#side.matched,
      pieces: (batch) => this.paced(this.#found(this.#keyed(batch))),
      ...(unknown && {
        unknown: (batch, matched, unsure) => {
          const keyed = this.#keyed(batch);
          const bytes = unknown.rows(keyed, keyed.keys[0]!, matched);
          if (bytes !== 0) kernels.eitherBytes(unsure, bytes, batch.length, unsure);
        },
      }),
    };
    const types = this.#spilledTypes("probe");
    const file = { file: probe, types, columns: (batch: SpilledBatch) => this.#keyed(batch).columns };
    yield* joinByBlocks(this.context, this.#matches, blocks, file, unknown !== undefined);
  }

  /** A batch of a probe file: its columns, then its keys. */
  #keyed({ length, columns }: SpilledBatch) {
    const keysAt = this.#probe.columns.length;
    return { length, columns: columns.slice(0, keysAt), keys: columns.slice(keysAt) };
  }

  /** Spreads a part that is still too large over the files of the next level. */
  async #divide({ build, probe, level }: Part): Promise<void> {
    this.#side.clear();
    const parts = { build: this.#makeSpill("join-build", level), probe: this.#makeSpill("join-probe", level) };
    const arena = new Arena(this.context.memory);
    try {
      for (const which of ["build", "probe"] as const) {
        const file = which === "build" ? build : probe;
        const keysAt = (which === "build" ? this.#build : this.#probe).columns.length;
        for (let i = 0; i < file.blocks; i++) {
          const { rows, columns } = await file.read(i, this.#spilledTypes(which), arena);
          await parts[which].append(columns.slice(keysAt), { length: rows, columns });
          arena.free();
        }
      }
    } finally {
      arena.free();
    }
    await this.#queue(parts.build, parts.probe, level + 1, build.rows);
  }

  async *#join(batch: KeyedBatch): AsyncGenerator<Batch> {
    const { joinType } = this.#node;
    const found = this.#side.find(batch.keys, batch.length);
    const direct = this.#side.unique && !this.#filter;
    if (direct && (joinType === "probe_outer" || joinType === "probe_single")) {
      yield this.#outerBatch(batch, found);
      return;
    }
    const unknown = this.#unknown;
    const unknownRows = unknown && ((matched: Ptr) => unknown.rows(batch, batch.keys[0]!, matched));
    const pieces = this.paced(this.#piecesOf(batch, found));
    yield* this.#matches.join(batch, pieces, () => this.#side.matched, unknownRows);
  }

  #found(batch: KeyedBatch): Iterable<Piece> {
    return this.#piecesOf(batch, this.#side.find(batch.keys, batch.length));
  }

  #piecesOf(batch: KeyedBatch, found: { rows: Ptr; numbers: Ptr; count: number }): Iterable<Piece> {
    const { joinType } = this.#node;
    const needsPairs = this.#filter || !joinType.startsWith("probe") || joinType === "probe_outer";
    if (needsPairs || joinType === "probe_single") return this.#pieces(batch, found);
    return [{ pairs: this.#probePairs(found.rows), count: found.count }];
  }

  /** Whether probe rows match is all that matters, so their build rows are left out. */
  #probePairs(probeRows: Ptr): { probeRows: Ptr; buildRows: Ptr } {
    return { probeRows, buildRows: 0 };
  }

  /** One build row, or none, for each probe row in its place. */
  #outerBatch(batch: KeyedBatch, found: { rows: Ptr; numbers: Ptr; count: number }): Batch {
    const { kernels } = this.context.memory;
    const buildRows = this.#outerRows.ensure(batch.length * 4);
    kernels.outerRows(found.rows, this.#uniqueRows(found), found.count, batch.length, buildRows);
    return this.#output.batch({ length: batch.length, probe: batch.columns, probeRows: 0, buildRows, outer: true });
  }

  /** Build rows of found keys that lead to one row each; in place. */
  #uniqueRows({ numbers, count }: { numbers: Ptr; count: number }): Ptr {
    const { lists } = this.#side;
    if (lists) this.context.memory.kernels.gather4(lists.order, numbers, count, numbers);
    return numbers;
  }

  *#pieces(batch: KeyedBatch, found: { rows: Ptr; numbers: Ptr; count: number }): Generator<Piece> {
    const { memory, batchRows } = this.context;
    if (this.#side.unique) {
      const pairs = { probeRows: found.rows, buildRows: this.#uniqueRows(found) };
      const count = this.#kept(pairs, found.count, batch);
      yield { pairs, count, every: count === batch.length };
      return;
    }
    if (found.count === 0) return;
    const { offsets, order } = this.#side.lists!;
    const at = this.#cursor >>> 2;
    let index = 0;
    let position = 0;
    while (index < found.count) {
      const room = Math.max(1, batchRows);
      const pairs = this.#pairs.ensure(room);
      memory.u32[at] = index;
      memory.u32[at + 1] = position;
      const { probeRows, buildRows } = pairs;
      const { rows, numbers, count: m } = found;
      const count = memory.kernels.expandPairs(
        rows,
        numbers,
        m,
        offsets,
        order,
        this.#cursor,
        room,
        probeRows,
        buildRows,
      );
      index = memory.u32[at]!;
      position = memory.u32[at + 1]!;
      yield { pairs, count: this.#kept(pairs, count, batch) };
    }
  }

  #kept(pairs: { probeRows: Ptr; buildRows: Ptr }, count: number, batch: KeyedBatch): number {
    if (!this.#filter) return count;
    return this.#filter.keep(pairs, count, batch.columns, (position) => this.#side.column(position));
  }

  /** Tells scans of the probe side which keys can match. */
  #addRuntimeFilters(): void {
    for (const { key, probeColumn } of this.#node.runtimeFilters) {
      const target = this.#targets(probeColumn);
      if (!target) continue;
      if (this.#side.keys === 0) {
        target.addRuntimeFilter({ column: probeColumn, min: null, max: null });
        continue;
      }
      const range = this.#side.keyRange(key);
      const { type } = this.#node.keys[key]!.probe;
      const bounds = range && literalBounds(type, range);
      if (!bounds) continue;
      this.count("runtimeFilters");
      const membership = this.#membership(key, range);
      if (!membership) {
        target.addRuntimeFilter({ column: probeColumn, ...bounds });
        continue;
      }
      this.#memberships.push(membership);
      const test = membership.test.bind(membership);
      target.addRuntimeFilter({ column: probeColumn, ...bounds, membership: test });
    }
  }

  #membership(key: number, range: IntegerRange): Membership | BitMembership | undefined {
    const { memory } = this.context;
    const bits = BitMembership.over(memory, this.#side.keyColumn(key), range);
    return bits ?? (this.#node.keys.length > 1 ? undefined : new Membership(memory, this.#side));
  }
}

function outOfMemory(): QueryError {
  return new QueryError("out_of_memory", "an executor has no memory for the build side of a join", {
    hint: memoryHint,
  });
}
