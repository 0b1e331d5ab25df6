import { describe, expect, it } from "vitest";
import { mayBeSamePrincipal, isAnonymousSession } from "../../core/same-principal.ts";

const ALICE = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice@crm.example";

describe("mayBeSamePrincipal", () => {
  it.each([
    ["the same session of the same role", ALICE],
    ["the same name in another role", ALICE.replace("Admin", "Developer")],
    ["the same name in another account", ALICE.replace("123456789012", "999999999999")],
    ["the same name in another case", ALICE.replace("alice", "Alice")],
    ["a federated user of the name", "arn:aws:sts::123456789012:federated-user/alice@crm.example"],
    ["an IAM user of the name in a path", "arn:aws:iam::123456789012:user/sales/alice@crm.example"],
  ])("takes %s for one person", (_, other) => {
    expect(mayBeSamePrincipal(ALICE, other)).toBe(true);
    expect(mayBeSamePrincipal(other, ALICE)).toBe(true);
  });

  it.each([
    ["another session of the same role", ALICE.replace("alice", "bob")],
    ["a name that ends alike", ALICE.replace("alice", "malice")],
    ["the account itself", "arn:aws:iam::123456789012:root"],
  ])("takes %s for somebody else", (_, other) => {
    expect(mayBeSamePrincipal(ALICE, other)).toBe(false);
    expect(mayBeSamePrincipal(other, ALICE)).toBe(false);
  });

  it.each([
    [
      "a session that the SDK for JavaScript named",
      "arn:aws:sts::123456789012:assumed-role/Ops/aws-sdk-js-1767225600000",
    ],
    [
      "a session that a web identity has by default",
      "arn:aws:sts::1:assumed-role/Ops/aws-sdk-js-session-1767225600000",
    ],
    [
      "a session that AWS's command line named",
      "arn:aws:sts::123456789012:assumed-role/Ops/botocore-session-1767225600",
    ],
    [
      "a session that the SDK for Go named",
      "arn:aws:sts::123456789012:assumed-role/Ops/aws-go-sdk-1767225600000000000",
    ],
  ])("knows nobody by %s, so it may be anyone", (_, arn) => {
    expect(isAnonymousSession(arn)).toBe(true);
    expect(mayBeSamePrincipal(ALICE, arn)).toBe(true);
    expect(mayBeSamePrincipal(arn, ALICE)).toBe(true);
    expect(mayBeSamePrincipal(arn, arn)).toBe(true);
  });

  it.each([ALICE, "arn:aws:iam::123456789012:user/aws-sdk-js-maintainer", "arn:aws:sts::1:assumed-role/Ops/root"])(
    "knows somebody by %s",
    (arn) => {
      expect(isAnonymousSession(arn)).toBe(false);
    },
  );
});
