// Starts the explorer with the bearer token that was typed in. The token is kept in this tab only.
"use strict";

const field = document.getElementById("token");
const root = window.ReactDOM && window.ReactDOM.createRoot(document.getElementById("explorer"));

function show(token) {
  const authorization = token ? { Authorization: `Bearer ${token}` } : {};
  const address = new URL("/graphql", window.location.href);
  const socket = new URL(address);
  socket.protocol = socket.protocol === "https:" ? "wss:" : "ws:";
  const fetcher = window.GraphiQL.createFetcher({
    url: address.href,
    subscriptionUrl: socket.href,
    headers: authorization,
    wsConnectionParams: authorization,
  });
  const query = "# Type a bearer token above, then ask.\n{\n  __typename\n}\n";
  root.render(window.React.createElement(window.GraphiQL, { key: token, fetcher, defaultQuery: query }));
}

document.getElementById("bearer").addEventListener("submit", (event) => {
  event.preventDefault();
  window.sessionStorage.setItem("token", field.value.trim());
  show(field.value.trim());
});

if (root && window.GraphiQL) {
  field.value = window.sessionStorage.getItem("token") || "";
  show(field.value);
} else {
  document.getElementById("missing").hidden = false;
}
