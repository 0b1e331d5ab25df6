import { Pool } from "pg";
import { ContactBook, type Contact } from "./contact-book.ts";
import { ContactQueries, type Path } from "./contact-queries.ts";
import { LatencyLog } from "./latency-log.ts";
import { CHANNELS } from "./lead-source.ts";
import { Pacer } from "./pacer.ts";
import { random } from "./random.ts";
import { TENANTS } from "./tenants.ts";

/** Which shape a request uses; `FlagClient` of `client/` is one. */
export interface Router {
  route(request: {
    readonly path: "read" | "write";
    readonly subject: string;
    readonly tenant: string;
    readonly region: string;
  }): Path;
}

export interface CrmAppProps {
  readonly connectionString: string;
  readonly router: Router;
  /** Requests a second. */
  readonly rate: number;
  /** @default 6 */
  readonly connections?: number;
  /** Share of all contacts that the application works on and remembers. @default 0.1 */
  readonly share?: number;
  /** Of the order of requests. @default 1 */
  readonly seed?: number;
}

type RequestKind = "read" | "list" | "report" | "create" | "set" | "clear" | "edit" | "remove";

/** Of a hundred requests. */
const MIX: readonly (readonly [RequestKind, number])[] = [
  ["read", 50],
  ["list", 15],
  ["report", 1],
  ["create", 6],
  ["set", 12],
  ["clear", 4],
  ["edit", 9],
  ["remove", 3],
];

const STATUSES = ["working", "qualified", "customer", "lost"];
const MESSAGES_KEPT = 20;
/** What users wait before they call support; also keeps a stuck statement from hiding behind a silent queue. */
const REQUEST_TIMEOUT_MS = 5_000;
export const APPLICATION_NAME = "crm-app";

/**
 * A small CRM that serves reads and writes at a steady rate over its own connections, each request in the shape that
 * the flag says. It remembers every acknowledged value, checks each read against it, and measures itself.
 */
export class CrmApp {
  readonly latency = new LatencyLog("warm-up");
  /** The first distinct error messages. */
  readonly messages = new Set<string>();
  readonly #pool: Pool;
  readonly #queries: ContactQueries;
  readonly #random: () => number;
  readonly #pacer: Pacer;
  readonly #running = new Set<Promise<void>>();
  #book = new ContactBook([], Math.random);
  #second: NodeJS.Timeout | undefined;
  #contradictions = 0;
  #routed: Record<Path, number> = { old: 0, new: 0 };

  constructor(private readonly props: CrmAppProps) {
    this.#pool = new Pool({
      connectionString: props.connectionString,
      application_name: APPLICATION_NAME,
      max: props.connections ?? 6,
      connectionTimeoutMillis: REQUEST_TIMEOUT_MS,
      statement_timeout: REQUEST_TIMEOUT_MS,
    });
    // An idle connection that breaks is replaced at the next request, which reports what matters.
    this.#pool.on("error", (error) => this.#note(error));
    this.#queries = new ContactQueries(this.#pool);
    this.#random = random(props.seed ?? 1);
    this.#pacer = new Pacer(props.rate, (due) => this.#begin(due));
  }

  get book(): ContactBook {
    return this.#book;
  }

  /** Reads and writes that found something else than what had been acknowledged. Must be 0. */
  get contradictions(): number {
    return this.#contradictions;
  }

  /** Requests by the shape that they used, since the last call. */
  takeRouted(): Readonly<Record<Path, number>> {
    const routed = this.#routed;
    this.#routed = { old: 0, new: 0 };
    return routed;
  }

  async start(): Promise<void> {
    this.#book = new ContactBook(await this.#queries.sample(this.props.share ?? 0.1), this.#random);
    this.resume();
  }

  /** Takes requests again after {@link pause}. */
  resume(): void {
    this.#pacer.run();
    this.#second = setInterval(() => this.latency.tick(), 1_000);
  }

  /** Takes no more requests, and waits for those under way. */
  async pause(): Promise<void> {
    this.#pacer.stop();
    clearInterval(this.#second);
    await Promise.all(this.#running);
  }

  /** Pauses and closes the connections. */
  async stop(): Promise<void> {
    await this.pause();
    if (!this.#pool.ended) await this.#pool.end();
  }

  #begin(due: number): void {
    const request = this.#serve(due).finally(() => this.#running.delete(request));
    this.#running.add(request);
  }

  async #serve(due: number): Promise<void> {
    let ok = true;
    try {
      await this.#handle(this.#draw());
    } catch (error) {
      ok = false;
      this.#note(error);
    }
    this.latency.record((performance.now() - due) * 1_000, ok);
  }

  #note(error: unknown): void {
    if (this.messages.size < MESSAGES_KEPT) this.messages.add(error instanceof Error ? error.message : String(error));
  }

  #draw(): RequestKind {
    let left = this.#random() * 100;
    for (const [kind, weight] of MIX) {
      if (left < weight) return kind;
      left -= weight;
    }
    return "read";
  }

  async #handle(kind: RequestKind): Promise<void> {
    switch (kind) {
      case "list": {
        const like = this.#book.any();
        return this.#queries.list(this.#route("read", like), like);
      }
      case "report":
        return this.#report();
      case "create":
        return this.#create();
      case "read":
      case "set":
      case "clear":
      case "edit":
      case "remove":
        return this.#work(kind);
      default:
        kind satisfies never;
    }
  }

  /** Tenants run reports equally often, whatever their size. */
  async #report(): Promise<void> {
    const like = this.#book.any();
    const tenant = String(1 + Math.floor(this.#random() * TENANTS));
    await this.#queries.report(this.#route("read", { ...like, tenant }), tenant);
  }

  async #create(): Promise<void> {
    const like = this.#book.any();
    const source = this.#newSource();
    const id = await this.#queries.create(this.#route("write", like), { like, source });
    this.#book.add({ ...like, id, source, state: "written", busy: false });
  }

  async #work(kind: "read" | "set" | "clear" | "edit" | "remove"): Promise<void> {
    const contact = this.#book.borrow();
    if (contact === undefined) return;
    try {
      await (kind === "read" ? this.#read(contact) : this.#write(kind, contact));
    } finally {
      this.#book.give(contact);
    }
  }

  async #read(contact: Contact): Promise<void> {
    const found = await this.#queries.source(this.#route("read", contact), contact.id);
    if (found?.source !== contact.source) this.#contradict("read", contact);
  }

  async #write(kind: "set" | "clear" | "edit" | "remove", contact: Contact): Promise<void> {
    const source = kind === "set" ? this.#newSource() : kind === "clear" ? null : contact.source;
    let found: boolean;
    try {
      found = await this.#send(kind, contact, source);
    } catch (error) {
      contact.state = "unknown";
      throw error;
    }
    if (!found) this.#contradict(kind, contact);
    contact.source = source;
    contact.state = kind === "remove" ? "deleted" : "written";
  }

  #send(kind: "set" | "clear" | "edit" | "remove", contact: Contact, source: string | null): Promise<boolean> {
    if (kind === "remove") return this.#queries.remove(contact.id);
    if (kind === "edit") return this.#queries.setStatus(contact.id, this.#oneOf(STATUSES));
    return this.#queries.setSource(this.#route("write", contact), contact.id, source);
  }

  #route(path: "read" | "write", contact: Contact): Path {
    const { tenant, region, owner } = contact;
    const route = this.props.router.route({ path, subject: `user-${owner}`, tenant, region });
    this.#routed[route] += 1;
    return route;
  }

  #contradict(kind: RequestKind, contact: Contact): void {
    this.#contradictions += 1;
    this.#note(`${kind} of contact ${contact.id} did not find what had been acknowledged`);
  }

  /** A value that nobody wrote before, so that a lost write cannot hide behind an equal one. */
  #newSource(): string {
    return `${this.#oneOf(CHANNELS)} #${Math.floor(this.#random() * 1e9).toString(36)}`;
  }

  #oneOf(values: readonly string[]): string {
    return values[Math.floor(this.#random() * values.length)] ?? "";
  }
}
