import { paths } from "../api/http";
import type { Part } from "./parts";

/** The first part is the one that links and players of other makers know. */
export function pathOf(recording: string, parts: readonly Part[], name: string): string {
  return name === parts[0]?.name ? paths.programme(recording) : paths.file(recording, name);
}
