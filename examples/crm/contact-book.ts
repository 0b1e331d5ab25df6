/**
 * A contact as the application last knew it. Only one request at a time works on it (`busy`), so that the value that
 * was acknowledged last is certain. Ids are PostgreSQL bigints as text.
 */
export interface Contact {
  readonly id: string;
  readonly tenant: string;
  readonly account: string;
  readonly owner: string;
  readonly region: string;
  /** The last value of the attribution that was read at the start or acknowledged since. */
  source: string | null;
  /** `unknown`: a write failed and may or may not have taken effect. */
  state: "untouched" | "written" | "deleted" | "unknown";
  busy: boolean;
}

const DRAWS = 20;

/** The application's memory: the oracle against which every read, and the table at the end, is checked. */
export class ContactBook {
  readonly #contacts: Contact[];
  /** Indexes into #contacts are drawn from here; a deleted contact leaves by a swap with the last. */
  readonly #present: Contact[];

  /** @param random the next number in [0, 1) */
  constructor(
    contacts: readonly Contact[],
    private readonly random: () => number,
  ) {
    this.#contacts = [...contacts];
    this.#present = [...contacts];
  }

  /** Every contact ever known, deleted ones too. */
  get all(): readonly Contact[] {
    return this.#contacts;
  }

  /** Writes that the database acknowledged: contacts whose present state somebody was told. */
  get written(): readonly Contact[] {
    return this.#contacts.filter(({ state }) => state === "written" || state === "deleted");
  }

  /** Any contact, to take a tenant, a user or a value from. */
  any(): Contact {
    const contact = this.#present[Math.floor(this.random() * this.#present.length)];
    if (contact === undefined) throw new RangeError("the contact book is empty");
    return contact;
  }

  /** A contact that no other request works on, marked busy; undefined where none was found in a few draws. */
  borrow(): Contact | undefined {
    for (let draw = 0; draw < DRAWS; draw += 1) {
      const contact = this.any();
      if (contact.busy) continue;
      contact.busy = true;
      return contact;
    }
    return undefined;
  }

  give(contact: Contact): void {
    contact.busy = false;
    if (contact.state === "deleted" || contact.state === "unknown") this.#forget(contact);
  }

  add(contact: Contact): void {
    this.#contacts.push(contact);
    this.#present.push(contact);
  }

  #forget(contact: Contact): void {
    const last = this.#present.pop();
    if (last === undefined || last === contact) return;
    this.#present[this.#present.indexOf(contact)] = last;
  }
}
