import { describe, expect, it } from "vitest";
import { purpose } from "../../../../core/run/operator/purpose.ts";

describe("the purpose of a caller's proof", () => {
  it("is one text, in whatever order the request was written and whatever it leaves open", () => {
    const text = '{"command":"approve","plan":"abc","reason":"checked","run":"friday"}';
    expect(purpose("approve", { run: "friday", plan: "abc", reason: "checked" })).toBe(text);
    expect(purpose("approve", { reason: "checked", plan: "abc", run: "friday" })).toBe(text);
    expect(purpose("pause", { run: "friday", reason: undefined })).toBe(purpose("pause", { run: "friday" }));
  });

  it("differs by the command and by every part of the request", () => {
    const request = { run: "friday", plan: "abc", reason: "checked" };
    const texts = [
      purpose("approve", request),
      purpose("reject", request),
      purpose("approve", { ...request, run: "saturday" }),
      purpose("approve", { ...request, plan: "abd" }),
      purpose("approve", { ...request, reason: "" }),
      purpose("approve", { ...request, plan: undefined }),
    ];
    expect(new Set(texts).size).toBe(texts.length);
  });

  it("cannot be passed off as another command's by what the request holds", () => {
    expect(purpose("reject", { run: "friday", command: "approve" })).toBe(purpose("reject", { run: "friday" }));
    expect(purpose("approve", { run: 'friday","plan":"abc' })).not.toBe(
      purpose("approve", { run: "friday", plan: "abc" }),
    );
  });
});
