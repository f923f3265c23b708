// Runs every audit of the GraphQL over HTTP suite against a server: node audit.mjs ADDRESS TOKEN
import { auditServer } from "graphql-http";

const [address, token] = process.argv.slice(2);
const results = await auditServer({
  url: `${address}/graphql`,
  fetchFn: (url, options = {}) =>
    fetch(url, { ...options, headers: { ...options.headers, authorization: `Bearer ${token}` } }),
});
const others = results.filter((result) => result.status !== "ok");
for (const { id, name, status, reason } of others) {
  console.error(`${id} ${status}: ${name}: ${reason}`);
}
console.log(JSON.stringify({ audits: results.length, ok: results.length - others.length }));
process.exit(others.length === 0 ? 0 : 1);
