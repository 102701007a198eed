/** When the room for recordings is running out; pure. */
import type { Storage } from "../protocol.gen";

const FEW_HOURS = 10;
const LITTLE_BYTES = 5e9;

export function runsOut({ hoursLeft, freeBytes }: Storage): boolean {
  return (hoursLeft !== null && hoursLeft < FEW_HOURS) || (freeBytes !== null && freeBytes < LITTLE_BYTES);
}

/** Further ahead the last day says nothing. */
const FORESEEN_DAYS = 366;

/** Days until there is no room, if each goes on as the last one did; null where that cannot be told. */
export function daysLeft({ freeBytes, lastDayBytes }: Storage): number | null {
  if (freeBytes === null || lastDayBytes === 0) return null;
  const days = Math.floor(freeBytes / lastDayBytes);
  return days > FORESEEN_DAYS ? null : days;
}
