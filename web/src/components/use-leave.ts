import { useCallback } from "react";
import type { LessonSession } from "../lesson/session";
import { navigate } from "../router";

const WAIT_MS = 800;

/** Leave the lesson and the page; a server that does not answer does not hold anybody. */
export function useLeave(session: LessonSession): () => void {
  return useCallback(() => {
    void Promise.race([session.leave(), new Promise((done) => setTimeout(done, WAIT_MS))]).then(() => navigate("/"));
  }, [session]);
}
