import type { Pool } from "pg";
import type { Contact } from "./contact-book.ts";

/** The two shapes of the attribution column: the one being replaced and its successor. */
export type Path = "old" | "new";

const SOURCE_COLUMN: Readonly<Record<Path, string>> = { old: "lead_source", new: "acquisition_channel" };

/** A new contact's parts that the application chooses. */
export interface NewContact {
  readonly like: Contact;
  readonly source: string | null;
}

/**
 * The application's statements, each in the shape of `path`: prepared under a name, as a real application does, with
 * every column named, so that a column that comes or goes cannot change a result's type under a cached plan.
 */
export class ContactQueries {
  constructor(private readonly pool: Pool) {}

  /** @returns undefined where there is no such contact. */
  async source(path: Path, id: string): Promise<{ readonly source: string | null } | undefined> {
    const { rows } = await this.pool.query<{ source: string | null }>({
      name: `read-${path}`,
      text: `SELECT id, first_name, last_name, email, status, ${SOURCE_COLUMN[path]} AS source
             FROM crm.contacts WHERE id = $1`,
      values: [id],
    });
    return rows[0];
  }

  async list(path: Path, like: Contact): Promise<void> {
    const column = SOURCE_COLUMN[path];
    await this.pool.query({
      name: `list-${path}`,
      text: `SELECT id, first_name, last_name, email FROM crm.contacts
             WHERE tenant_id = $1 AND ${column} = $2 LIMIT 50`,
      values: [like.tenant, like.source ?? "Web"],
    });
  }

  async report(path: Path, tenant: string): Promise<void> {
    const column = SOURCE_COLUMN[path];
    await this.pool.query({
      name: `report-${path}`,
      text: `SELECT ${column} AS source, count(*) FROM crm.contacts WHERE tenant_id = $1
             GROUP BY 1 ORDER BY 2 DESC LIMIT 20`,
      values: [tenant],
    });
  }

  /** @returns the new contact's id. */
  async create(path: Path, contact: NewContact): Promise<string> {
    const { like, source } = contact;
    const { rows } = await this.pool.query<{ id: string }>({
      name: `create-${path}`,
      text: `INSERT INTO crm.contacts
               (tenant_id, account_id, owner_id, region, first_name, last_name, email, ${SOURCE_COLUMN[path]})
             VALUES ($1, $2, $3, $4, 'New', 'Contact', 'new@example.com', $5) RETURNING id`,
      values: [like.tenant, like.account, like.owner, like.region, source],
    });
    return rows[0]?.id ?? "";
  }

  /** @returns whether the contact was there. */
  async setSource(path: Path, id: string, source: string | null): Promise<boolean> {
    const { rowCount } = await this.pool.query({
      name: `set-${path}`,
      text: `UPDATE crm.contacts SET ${SOURCE_COLUMN[path]} = $2, updated_at = now() WHERE id = $1`,
      values: [id, source],
    });
    return rowCount === 1;
  }

  async setStatus(id: string, status: string): Promise<boolean> {
    const { rowCount } = await this.pool.query({
      name: "set-status",
      text: "UPDATE crm.contacts SET status = $2, updated_at = now() WHERE id = $1",
      values: [id, status],
    });
    return rowCount === 1;
  }

  async remove(id: string): Promise<boolean> {
    const { rowCount } = await this.pool.query({
      name: "remove",
      text: "DELETE FROM crm.contacts WHERE id = $1",
      values: [id],
    });
    return rowCount === 1;
  }

  /** A repeatable sample of about `share` (0 to 1) of all contacts. */
  async sample(share: number): Promise<readonly Contact[]> {
    const { rows } = await this.pool.query<Omit<Contact, "state" | "busy">>(
      `SELECT id, tenant_id AS tenant, account_id AS account, owner_id AS owner, region, lead_source AS source
       FROM crm.contacts TABLESAMPLE BERNOULLI (${String(100 * share)}) REPEATABLE (1)`,
    );
    return rows.map((row) => ({ ...row, state: "untouched", busy: false }));
  }
}
