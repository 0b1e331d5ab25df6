import { describe, expect, it } from "vitest";
import { maybeSamePerson } from "../../../core/run/same-person.ts";

const ALICE = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice@crm.example";

describe("maybeSamePerson", () => {
  it.each([
    ["the same session of the same role", ALICE],
    ["the same name in another role", ALICE.replace("Admin", "Developer")],
    ["the same name in another account", ALICE.replace("123456789012", "999999999999")],
    ["the same name in another case", ALICE.replace("alice", "Alice")],
    ["a federated user of the name", "arn:aws:sts::123456789012:federated-user/alice@crm.example"],
    ["an IAM user of the name in a path", "arn:aws:iam::123456789012:user/sales/alice@crm.example"],
  ])("takes %s for one person", (_, other) => {
    expect(maybeSamePerson(ALICE, other)).toBe(true);
    expect(maybeSamePerson(other, ALICE)).toBe(true);
  });

  it.each([
    ["another session of the same role", ALICE.replace("alice", "bob")],
    ["a name that ends alike", ALICE.replace("alice", "malice")],
    ["the account itself", "arn:aws:iam::123456789012:root"],
  ])("takes %s for somebody else", (_, other) => {
    expect(maybeSamePerson(ALICE, other)).toBe(false);
    expect(maybeSamePerson(other, ALICE)).toBe(false);
  });

  it("knows the account itself", () => {
    expect(maybeSamePerson("arn:aws:iam::1:root", "arn:aws:iam::1:root")).toBe(true);
  });
});
