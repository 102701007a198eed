import { describe, expect, it } from "vitest";
import type { RecordingRow } from "../src/protocol.gen";
import { byDay, classesOf, found, newest } from "../src/recordings/list";

const row = (id: string, title: string, className: string, startedAt = 0) => ({ id, title, className, startedAt }) as RecordingRow;
const rows = [row("1", "Toán: Đạo hàm", "10A1"), row("2", "Văn: Truyện Kiều", "10A2"), row("3", "Toán: Parabol", "10A10")];
const ids = (list: RecordingRow[]) => list.map((one) => one.id);

describe("the list of recordings", () => {
  it("is searched without accents or capitals, in titles and classes", () => {
    expect(ids(found(rows, "dao ham", ""))).toEqual(["1"]);
    expect(ids(found(rows, "TOAN 10a10", ""))).toEqual(["3"]);
    expect(ids(found(rows, "Truyện", ""))).toEqual(["2"]);
    expect(ids(found(rows, "  ", ""))).toEqual(["1", "2", "3"]);
    expect(ids(found(rows, "toán", "10A1"))).toEqual(["1"]);
    expect(found(rows, "hoá", "")).toEqual([]);
  });

  it("knows its classes in their order", () => {
    expect(classesOf(rows)).toEqual(["10A1", "10A2", "10A10"]);
  });

  it("is by day, newest first", () => {
    const at = (day: number, hour: number) => new Date(2026, 4, day, hour).getTime();
    const list = [row("a", "", "", at(1, 8)), row("b", "", "", at(2, 0)), row("c", "", "", at(1, 23))];
    expect(byDay(newest(list, 3)).map(({ rows }) => ids(rows))).toEqual([["b"], ["c", "a"]]);
    expect(byDay(newest(list, 2)).map(({ rows }) => ids(rows))).toEqual([["b"], ["c"]]);
  });
});
