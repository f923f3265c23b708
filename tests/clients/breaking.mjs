// Says which changes from one schema to another break callers, by the rules of the reference
// implementation: node breaking.mjs RELEASED SERVED
import { readFileSync } from "node:fs";
import { buildSchema, findBreakingChanges } from "graphql";

const [released, served] = process.argv
  .slice(2)
  .map((path) => buildSchema(readFileSync(path, "utf8")));
for (const { type, description } of findBreakingChanges(released, served)) {
  console.log(`${type}: ${description}`);
}
