import { OLDEST_SERVER_VERSION } from "../../../catalog/read-catalog.ts";
import { serverCheck } from "../../define-check.ts";
import { ok, refuse, warn } from "../../finding.ts";

const NEWEST_MAJOR = 18;

/** A range of blocks is read by TID range scan, which PostgreSQL has since 14. */
export const serverVersion = serverCheck({
  name: "server-version",
  refusesOrWarns: "Refuses PostgreSQL before 14; warns of one newer than Sluice knows.",
  // The catalog of a server that is too old has no table, which says nothing about the table.
  blocksTableChecks: true,
  check({ catalog }) {
    const major = Math.floor(catalog.serverVersion / 10_000);
    const object = `server "PostgreSQL ${String(major)}"`;
    if (catalog.serverVersion < OLDEST_SERVER_VERSION) {
      return refuse({
        object,
        message: "is older than 14 and cannot scan a range of blocks",
        remedy: "Upgrade the server to PostgreSQL 14 or later",
      });
    }
    if (major > NEWEST_MAJOR) {
      return warn({
        object,
        message: `is newer than ${String(NEWEST_MAJOR)}, the newest version that Sluice knows`,
        remedy: "Run the migration on a copy of the database first",
      });
    }
    return ok(object, "can scan a range of blocks");
  },
});
