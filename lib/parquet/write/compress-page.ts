import * as zlib from "node:zlib";
import { unsupported } from "../../errors.ts";
import { ByteSink } from "./byte-sink.ts";
import type { CodecName } from "./row-group.ts";
import { snappyCompress } from "./snappy-compress.ts";

/** One page body in the codec's form. */
export function compressPage(codec: CodecName, body: Uint8Array): Uint8Array {
  switch (codec) {
    case "uncompressed":
      return body;
    case "snappy": {
      const sink = new ByteSink(0);
      snappyCompress(body, sink);
      return sink.view();
    }
    case "gzip":
      return zlib.gzipSync(body);
    case "zstd":
      // Absent before Node 22.15, and then not even importable by name.
      if (!zlib.zstdCompressSync) throw unsupported("zstd compression on this version of Node");
      return zlib.zstdCompressSync(body);
  }
}
