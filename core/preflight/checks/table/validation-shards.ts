import { bytesText } from "../../../amounts.ts";
import { counted } from "../../../counted.ts";
import { tableCheck } from "../../define-check.ts";
import { ok, refuse, warn } from "../../finding.ts";

/**
 * A shard is validated by one statement, so from one snapshot, and the Data API cancels a statement at 45 s. It cannot be
 * made smaller during the run, so a scan that is cancelled ends the run.
 *
 * The scan groups and hashes some 3 million rows a second from memory; what bounds it is the disk. 256 MiB in 45 s are
 * 6 MiB/s, which the smallest instance reads while it serves others. 1 GiB are 23 MiB/s, which it may not.
 */
const COMFORTABLE_BYTES = 256 * 2 ** 20;
const MAX_BYTES = 2 ** 30;

/** The validation's largest shard, against the time that one statement has. */
export const validationShards = tableCheck({
  name: "validation-shards",
  refusesOrWarns:
    "Warns of shards of more than 256 MiB in the validation, and refuses those of 1 GiB: 45 s have to do for one.",
  check({ migration, catalog, table }) {
    const object = "validate.shard_blocks";
    const blocks = Math.min(migration.validate.shard_blocks, table.blocks);
    const bytes = blocks * catalog.blockSize;
    const size = counted(migration.validate.shard_blocks, "block");
    if (bytes <= COMFORTABLE_BYTES) return ok(object, `is ${size}, which one statement scans in time`);
    const problem = {
      object,
      message: `is ${size}: one statement scans ${bytesText(bytes)}, and the Data API cancels it at 45 s`,
      remedy: "Leave it at its default of 4096, or at most at 32768",
    };
    return bytes < MAX_BYTES ? warn(problem) : refuse(problem);
  },
});
