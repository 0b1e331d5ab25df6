import { PlanUnreadable } from "../../../core/errors.ts";
import { canonicalHash, canonicalJson } from "../../../core/plan/canonical.ts";
import { type Plan, PLAN_FORMAT } from "../../../core/plan/plan.ts";
import type { PlanStore } from "../../../core/ports.ts";

export class FakePlanStore implements PlanStore {
  /** The stored texts by hash; a test may damage one. */
  readonly texts = new Map<string, string>();

  put(plan: Plan): Promise<void> {
    return Promise.resolve().then(() => {
      this.#verify(plan.hash, plan);
      if (!this.texts.has(plan.hash)) this.texts.set(plan.hash, canonicalJson(plan));
    });
  }

  async get(hash: string): Promise<Plan> {
    const text = await Promise.resolve(this.texts.get(hash));
    if (text === undefined) throw unreadable(hash, "is not stored");
    let plan: Plan;
    try {
      plan = JSON.parse(text) as Plan;
    } catch {
      throw unreadable(hash, "is not JSON");
    }
    this.#verify(hash, plan);
    return plan;
  }

  #verify(hash: string, { hash: carried, ...body }: Plan): void {
    if (carried !== hash || canonicalHash(body) !== hash) throw unreadable(hash, "has another hash");
    if ((body.format as number) !== PLAN_FORMAT) throw unreadable(hash, "is of another format");
  }
}

function unreadable(hash: string, problem: string): PlanUnreadable {
  return new PlanUnreadable({ object: `plan "${hash}"`, problem, remedy: "Plan again" });
}
