import type { Client } from "pg";
import { pick, seededLeadSource, uniform } from "./lead-source.ts";
import { KEYS_AND_INDEXES, TABLES } from "./schema.ts";
import { REGIONS, tenantShares, type TenantShare } from "./tenants.ts";

const FIRST_NAMES = ["Ana", "Björn", "Chidi", "Daniela", "Émile", "Fatima", "Grace", "Hiro", "Ivana", "Søren", "Zoë"];
const LAST_NAMES = ["Silva", "Müller", "O'Neill", "Nguyen", "García", "Kowalska", "Smith", "田中", "van der Berg"];
const STATUSES = ["new", "working", "qualified", "customer", "lost"];
const INDUSTRIES = ["software", "retail", "health", "energy", "education"];
const PLANS = ["initiator", "team", "enterprise"];
const STAGES = ["prospect", "proposal", "negotiation", "won", "lost"];
/** Four of five contacts live where their tenant does. */
const HOME_REGION_SHARE = 0.8;
const CONTACTS_PER_DEAL = 6;

/**
 * Creates schema `crm` and fills it: set-based, and the same rows for the same number on every machine.
 *
 * @param contacts rows of crm.contacts; the other tables follow from it
 */
export async function seed(client: Client, contacts: number): Promise<void> {
  const shares = tenantShares(contacts);
  await client.query("SET synchronous_commit = off");
  await client.query("SET maintenance_work_mem = '256MB'");
  for (const statement of TABLES) await client.query(statement);
  for (const statement of rows(contacts, shares)) await client.query(statement);
  for (const statement of KEYS_AND_INDEXES) await client.query(statement);
  await restartIdentities(client);
  // A live table has been vacuumed: visibility map and statistics are there when the migration comes.
  await client.query("VACUUM (ANALYZE) crm.tenants, crm.users, crm.accounts, crm.contacts, crm.deals");
  await client.query("RESET synchronous_commit");
}

function rows(contacts: number, shares: readonly TenantShare[]): readonly string[] {
  return [tenantRows(shares), userRows(shares), accountRows(shares), contactRows(contacts, shares), dealRows(contacts)];
}

function tenantRows(shares: readonly TenantShare[]): string {
  return `INSERT INTO crm.tenants (id, name, region, plan)
    SELECT id, 'Tenant ' || id, ${byTenant(shares, (share) => `'${share.region}'`, "id")}, ${pick(PLANS, "id", 1)}
    FROM generate_series(1, ${String(shares.length)}) AS id`;
}

function userRows(shares: readonly TenantShare[]): string {
  return `INSERT INTO crm.users (id, tenant_id, email, full_name)
    SELECT id, ${ownerTenant(shares, (share) => share.firstUser)}, 'user' || id || '@example.com',
      ${pick(FIRST_NAMES, "id", 1)} || ' ' || ${pick(LAST_NAMES, "id", 2)}
    FROM generate_series(1::bigint, ${String(sum(shares, (share) => share.users))}) AS id`;
}

function accountRows(shares: readonly TenantShare[]): string {
  return `INSERT INTO crm.accounts (id, tenant_id, owner_id, name, industry, website)
    SELECT id, tenant, ${memberOf(shares, "user")}, 'Account ' || id, ${pick(INDUSTRIES, "id", 4)},
      'https://account-' || id || '.example.com'
    FROM (SELECT id, ${ownerTenant(shares, (share) => share.firstAccount)} AS tenant
          FROM generate_series(1::bigint, ${String(sum(shares, (share) => share.accounts))}) AS id) AS source`;
}

function contactRows(contacts: number, shares: readonly TenantShare[]): string {
  const cumulative = shares.slice(0, -1).map((share) => String(share.cumulative));
  const homeRegion = byTenant(shares, (share) => `'${share.region}'`, "tenant");
  return `INSERT INTO crm.contacts
      (id, tenant_id, account_id, owner_id, region, first_name, last_name, email, lead_source, status, created_at, updated_at)
    SELECT id, tenant, ${memberOf(shares, "account")}, ${memberOf(shares, "user")},
      CASE WHEN ${uniform("id", 5)} < ${String(HOME_REGION_SHARE)} THEN ${homeRegion} ELSE ${pick(REGIONS, "id", 6)} END,
      ${pick(FIRST_NAMES, "id", 7)}, ${pick(LAST_NAMES, "id", 8)}, 'contact' || id || '@example.com',
      ${seededLeadSource("id")}, ${pick(STATUSES, "id", 9)}, moment, moment
    FROM (SELECT id, 1 + width_bucket(${uniform("id", 10)}, ARRAY[${cumulative.join(",")}]::float8[]) AS tenant,
            timestamptz '2016-01-01 00:00Z' + make_interval(secs => id * 3e8 / ${String(contacts)}) AS moment
          FROM generate_series(1::bigint, ${String(contacts)}) AS id) AS source`;
}

function dealRows(contacts: number): string {
  return `INSERT INTO crm.deals (tenant_id, account_id, contact_id, owner_id, stage, amount, created_at)
    SELECT tenant_id, account_id, id, owner_id, ${pick(STAGES, "id", 20)},
      round((100 + 90000 * ${uniform("id", 21)})::numeric, 2), created_at + interval '3 days'
    FROM crm.contacts WHERE id % ${String(CONTACTS_PER_DEAL)} = 0 AND id <= ${String(contacts)}`;
}

/** SQL for a value of the tenant whose id the column `tenant` holds. */
function byTenant(shares: readonly TenantShare[], value: (share: TenantShare) => string, tenant: string): string {
  return `(ARRAY[${shares.map(value).join(",")}])[${tenant}]`;
}

/** SQL for the tenant of row `id`, where ids were given out tenant by tenant. */
function ownerTenant(shares: readonly TenantShare[], first: (share: TenantShare) => number): string {
  return `width_bucket(id, ARRAY[${shares.map((share) => String(first(share))).join(",")}]::bigint[])`;
}

/** SQL for a user or an account of the row's own tenant. */
function memberOf(shares: readonly TenantShare[], kind: "user" | "account"): string {
  const first = byTenant(shares, (share) => String(kind === "user" ? share.firstUser : share.firstAccount), "tenant");
  const count = byTenant(shares, (share) => String(kind === "user" ? share.users : share.accounts), "tenant");
  return `${first} + floor(${uniform("id", kind === "user" ? 2 : 3)} * ${count})::bigint`;
}

function sum(shares: readonly TenantShare[], value: (share: TenantShare) => number): number {
  return shares.reduce((total, share) => total + value(share), 0);
}

async function restartIdentities(client: Client): Promise<void> {
  for (const table of ["tenants", "users", "accounts", "contacts"]) {
    await client.query(
      `SELECT setval(pg_get_serial_sequence('crm.${table}', 'id'), (SELECT max(id) FROM crm.${table}))`,
    );
  }
}
