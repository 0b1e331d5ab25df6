import { CallerUnknown } from "../../../core/errors.ts";
import type { CallerProof, Callers } from "../../../core/ports.ts";

export class FakeCallers implements Callers {
  /** What somebody of this ARN makes for a purpose. */
  static proof(arn: string, purpose: string): CallerProof {
    return { query: JSON.stringify({ arn, purpose }) };
  }

  identify({ query }: CallerProof, purpose: string): Promise<string> {
    return Promise.resolve().then(() => {
      const proof = JSON.parse(query) as { readonly arn: string; readonly purpose: string };
      if (proof.purpose === purpose) return proof.arn;
      throw new CallerUnknown({
        object: "the caller",
        problem: "gave a proof for another purpose",
        remedy: "Call again",
      });
    });
  }
}
