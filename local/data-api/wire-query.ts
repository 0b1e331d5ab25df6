import type { Connection, FieldDef, Submittable } from "pg";
import type { BoundParameter } from "./parameter-values.ts";

/** The messages of PostgreSQL's extended protocol as `pg` sends them; its published types are older than its code. */
interface Wire {
  parse(message: { readonly text: string; readonly types: readonly number[] }): void;
  bind(message: { readonly values: readonly (string | null)[] }): void;
  describe(message: { readonly type: "P"; readonly name: string }): void;
  execute(message: { readonly portal: string; readonly rows: number }): void;
  sync(): void;
  sendCopyFail(message: string): void;
}

/** A result whose values are PostgreSQL's text, so that nothing is lost before it is encoded. */
export interface WireResult {
  /** Undefined where the statement returns no rows, as DDL. */
  readonly fields: readonly FieldDef[] | undefined;
  readonly rows: readonly (readonly (string | null)[])[];
  /** The command tag: `UPDATE 3`. */
  readonly command: string;
  /** More than `maxBytes` came; `rows` is cut there. */
  readonly overflow: boolean;
}

/**
 * One statement over the extended protocol, with the parameters' types declared: `pg`'s own query leaves the server to
 * infer them, whereas the Data API sends a string as `text`.
 */
export class WireQuery implements Submittable {
  readonly result: Promise<WireResult>;
  readonly #text: string;
  readonly #parameters: readonly BoundParameter[];
  readonly #maxBytes: number;
  readonly #rows: (readonly (string | null)[])[] = [];
  #fields: readonly FieldDef[] | undefined;
  #bytes = 0;
  #command = "";
  #resolve: (result: WireResult) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(props: {
    readonly text: string;
    readonly parameters?: readonly BoundParameter[];
    readonly maxBytes?: number;
  }) {
    this.#text = props.text;
    this.#parameters = props.parameters ?? [];
    this.#maxBytes = props.maxBytes ?? Number.POSITIVE_INFINITY;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: Connection): void {
    const wire = connection as unknown as Wire;
    connection.stream.cork();
    wire.parse({ text: this.#text, types: this.#parameters.map((parameter) => parameter.type) });
    wire.bind({ values: this.#parameters.map((parameter) => parameter.value) });
    wire.describe({ type: "P", name: "" });
    wire.execute({ portal: "", rows: 0 });
    wire.sync();
    connection.stream.uncork();
  }

  handleRowDescription(message: { readonly fields: readonly FieldDef[] }): void {
    this.#fields = message.fields;
  }

  handleDataRow(message: { readonly fields: readonly (string | null)[] }): void {
    for (const value of message.fields) this.#bytes += value?.length ?? 0;
    if (this.#bytes <= this.#maxBytes) this.#rows.push(message.fields);
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.#command = message.text;
  }

  handleEmptyQuery(): void {
    this.#command = "";
  }

  handleCopyInResponse(connection: Connection): void {
    (connection as unknown as Wire).sendCopyFail("COPY is not supported");
  }

  handleCopyData(): void {
    // COPY ... TO STDOUT has nowhere to go over the Data API.
  }

  handlePortalSuspended(): void {
    // Never: the portal is executed without a row limit.
  }

  handleError(error: unknown): void {
    this.#reject(error);
  }

  handleReadyForQuery(): void {
    const overflow = this.#bytes > this.#maxBytes;
    this.#resolve({ fields: this.#fields, rows: this.#rows, command: this.#command, overflow });
  }
}
