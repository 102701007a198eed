/** The little of Node that tests use; pages have none of it, so its types stay out of the program. */
declare module "node:fs" {
  export function readFileSync(path: string, encoding: "utf-8"): string;
}
