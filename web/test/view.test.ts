import { describe, expect, it } from "vitest";
import { applyChange, inOrder, raisedHands, receive } from "../src/lesson/view";
import type { LessonView, Person, ViewChange } from "../src/protocol.gen";

const person = (id: string, more: Partial<Person> = {}): Person => ({
  id,
  name: id,
  role: "student",
  classLabel: "10A1",
  hosts: false,
  online: true,
  mayShare: false,
  hand: null,
  username: "",
  informedOf: null,
  ...more,
});

const view = (more: Partial<LessonView> = {}): LessonView => ({
  you: { id: "me", name: "Me", role: "student", admission: "admitted", place: null, hosts: false, grants: [], present: true, mustAcknowledge: false },
  lesson: {
    id: "l",
    title: "Toán",
    className: "10A1",
    phase: "live",
    startsAt: 0,
    startedAt: null,
    safeMode: false,
    recording: null,
    recordingSince: null,
    recordingPaused: false,
    recordingPausedAt: null,
    recordingHeldMs: 0,
    replayAllowed: false,
  },
  people: [],
  waiting: [],
  shares: [],
  messages: [],
  ...more,
});

const change = (parts: ViewChange): ViewChange => parts;

describe("applyChange", () => {
  it("replaces by id in place, appends what is new, removes what is gone", () => {
    const before = view({ people: [person("a"), person("b"), person("c")] });
    const after = applyChange(before, change({ people: [person("b", { online: false }), person("d")], peopleGone: ["a"] }));
    expect(after.people.map((p) => [p.id, p.online])).toEqual([
      ["b", false],
      ["c", true],
      ["d", true],
    ]);
  });

  it("keeps the identity of lists that did not change, so that they are not drawn again", () => {
    const before = view({ people: [person("a")] });
    const after = applyChange(before, change({ you: { ...before.you, place: 2 } }));
    expect(after.people).toBe(before.people);
    expect(after.shares).toBe(before.shares);
    expect(after.you.place).toBe(2);
  });

  it("keeps as many of the newest messages as the server does", () => {
    const messages = Array.from({ length: 510 }, (_, i) => ({ id: `${i}`, participant: "a", name: "A", text: "t", at: i }));
    expect(applyChange(view(), change({ messages })).messages).toHaveLength(200);
    expect(applyChange(view(), change({ messages })).messages.at(-1)?.id).toBe("509");
  });

  it("lets somebody come back under the same id within one change", () => {
    const before = view({ people: [person("a")] });
    const after = applyChange(before, change({ peopleGone: ["a"] }));
    expect(applyChange(after, change({ people: [person("a")] })).people).toHaveLength(1);
  });
});

describe("receive", () => {
  const state = (seq: number) => ({ type: "state" as const, seq, serverTime: 0, view: view(), media: null, stills: [], signals: [], ownLink: null, held: [], voiceOnly: false });

  it("ignores changes before the first state and old changes", () => {
    const late = { type: "change" as const, seq: 3, change: change({ people: [person("x")] }) };
    expect(receive(null, late)).toBeNull();
    const seen = receive(null, state(5));
    expect(receive(seen, late)).toBe(seen);
  });

  it("applies newer changes and is replaced by a state, even an older one after a restart", () => {
    const seen = receive(null, state(5));
    const next = receive(seen, { type: "change", seq: 9, change: change({ people: [person("x")] }) });
    expect(next?.seq).toBe(9);
    expect(next?.view.people).toHaveLength(1);
    expect(receive(next, state(7))?.view.people).toHaveLength(0);
  });
});

describe("orders", () => {
  it("puts hosts first, then sorts by given name as a class register does", () => {
    const people = [person("1", { name: "Trần Văn Bình" }), person("2", { name: "Lê Thị An" }), person("3", { name: "Cô Yến", hosts: true })];
    expect(inOrder(view({ people }), "vi").map((p) => p.id)).toEqual(["3", "2", "1"]);
  });

  it("lists raised hands in the order they were raised", () => {
    const people = [person("1", { hand: 2 }), person("2"), person("3", { hand: 1 })];
    expect(raisedHands(view({ people })).map((p) => p.id)).toEqual(["3", "1"]);
  });
});
