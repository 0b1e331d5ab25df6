export const TENANTS = 40;
export const REGIONS = ["us-east", "eu-west", "ap-south", "sa-east"] as const;

/** How many rows of each table belong to a tenant, and the first id of those that are numbered tenant by tenant. */
export interface TenantShare {
  readonly id: number;
  readonly region: (typeof REGIONS)[number];
  /** Share of all contacts up to and with this tenant, 0 to 1. */
  readonly cumulative: number;
  readonly users: number;
  readonly firstUser: number;
  readonly accounts: number;
  readonly firstAccount: number;
}

const CONTACTS_PER_ACCOUNT = 8;
const CONTACTS_PER_USER = 400;

/**
 * Tenants as different in size as real customers are: the n-th largest has 1/n of the largest one's contacts, which
 * gives the first 23 % of everything and the last half a percent.
 *
 * @param contacts contacts of all tenants together
 */
export function tenantShares(contacts: number): readonly TenantShare[] {
  const weights = Array.from({ length: TENANTS }, (_, index) => 1 / (index + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let cumulative = 0;
  let firstUser = 1;
  let firstAccount = 1;
  return weights.map((weight, index) => {
    const share = weight / total;
    cumulative += share;
    const users = Math.max(3, Math.round((share * contacts) / CONTACTS_PER_USER));
    const accounts = Math.max(2, Math.round((share * contacts) / CONTACTS_PER_ACCOUNT));
    const tenant = { id: index + 1, region: regionOf(index), cumulative, users, firstUser, accounts, firstAccount };
    firstUser += users;
    firstAccount += accounts;
    return tenant;
  });
}

function regionOf(index: number): (typeof REGIONS)[number] {
  return REGIONS[index % REGIONS.length] ?? REGIONS[0];
}
