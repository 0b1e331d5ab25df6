import type { GateName } from "../../../core/gates/gate-names.ts";
import type { Approval, Approvals, Decision } from "../../../core/ports.ts";
import { missing } from "./missing.ts";

export class FakeApprovals implements Approvals {
  /** In the order in which they were asked. */
  readonly #asked: Approval[] = [];

  request(approval: Approval): Promise<Approval> {
    const known = this.#find(approval.runId, approval.gate);
    const stands = known && (known.decision !== undefined || known.deadline >= approval.requestedAt);
    if (stands) return Promise.resolve(known);
    if (known) this.#asked.splice(this.#asked.indexOf(known), 1);
    this.#asked.push(approval);
    return Promise.resolve(approval);
  }

  find(runId: string, gate: GateName): Promise<Approval | undefined> {
    return Promise.resolve(this.#find(runId, gate));
  }

  ofRun(runId: string): Promise<readonly Approval[]> {
    const ofRun = this.#asked.filter((approval) => approval.runId === runId);
    return Promise.resolve(ofRun.sort((a, b) => Date.parse(a.requestedAt) - Date.parse(b.requestedAt)));
  }

  async decide(runId: string, gate: GateName, decision: Decision): Promise<Approval> {
    await Promise.resolve();
    const known = this.#find(runId, gate);
    if (known === undefined) throw missing(`gate ${gate} of run "${runId}"`);
    if (known.decision !== undefined || known.deadline < decision.at) return known;
    const decided = { ...known, decision };
    this.#asked[this.#asked.indexOf(known)] = decided;
    return decided;
  }

  #find(runId: string, gate: GateName): Approval | undefined {
    return this.#asked.find((approval) => approval.runId === runId && approval.gate === gate);
  }
}
