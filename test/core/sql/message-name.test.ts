import { describe, expect, it } from "vitest";
import { messageName, messageNameOfSql, qualifiedName } from "../../../core/sql/message-name.ts";

describe("a name in a message", () => {
  it.each([
    [["crm", "contacts"], '"crm.contacts"'],
    [["crm", "Contacts"], '"crm.Contacts"'],
    [["crm", "order", "lead source"], '"crm.order.lead source"'],
    [["crm", "contacts.old"], 'crm."contacts.old"'],
    [["Crm", 'the "old" ones'], 'Crm."the ""old"" ones"'],
    [["touch"], '"touch"'],
    [["touch.it"], '"touch.it"'],
  ])("is quoted once: %j", (parts, expected) => {
    expect(messageName(...parts)).toBe(expected);
  });

  it("has no quotes around it where its place marks it off", () => {
    expect(qualifiedName("crm", "Contacts")).toBe("crm.Contacts");
    expect(qualifiedName("crm", "contacts.old")).toBe('crm."contacts.old"');
  });

  it.each([
    ["crm.contacts", '"crm.contacts"'],
    ['crm."Contacts"', '"crm.Contacts"'],
    ['"Crm"."Contacts"."Lead Source"', '"Crm.Contacts.Lead Source"'],
    ['crm."contacts.old"', 'crm."contacts.old"'],
    ['"we""ird"', '"we""ird"'],
    ["keep on crm.contacts", '"keep on crm.contacts"'],
    ['"Keep" on crm."Contacts"', '"Keep" on crm."Contacts"'],
    ["crm.f(integer)", '"crm.f(integer)"'],
    ['crm."F"(crm."Contacts")', 'crm."F"(crm."Contacts")'],
  ])("is quoted once where PostgreSQL quoted it: %s", (text, expected) => {
    expect(messageNameOfSql(text)).toBe(expected);
  });
});
