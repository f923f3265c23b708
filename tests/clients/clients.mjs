// Real clients ask and subscribe: node clients.mjs ADDRESS TOKEN QUERY SUBSCRIPTION MUTATION
// Each subscribes, has the mutation cause an event, and must be told of it.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client/core";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client as UrqlClient, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createWsClient } from "graphql-ws";
import { WebSocket } from "ws";

const [address, token, query, subscription, mutation] = process.argv.slice(2);
const url = `${address}/graphql`;
const headers = { authorization: `Bearer ${token}` };
const socket = () =>
  createWsClient({
    url: url.replace("http", "ws"),
    webSocketImpl: WebSocket,
    connectionParams: { Authorization: `Bearer ${token}` },
  });

let turn = 0;
async function cause() {
  const body = JSON.stringify({ query: mutation, variables: { key: `client-${turn++}` } });
  const options = { method: "POST", headers: { ...headers, "content-type": "application/json" }, body };
  const answer = await (await fetch(url, options)).json();
  if (answer.errors) throw new Error(JSON.stringify(answer.errors));
}

// The first event that `listen` hands over, while events are caused.
function told(name, listen) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${name} was told nothing`)), 15_000);
    const causing = setInterval(() => cause().catch(reject), 500);
    const stop = listen(
      (result) => {
        clearTimeout(late);
        clearInterval(causing);
        stop?.();
        if (result.errors?.length || result.error) reject(new Error(JSON.stringify(result)));
        else resolve();
      },
      (error) => reject(error instanceof Error ? error : new Error(JSON.stringify(error))),
    );
  });
}

async function withGraphqlWs() {
  const client = socket();
  await told("graphql-ws", (next, error) =>
    client.subscribe({ query: subscription }, { next, error, complete() {} }));
  await client.dispose();
}

async function withGraphqlSse() {
  const client = createSseClient({ url, headers });
  await told("graphql-sse", (next, error) =>
    client.subscribe({ query: subscription }, { next, error, complete() {} }));
  client.dispose();
}

async function withApollo() {
  const ws = socket();
  const link = ApolloLink.split(
    ({ query }) => query.definitions.some(({ operation }) => operation === "subscription"),
    new GraphQLWsLink(ws),
    new HttpLink({ uri: url, headers }),
  );
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  const { error } = await client.query({ query: gql(query) });
  if (error) throw error;
  await told("Apollo", (next, failed) => {
    const running = client.subscribe({ query: gql(subscription) }).subscribe({ next, error: failed });
    return () => running.unsubscribe();
  });
  client.stop();
  await ws.dispose();
}

async function withUrql() {
  const ws = socket();
  const forwardSubscription = (request) => ({
    subscribe: (sink) => ({ unsubscribe: ws.subscribe(request, sink) }),
  });
  const client = new UrqlClient({
    url,
    preferGetMethod: false,
    fetchOptions: { headers },
    exchanges: [fetchExchange, subscriptionExchange({ forwardSubscription })],
  });
  const { error } = await client.query(query, {}).toPromise();
  if (error) throw error;
  await told("urql", (next) => {
    const { unsubscribe } = client.subscription(subscription, {}).subscribe(next);
    return unsubscribe;
  });
  await ws.dispose();
}

for (const [name, run] of Object.entries({ withGraphqlWs, withGraphqlSse, withApollo, withUrql })) {
  await run();
  console.log(`${name}: ok`);
}
process.exit(0);
