import type {
  CheckArea,
  CheckProps,
  MigrationCheck,
  PreflightContext,
  RelationCheck,
  RelationContext,
  TableCheck,
  TableContext,
} from "./check.ts";

interface MigrationCheckProps extends CheckProps<PreflightContext> {
  /** @default false */
  readonly blocksTableChecks?: boolean;
}

/** A check of what the migration says of the run as a whole. */
export const runCheck = (props: MigrationCheckProps): MigrationCheck => migrationCheck("run", props);

/** A check of the server, its sessions and settings. */
export const serverCheck = (props: MigrationCheckProps): MigrationCheck => migrationCheck("server", props);

/** A check of what the run waits for. */
export const gateCheck = (props: MigrationCheckProps): MigrationCheck => migrationCheck("gates", props);

/** A check of whether what the migration names as a table is one. */
export const relationCheck = (props: CheckProps<RelationContext>): RelationCheck => ({
  ...props,
  subject: "relation",
  area: "table",
});

/**
 * A check of a table, once it is known to be one.
 *
 * @example
 * export const rowSecurity = tableCheck({
 *   name: "row-security",
 *   refusesOrWarns: "Refuses policies that hide rows from the role.",
 *   check: ({ table }) => ok(tableObject(table), "shows every row to Sluice"),
 * });
 */
export const tableCheck = (props: CheckProps<TableContext>): TableCheck => ({
  ...props,
  subject: "table",
  area: "table",
});

function migrationCheck(area: CheckArea, props: MigrationCheckProps): MigrationCheck {
  return { blocksTableChecks: false, ...props, subject: "migration", area };
}
