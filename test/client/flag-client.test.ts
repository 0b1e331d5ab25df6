import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FlagClient, type FlagEvent, type FlagSource, FlagUnreadable, readFlag } from "../../client/index.ts";
import { flagDocument, type FlagState, NOBODY, OLD_PATH } from "../../core/flag.ts";

const ALL: FlagState = { read: { percent: 100, tenants: [], regions: [] }, write: NOBODY };
const served = (state: FlagState) => JSON.stringify(flagDocument("m", state));

/** Answers in turn: a text, nothing new, or an error; nothing new for ever after the last. */
function scripted(...answers: readonly (string | undefined | Error)[]): FlagSource & { readonly asked: () => number } {
  const rest = [...answers];
  let asked = 0;
  const poll = () => {
    asked += 1;
    const answer = rest.shift();
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { poll, asked: () => asked };
}

function client(source: FlagSource): { readonly flag: FlagClient; readonly events: FlagEvent[] } {
  const flag = new FlagClient({ migration: "m", source });
  const events: FlagEvent[] = [];
  flag.subscribe((event) => events.push(event));
  return { flag, events };
}

describe("a flag client", () => {
  it("is on the old path while nothing is known", async () => {
    const { flag } = client(scripted(undefined, new Error("down")));
    expect(flag.route({ path: "read", subject: "1" })).toBe("old");
    await flag.poll();
    await flag.poll();
    expect(flag.known).toBe(false);
    expect(flag.state).toEqual(OLD_PATH);
    expect(flag.route({ path: "write", subject: "1" })).toBe("old");
  });

  it("follows what a poll brings", async () => {
    const { flag, events } = client(scripted(served(ALL), undefined, served(OLD_PATH)));
    await flag.poll();
    expect(flag.route({ path: "read", subject: "1" })).toBe("new");
    await flag.poll();
    expect(flag.route({ path: "read", subject: "1" })).toBe("new");
    await flag.poll();
    expect(flag.route({ path: "read", subject: "1" })).toBe("old");
    expect(events).toEqual([
      { type: "changed", state: ALL },
      { type: "changed", state: OLD_PATH },
    ]);
  });

  it("stays with the last known state through failures and rubbish, and says so", async () => {
    const down = new Error("down");
    const { flag, events } = client(scripted(served(ALL), down, "{}", "not JSON"));
    for (let poll = 0; poll < 4; poll++) await flag.poll();
    expect(flag.state).toEqual(ALL);
    expect(events.map(({ type }) => type)).toEqual(["changed", "failed", "failed", "failed"]);
    expect(events[1]).toEqual({ type: "failed", error: down });
    expect(flag.counts.polls).toEqual({ succeeded: 1, failed: 3 });
  });

  it("tells nobody of a state that is the same", async () => {
    const { flag, events } = client(scripted(served(ALL), served(ALL)));
    await flag.poll();
    await flag.poll();
    expect(events).toHaveLength(1);
  });

  it("counts which path each request took", async () => {
    const { flag } = client(scripted(served(ALL)));
    flag.route({ path: "read" });
    await flag.poll();
    flag.route({ path: "read" });
    flag.route({ path: "read" });
    flag.route({ path: "write" });
    expect(flag.counts).toMatchObject({ read: { old: 1, new: 2 }, write: { old: 1, new: 0 } });
  });

  it("goes on when a listener throws, and without one that has left", async () => {
    const { flag, events } = client(scripted(served(ALL), served(OLD_PATH)));
    const leave = flag.subscribe(() => {
      throw new Error("broken metric");
    });
    const heard: FlagEvent[] = [];
    flag.subscribe((event) => heard.push(event));
    await flag.poll();
    leave();
    await flag.poll();
    expect(heard).toEqual(events);
    expect(heard).toHaveLength(2);
  });

  it("asks once where several callers want a poll at the same time", async () => {
    const source = scripted(served(ALL));
    const { flag } = client(source);
    await Promise.all([flag.poll(), flag.poll(), flag.start()]);
    flag.stop();
    expect(source.asked()).toBe(1);
  });
});

describe("a started flag client", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("knows the state once it has started, and then polls at its interval", async () => {
    const source = scripted(served(ALL), new Error("down"), served(OLD_PATH));
    const flag = new FlagClient({ migration: "m", source, intervalMs: 1_000 });
    await flag.start();
    await flag.start();
    expect(flag.state).toEqual(ALL);
    expect(source.asked()).toBe(1);
    await vi.advanceTimersByTimeAsync(999);
    expect(source.asked()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(source.asked()).toBe(2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(flag.state).toEqual(OLD_PATH);
    flag.stop();
  });

  it("polls no more once it is stopped, and at one pace when it is started again", async () => {
    const source = scripted(served(ALL));
    const flag = new FlagClient({ migration: "m", source, intervalMs: 1_000 });
    const first = flag.start();
    flag.stop();
    await Promise.all([first, flag.start()]);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(source.asked()).toBe(4);
    flag.stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(source.asked()).toBe(4);
    expect(flag.state).toEqual(ALL);
  });
});

describe("reading a flag once", () => {
  it("gives the state, the old path before any deployment, and an error for anything else", async () => {
    expect(await readFlag("m", scripted(served(ALL)))).toEqual(ALL);
    expect(await readFlag("m", scripted(undefined))).toEqual(OLD_PATH);
    await expect(readFlag("m", scripted("{}"))).rejects.toThrow(FlagUnreadable);
    await expect(readFlag("m", scripted(new Error("down")))).rejects.toThrow("down");
  });
});
