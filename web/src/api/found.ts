/** What came of a request, for those that go on asking: never a rejection. */
import { ApiError } from "./http";

export type Found<T> = { data: T } | Missed;

/** `status`: of HTTP, 0 without any. `unanswered`: nobody was there, so that it is worth asking again. */
export interface Missed {
  error: string;
  status: number;
  unanswered: boolean;
}

const NOBODY: Missed = { error: "unreachable", status: 0, unanswered: true };

export function isAnswer(came: Found<unknown>): boolean {
  return "data" in came || !came.unanswered;
}

export async function found<T>(request: Promise<T>): Promise<Found<T>> {
  try {
    const data = await request;
    // Half an answer, or the page of a network that wants a sign-in of its own first.
    return data === undefined ? NOBODY : { data };
  } catch (failure) {
    // What was cut off on its way is no ApiError.
    if (!(failure instanceof ApiError)) return NOBODY;
    return { error: failure.code, status: failure.status, unanswered: failure.unanswered };
  }
}
