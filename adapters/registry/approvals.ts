import { NotFound } from "../../core/errors.ts";
import { GATES, type GateName } from "../../core/gates/gate-names.ts";
import type { Approval, Approvals, Decision } from "../../core/ports.ts";
import { RegistryTable, type RegistryTableProps, type Item } from "./registry-table.ts";
import { flag, oneOf, optional, text, texts, unreadable } from "./item.ts";

/** A request and its decision are kept this long past the deadline, for operators to read. */
const KEPT_SECONDS = 90 * 86_400;

const ANSWERS = ["approved", "rejected"] as const;

/** Partition key of the approval of a gate of a run. */
const approvalKey = (runId: string, gate: GateName): string => `approval#${runId}#${gate}`;

/**
 * Approvals in the run registry: `approval#<runId>#<gate>`, one a gate of a run. A decision is written into the item
 * by compare-and-set, so the first one stands.
 */
export class DynamoApprovals implements Approvals {
  readonly #table: RegistryTable;

  constructor(props: RegistryTableProps) {
    this.#table = new RegistryTable(props);
  }

  async request(approval: Approval): Promise<Approval> {
    const outcome = await this.#table.put(approvalItem(approval), {
      text: "attribute_not_exists(id) OR (attribute_not_exists(decision) AND deadline < :requestedAt)",
      values: { ":requestedAt": approval.requestedAt },
    });
    return outcome === "done" ? approval : this.#known(approval.runId, approval.gate);
  }

  async find(runId: string, gate: GateName): Promise<Approval | undefined> {
    const item = await this.#table.get(approvalKey(runId, gate));
    return item === undefined ? undefined : approvalOf(item);
  }

  /** The keys of all gates are known, so neither a Scan nor an index is needed. */
  async ofRun(runId: string): Promise<readonly Approval[]> {
    const approvals = await Promise.all(GATES.map((gate) => this.find(runId, gate)));
    return approvals
      .filter((approval) => approval !== undefined)
      .sort(
        (a, b) =>
          Date.parse(a.requestedAt) - Date.parse(b.requestedAt) || GATES.indexOf(a.gate) - GATES.indexOf(b.gate),
      );
  }

  /** Times are ISO 8601 in UTC with milliseconds, so that their order is that of their texts. */
  async decide(runId: string, gate: GateName, decision: Decision): Promise<Approval> {
    const item = await this.#table.update({
      id: approvalKey(runId, gate),
      update: "SET decision = :decision",
      condition: "attribute_not_exists(decision) AND deadline >= :at",
      values: { ":decision": { ...decision }, ":at": decision.at },
    });
    return item === undefined ? this.#known(runId, gate) : approvalOf(item);
  }

  async #known(runId: string, gate: GateName): Promise<Approval> {
    const approval = await this.find(runId, gate);
    if (approval !== undefined) return approval;
    throw new NotFound({
      object: `gate ${gate} of run "${runId}"`,
      problem: "has asked nothing",
      remedy: `Look at what it waits for: sluice status ${runId}`,
    });
  }
}

function approvalItem(approval: Approval): Item & { readonly id: string } {
  const { runId, gate, deadline } = approval;
  const expiresAt = Math.ceil(Date.parse(deadline) / 1_000) + KEPT_SECONDS;
  return { ...approval, id: approvalKey(runId, gate), expiresAt };
}

function approvalOf(item: Item): Approval {
  const decision = optional(item, "decision", decisionOf);
  return {
    runId: text(item, "runId"),
    gate: oneOf(item, "gate", GATES),
    planHash: text(item, "planHash"),
    requestedAt: text(item, "requestedAt"),
    deadline: text(item, "deadline"),
    selfApproval: flag(item, "selfApproval"),
    ...(decision && { decision }),
  };
}

function decisionOf(item: Item, attribute: string): Decision {
  const { answer, ...rest } = texts(item, attribute, ["answer", "by", "at", "reason"]);
  const known = ANSWERS.find((candidate) => candidate === answer);
  if (known === undefined) throw unreadable(item, attribute);
  return { answer: known, ...rest };
}
