/** When the room for recordings is running out; pure. */
import type { Storage } from "../protocol.gen";

const FEW_HOURS = 10;
const LITTLE_BYTES = 5e9;

export function runsOut({ hoursLeft, freeBytes }: Storage): boolean {
  return (hoursLeft !== null && hoursLeft < FEW_HOURS) || (freeBytes !== null && freeBytes < LITTLE_BYTES);
}

/** Days until there is no room, if each goes on as the last one did; null where nothing says so. */
export function daysLeft({ freeBytes, lastDayBytes }: Storage): number | null {
  return freeBytes === null || lastDayBytes === 0 ? null : Math.floor(freeBytes / lastDayBytes);
}
